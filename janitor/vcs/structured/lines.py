"""The lines of a diff as they come, within limits."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator

from janitor.vcs.errors import DiffTimedOut
from janitor.vcs.structured.model import Limits, Truncated


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream with their ends; the last one may have none.

    The time is that of the length, however long a line is.
    """
    begun: list[bytes] = []  # of a line whose end has not come yet
    for piece in pieces:
        if b"\n" not in piece:
            begun.append(piece)
            continue
        *lines, rest = b"".join([*begun, piece]).split(b"\n")
        yield from (line + b"\n" for line in lines)
        begun = [rest]
    if rest := b"".join(begun):
        yield rest


class Lines:
    """Splits a stream into lines, without their ends; stops at a limit of bytes or time.

    Args:
        pieces: the stream.
        limits: how much of it.
    """

    def __init__(self, pieces: Iterable[bytes], limits: Limits) -> None:
        self._pieces = pieces
        self._limits = limits
        self.truncated: Truncated | None = None

    def __iter__(self) -> Iterator[bytes]:
        for line in lines_of(self._allowed()):
            if line.endswith(b"\n"):
                yield line[:-1]
            elif self.truncated is None:  # what was cut off in the middle is no line
                yield line

    def close(self) -> None:
        """Let go of the stream: nobody reads on."""
        if isinstance(self._pieces, Generator):
            self._pieces.close()

    def _allowed(self) -> Iterator[bytes]:
        left, seconds = self._limits.bytes, self._limits.seconds
        deadline = None if seconds is None else time.monotonic() + seconds
        try:
            for piece in self._pieces:
                if left is not None and len(piece) > left:
                    yield piece[:left]
                    self.truncated = Truncated("bytes", self._limits.bytes or 0)
                    return
                if deadline is not None and time.monotonic() > deadline:
                    self.truncated = Truncated("seconds", seconds or 0)
                    return
                yield piece
                left = None if left is None else left - len(piece)
        except DiffTimedOut:
            if deadline is None or time.monotonic() < deadline:  # it is another's patience
                raise
            self.truncated = Truncated("seconds", seconds or 0)
