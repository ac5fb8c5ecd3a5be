"""Files that people name, read whole: but not for ever, and not without end.

A name may lead to a pipe (``<(…)`` of a shell does), to one that nobody writes to, or to a
device that never ends. :mod:`janitor.config` and :mod:`janitor.notifications.targets` read by this.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path

LARGEST = 64 * 1024 * 1024  # bytes
PATIENCE = 10.0  # seconds for a pipe
_PIECE = 1024 * 1024  # bytes


def content_of(path: str | Path, *, largest: int = LARGEST, patience: float = PATIENCE) -> bytes:
    """Return what is in a file.

    Args:
        path: its name.
        largest: bytes at most.
        patience: seconds in all, where it is a pipe or a device.

    Raises:
        OSError: it cannot be opened or read, is larger, or nobody wrote to it in time.
        ValueError: it is no name of a file at all: it has a NUL.
    """
    # Without O_NONBLOCK the opening of a pipe waits for somebody who writes.
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        waits = not stat.S_ISREG(os.fstat(opened).st_mode)
        deadline = time.monotonic() + patience
        pieces: list[bytes] = []
        left = largest
        while True:
            if waits:
                _wait(opened, deadline)
            piece = os.read(opened, _PIECE)
            if not piece:
                return b"".join(pieces)
            left -= len(piece)
            if left < 0:
                raise OSError(errno.EFBIG, f"it is larger than {largest} bytes")
            pieces.append(piece)
    finally:
        os.close(opened)


def _wait(opened: int, deadline: float) -> None:
    """Return once there is something to read, or the end."""
    poll = select.poll()
    poll.register(opened, select.POLLIN)
    if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
        raise OSError(errno.ETIMEDOUT, "nobody wrote to the end of it in time")
