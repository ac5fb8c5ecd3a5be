"""Changes of a Git repository's references: whole transactions of ``git update-ref``.

Git locks each reference by a file beside it, ``x.lock``, and a writer that is killed leaves it
there for ever. So every transaction of ours notes which references it is going to lock while it
has its turn (:mod:`.turn`), and who comes after a killed one removes what it left.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from janitor.vcs.branches.turn import Turn
from janitor.vcs.programs.git_program import Call, GitEnded, call_git
from janitor.vcs.programs.sealed_git import GitFailed

logger = logging.getLogger(__name__)

GRACE = 0.5  # seconds; whoever is alive has a reference locked for milliseconds
ABANDONED = 3600.0  # seconds; a lock of somebody who is no writer of ours, and must be dead
NO_OBJECT = "0" * 40

_SHARED = ("packed-refs", "HEAD")  # what a transaction may lock beside its references


@dataclass(frozen=True)
class RefChange:
    """What becomes of one reference.

    Args:
        ref: its full name.
        old: the commit that it must be at; None: it must not be there; ``any``: wherever.
        new: the commit that it is to be at; None: it goes.
    """

    ref: bytes
    old: str | None
    new: str | None

    def line(self) -> bytes:
        """Return it as ``update-ref --stdin -z`` reads it."""
        if self.new is None:
            return b"delete %s\0%s\0" % (self.ref, (self.old or "").encode())
        old = "" if self.old == ANY else self.old or NO_OBJECT
        return b"update %s\0%s\0%s\0" % (self.ref, self.new.encode(), old.encode())


ANY = "any"


def change_refs(repository: Path, turn: Turn, changes: Sequence[RefChange]) -> None:
    """Make all of the changes or none of them.

    Args:
        repository: the bare repository.
        turn: the turn to write in it.
        changes: at most one of each reference.

    Raises:
        GitFailed: one of them can't be made; all is as it was.
    """
    _clear_what_a_killed_one_left(repository, turn)
    told = b"".join([b"start\0", *(change.line() for change in changes), b"commit\0"])
    arguments = ("update-ref", "--stdin", "-z", "--no-deref")
    call = Call(repository, arguments, told=told, inherits=(turn.descriptor,))
    refs = [change.ref for change in changes]
    try:
        _call(call, turn, refs)
    except GitEnded:
        _clear_what_a_killed_one_left(repository, turn)
        raise
    except GitFailed:
        removed = [_removed(lock, ABANDONED) for lock in _locks(repository, refs)]
        if not any(removed):
            raise
        _call(call, turn, refs)


def is_locked(repository: Path, refs: Sequence[bytes]) -> bool:
    """Return whether somebody has one of some references locked."""
    return any(lock.exists() for lock in _locks(repository, refs))


def _call(call: Call, turn: Turn, refs: Sequence[bytes]) -> None:
    turn.note(b"\0".join(refs))
    try:
        call_git(call)
    except GitEnded:
        raise  # the note stays, and whoever comes next looks
    except GitFailed:
        turn.note(b"")
        raise
    turn.note(b"")


def _clear_what_a_killed_one_left(repository: Path, turn: Turn) -> None:
    """Remove the locks of a transaction that did not end; it has no process any more."""
    noted = turn.left_behind()
    if not noted:
        return
    since = turn.noted_at()
    locks = {lock: _found(lock) for lock in _locks(repository, noted.split(b"\0"))}
    # Older ones are somebody else's. So may these be; but whoever lives goes on soon.
    left = {lock: found for lock, found in locks.items() if found and found.st_mtime_ns >= since}
    if left:
        time.sleep(GRACE)
    for lock, found in left.items():
        _remove(lock, found)
    turn.note(b"")


def _removed(lock: Path, age: float) -> bool:
    found = _found(lock)
    return bool(found and time.time() - found.st_mtime > age and _remove(lock, found))


def _remove(lock: Path, found: os.stat_result) -> bool:
    """Remove a lock if it is still the one that was found."""
    again = _found(lock)
    if again is None or (again.st_ino, again.st_mtime_ns) != (found.st_ino, found.st_mtime_ns):
        return False
    lock.unlink(missing_ok=True)
    logger.warning("removed %s: whoever made it is dead", lock)
    return True


def _found(lock: Path) -> os.stat_result | None:
    try:
        return lock.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _locks(repository: Path, refs: Sequence[bytes]) -> Iterator[Path]:
    yield repository / "packed-refs.new"  # what it is written to, under its lock
    for name in (*_SHARED, *(os.fsdecode(ref) for ref in refs)):
        yield repository / f"{name}.lock"
