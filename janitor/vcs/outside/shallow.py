"""Where the history of a repository ends because the rest was not brought.

Git keeps it in the file ``shallow``: the commits whose parents it does not miss. At each moment
whatever is there without its parents is in it, so that nobody who is killed, or comes at the same
time, leaves a repository that Git finds broken.
"""

from __future__ import annotations

from contextlib import closing
from importlib import import_module  # Dulwich is loaded where it is used
from pathlib import Path

from janitor.vcs.branches.turn import turn_in
from janitor.vcs.outside.quarantine import Quarantine

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
    if ends == ends_of(repository):
        return
    if not ends:  # all of it is there
        (repository / _FILE).unlink()
        return
    part = repository / f"{_FILE}.janitor"
    part.write_bytes(b"".join(b"%b\n" % end for end in sorted(ends)))
    part.replace(repository / _FILE)


def settled_ends(repository: Path) -> set[bytes]:
    """Return where history ends, for whoever asks for more of it.

    Not in the middle of a release, when commits are written down that are not there yet: a server
    that is told of such a one may answer what Git can't make sense of. Those of somebody who was
    killed in that moment are left out for good.

    Raises:
        NoTurn: others were writing in the repository all the time.
    """
    if not is_cut_off(repository):
        return set()
    with turn_in(repository):
        ends = _cut_off(repository / "objects", ends_of(repository))
        write_ends(repository, ends)
        return ends


def release(arriving: Quarantine, repository: Path, ends: set[bytes]) -> None:
    """Let what arrived be the repository's.

    Args:
        arriving: what came.
        repository: where to.
        ends: where Git says that history ends with what came. A depth is how much is brought:
            what is there already, whoever brought it, is not cut off by it.

    Raises:
        NoTurn: others were writing in the repository all the time.
    """
    with turn_in(repository):
        # Before they come: a commit is not to be there without its parents, and nobody know it.
        write_ends(repository, ends_of(repository) | ends)
        arriving.release()
        write_ends(repository, _cut_off(repository / "objects", ends_of(repository)))


def _cut_off(objects: Path, commits: set[bytes]) -> set[bytes]:
    """Return those commits that are there, and have a parent that is not."""
    if not commits:
        return set()
    disk = import_module("dulwich.object_store").DiskObjectStore
    with closing(disk(str(objects))) as store:
        there = {sha for sha in commits if sha in store}
        return {sha for sha in there if any(own not in store for own in store[sha].parents)}
