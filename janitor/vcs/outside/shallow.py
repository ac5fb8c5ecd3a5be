"""Where the history of a repository ends because the rest was not brought.

Git keeps it in the file ``shallow``: the commits whose parents it does not miss. At each moment
whatever is there without its parents is in it, so that nobody who is killed, or comes at the same
time, leaves a repository that Git finds broken.
"""

from __future__ import annotations

from pathlib import Path

from janitor.vcs.branches.turn import turn_in
from janitor.vcs.outside.quarantine import Quarantine, those_in

_FILE = "shallow"


def ends_of(repository: Path) -> set[bytes]:
    """Return the commits whose parents were left where they came from."""
    try:
        return set((repository / _FILE).read_bytes().split())
    except FileNotFoundError:
        return set()


def is_cut_off(repository: Path) -> bool:
    """Return whether a part of its history was left where it came from."""
    return bool(ends_of(repository))


def write_ends(repository: Path, ends: set[bytes]) -> None:
    """Write down where history ends, for whoever has the turn or a repository of its own."""
    if not ends:  # all of it is there
        (repository / _FILE).unlink(missing_ok=True)
        return
    part = repository / f"{_FILE}.janitor"
    part.write_bytes(b"".join(b"%b\n" % end for end in sorted(ends)))
    part.replace(repository / _FILE)


def release(arriving: Quarantine, repository: Path, before: set[bytes], after: set[bytes]) -> None:
    """Let what arrived be the repository's.

    Args:
        arriving: what came.
        repository: where to.
        before: where history ended when it was asked for.
        after: where Git says that it ends with what came.

    Raises:
        NoTurn: others were writing in the repository all the time.
    """
    if before == after:
        arriving.release()
        return
    with turn_in(repository):
        # A depth is how much is brought: what is there already is not cut off by it.
        write_ends(repository, ends_of(repository) | arriving.without_parents(after - before))
        arriving.release()
        write_ends(repository, ends_of(repository) - (before - after))


def forget_what_never_came(repository: Path) -> None:
    """Leave out commits that were written down by somebody who was killed before they came.

    Raises:
        NoTurn: others were writing in the repository all the time.
    """
    if not is_cut_off(repository):
        return
    with turn_in(repository):
        ends = ends_of(repository)
        there = those_in(repository / "objects", ends)
        if there != ends:
            write_ends(repository, there)
