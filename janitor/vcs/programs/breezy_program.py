"""Breezy as a program of its own, asked by :mod:`.sealed_breezy` on standard input.

A question is a line of JSON: ``what`` (``diff`` or ``info``), ``repository`` (a path), ``old`` and
``new`` (revision ids, a character for each byte) and ``seconds`` of work, after which it is ended
wherever it is. An answer begins with a line of JSON: empty, or with ``absent`` or ``missing``. Any
other line is given back. It is run by its path and imports nothing of ours, so that it is small.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import breezy.bzr
from breezy.controldir import ControlDir
from breezy.diff import show_diff_trees
from breezy.errors import NoRepositoryPresent, NotBranchError

NULL_REVISION = b"null:"
LONGEST_LINE = 50  # revisions


class Answers:
    """Answers about Bazaar repositories; the last one stays open.

    Args:
        output: where they go.
    """

    def __init__(self, output: IO[bytes]) -> None:
        self._output = output
        self._open: tuple[object, Any] = (None, None)

    def give(self, asked: dict[str, Any]) -> None:
        """Answer one question."""
        old, new = (asked[name].encode("latin-1") for name in ("old", "new"))
        try:
            repository = self._repository(asked["repository"])
        except (FileNotFoundError, NotBranchError, NoRepositoryPresent):
            self._say(absent=True)
            return
        with repository.lock_read():
            known = repository.get_parent_map([old, new])
            missing = [each for each in (old, new) if each not in {NULL_REVISION, *known}]
            if missing:
                self._say(missing=[revision.decode("latin-1") for revision in missing])
                return
            self._say()
            if asked["what"] == "diff":
                self._diff(repository, old, new)
            else:
                self._info(repository, old, new)

    def _repository(self, path: str) -> Any:  # noqa: ANN401 - Breezy says no types
        there = os.stat(path)  # noqa: PTH116 - as it came
        place = (path, there.st_dev, there.st_ino)
        if self._open[0] != place:
            probers = [breezy.bzr.BzrProber]  # what lies there does not choose how it is read
            control = ControlDir.open(path, probers=probers)
            self._open = (place, control.open_repository())
        return self._open[1]

    def _diff(self, repository: Any, old: bytes, new: bytes) -> None:  # noqa: ANN401
        show_diff_trees(
            repository.revision_tree(old),
            repository.revision_tree(new),
            self._output,
            old_label="old/",
            new_label="new/",
        )

    def _info(self, repository: Any, old: bytes, new: bytes) -> None:  # noqa: ANN401
        graph = repository.get_graph()
        only = _line(graph, old, new) or _unique(graph, old, new)
        told = [
            [revision.revision_id.decode("latin-1"), revision.message]
            for revision in repository.get_revisions(only)
        ]
        self._output.write(json.dumps(told).encode())

    def _say(self, **head: object) -> None:
        self._output.write(json.dumps(head).encode() + b"\n")


def _line(graph: Any, old: bytes, new: bytes) -> list[bytes] | None:  # noqa: ANN401
    """The revisions from the new one back to the old, if they are few and no merge is among them.

    Then what is in the new one and not in the old is just those; to search for it takes longer than
    to read them.
    """
    line: list[bytes] = []
    at = new
    while at != old and len(line) < LONGEST_LINE:
        parents = graph.get_parent_map([at]).get(at, ())
        if len(parents) != 1:
            return None
        line.append(at)
        (at,) = parents
    return line if at == old else None


def _unique(graph: Any, old: bytes, new: bytes) -> list[bytes]:  # noqa: ANN401
    only = graph.find_unique_ancestors(new, [old]) - {NULL_REVISION}
    oldest_first = list(graph.iter_topo_order(sorted(only)))
    return oldest_first[::-1]


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """End this program if it works longer, in the middle of C, too; its reader may take a pause."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def main() -> None:
    """Answer until nobody asks any more."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what Breezy may print is no answer
    answers = Answers(output)
    for line in sys.stdin.buffer:
        if line.startswith(b"{"):
            asked = json.loads(line)
            with _within(asked["seconds"]):
                answers.give(asked)
        else:
            output.write(line)
            output.flush()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # noqa: BLE001 - told in a sentence to who started us
        sys.exit(f"{type(error).__name__}: {error}")
