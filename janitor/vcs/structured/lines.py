"""The lines of a diff as they come, within limits."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator

from janitor.vcs.errors import DiffTimedOut
from janitor.vcs.structured.model import Limits, Truncated


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
        rest = b""
        for piece in self._allowed():
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
        if rest and self.truncated is None:  # what was cut off in the middle is no line
            yield rest

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
            if seconds is None:
                raise
            self.truncated = Truncated("seconds", seconds)
