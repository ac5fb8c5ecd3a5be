"""The ``git`` program, let at a repository's objects and at nothing else of it.

Whoever can push into a repository may also have written its configuration, and Git runs
what a configuration names (diff drivers, filters, lazy fetches). So Git gets an empty
repository of our own that borrows the object directory: no configuration, attributes, hooks
or references of the repository are read, and it does not matter whose directory it is.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from janitor.errors import PassingError
from janitor.vcs.errors import DiffTimedOut, DiffTooLarge
from janitor.vcs.manager import LONGEST_DIFF
from janitor.vcs.programs.child_process import PATIENCE, ChildProcess
from janitor.vcs.programs.kept_program import KeptProgram

_SHALLOW = re.compile(rb"^[0-9a-f]{40}\n", re.MULTILINE)
SETTLED = 0.1  # seconds after which another change of a directory has another time, surely


class GitMissing(PassingError):
    """There is no ``git`` program on this host."""


class GitFailed(PassingError):
    """The ``git`` program could not do it; where the repository is damaged, a repair helps."""


def run_git(repository: Path, *arguments: str, patience: float = PATIENCE) -> bytes:
    """Return what Git prints.

    Args:
        repository: whose objects.
        arguments: a Git command that reads objects, and nothing from outside unchecked.
        patience: seconds after which it is ended.

    Raises:
        GitMissing: there is no such program.
        GitFailed: it ended with an error.
        DiffTimedOut: it did not end in time.
        DiffTooLarge: it printed more than a diff may have.
    """
    what = f"git {arguments[0]} in {repository}"
    deadline = time.monotonic() + patience
    pieces, length = [], 0
    with _empty_repository(repository) as home:
        child = _start(home, repository, *arguments)
        try:
            while piece := child.read(deadline):
                pieces.append(piece)
                length += len(piece)
                if length > LONGEST_DIFF:
                    raise DiffTooLarge(f"{what} printed more than {LONGEST_DIFF} bytes")
            if child.wait():
                raise GitFailed(f"{what}: {child.said()}")
        except DiffTimedOut:
            raise DiffTimedOut(f"{what} was ended after {patience:g} s") from None
        finally:  # a worker's time limit ends the program too
            child.end()
    return b"".join(pieces)


def keep_git(repository: Path, *arguments: str, end: bytes = b"%b") -> KeptProgram:
    """Start a Git command that is asked on standard input.

    Args:
        repository: whose objects.
        arguments: the command.
        end: see :class:`~janitor.vcs.programs.kept_program.KeptProgram`.

    Raises:
        GitMissing: there is no such program.
        ProgramEnded: it does not even begin.
    """
    state = state_of(repository)
    with _empty_repository(repository) as home:
        child = _start(home, repository, *arguments, asked=True)
        program = KeptProgram(child, end=end, fresh_as=state)
        try:
            # Once it answers it has read all that it wants of its home, which can go: so nothing
            # is left behind, however this process ends.
            for _ in program.ask(b"hello", PATIENCE):
                pass
        except BaseException:
            program.end()
            raise
    return program


def state_of(repository: Path) -> object:
    """Return what changes when the packs of a repository do.

    Git counts the packed objects for how long an abbreviated id must be, and does so once. What
    changed just now may change again without anybody seeing it: that equals nothing else.
    """
    objects = f"{repository}/objects"  # no Path: this is asked before each diff
    seen = [_seen(objects), _seen(f"{objects}/pack"), _seen(f"{objects}/info")]
    newest = max(changed for _, changed in seen)
    return tuple(seen) if time.time() - newest / 1e9 > SETTLED else object()


def _seen(directory: str) -> tuple[int, int]:
    try:
        found = os.stat(directory)  # noqa: PTH116 - likewise
    except FileNotFoundError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def _start(home: Path, repository: Path, *arguments: str, asked: bool = False) -> ChildProcess:
    command = [_program(), "--git-dir", str(home), *arguments]
    return ChildProcess(command, home, _environment(home, repository / "objects"), asked=asked)


@contextmanager
def _empty_repository(repository: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="janitor-git-") as directory:
        home = Path(directory)
        (home / "refs").mkdir()
        (home / "objects").mkdir()
        (home / "HEAD").write_text("ref: refs/heads/none\n")
        with suppress(FileNotFoundError):  # where history was cut off on purpose
            shallow = (repository / "shallow").read_bytes()
            (home / "shallow").write_bytes(b"".join(_SHALLOW.findall(shallow)))
        yield home


def _environment(home: Path, objects: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
    }


def _program() -> str:
    found = shutil.which("git")
    if found is None:
        raise GitMissing("the program git is not on PATH: install it where vcs workers run")
    return found
