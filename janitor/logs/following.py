"""Reading a log while somebody writes it.

Lines come out whole or cut at :data:`LONGEST_LINE`. A file that was replaced (rotated) or cut
short is read from its beginning; one that is gone ends the reading.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import BinaryIO

from janitor.spool import NotInSpool

LONGEST_LINE = 64 * 1024  # bytes

Open = Callable[[], tuple[BinaryIO, os.stat_result]]


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file with their ends; a longer one than the longest in pieces."""
    return iter(lambda: file.readline(LONGEST_LINE), b"")


def last_lines(file: BinaryIO, number: int) -> list[bytes]:
    """Return the last lines of a file of any size, which is read once."""
    return list(deque(lines_of(file), maxlen=number))


def follow(reopen: Open, *, last: int, wait: Callable[[], None]) -> Iterator[bytes]:
    """Yield the last lines of a file, and then what is written to it.

    Args:
        reopen: opens the file under its name and says what it is.
        last: how many lines to begin with.
        wait: waits until it is worth looking again; raises to end it.

    Raises:
        NotInSpool: it isn't there to begin with.
    """
    file, status = reopen()
    try:
        yield from last_lines(file, last)
        while True:
            yield from lines_of(file)
            wait()
            try:
                newer, now = reopen()
            except NotInSpool:
                yield from lines_of(file)  # what came before it went
                return
            if (now.st_dev, now.st_ino) == (status.st_dev, status.st_ino):
                newer.close()
                if now.st_size < file.tell():
                    file.seek(0)
                continue
            yield from lines_of(file)
            file.close()
            file, status = newer, now
    finally:
        file.close()
