"""One writer of a repository at a time, and what a killed one left is found by the next.

The kernel lets go of the lock when its holder is dead, children included. What version control
itself locks with (files that stay behind when their maker is killed) is looked after by the
adapters while they have their turn.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from janitor.vcs.branches.port import NoTurn

PATIENCE = 60.0  # seconds; a turn takes milliseconds
_FILE = "janitor-turn"
_PAUSE = 0.002  # seconds
_LONGEST_PAUSE = 0.02  # seconds


@dataclass(frozen=True)
class Turn:
    """The right to write in a repository.

    Args:
        descriptor: of the locked file; a program that works in this turn inherits it, so that
            the turn does not end before the program does, whatever happens to us.
    """

    descriptor: int

    def left_behind(self) -> bytes:
        """Return what the one before noted and did not take back: it died on the way."""
        return os.pread(self.descriptor, 1 << 20, 0)

    def noted_at(self) -> int:
        """Return when the last note was written, in nanoseconds as file systems have them."""
        return os.fstat(self.descriptor).st_mtime_ns

    def note(self, intent: bytes) -> None:
        """Say what is about to be done, for whoever comes after; nothing when it is done."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, intent, 0)


@contextmanager
def turn_in(directory: Path) -> Iterator[Turn]:
    """Wait for our turn to write in a repository, and have it for a ``with`` block.

    Args:
        directory: where the turn's file lies; it is there.

    Raises:
        NoTurn: others had it all the time.
    """
    descriptor = os.open(directory / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _wait(descriptor, directory)
        yield Turn(descriptor)
    finally:
        os.close(descriptor)


def _wait(descriptor: int, directory: Path) -> None:
    until = time.monotonic() + PATIENCE
    pause = _PAUSE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise NoTurn(
                    f"{directory}: others have been writing in it for {PATIENCE:g} s"
                ) from None
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        else:
            return
