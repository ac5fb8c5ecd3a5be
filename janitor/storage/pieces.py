"""Objects go to a bucket and come from it in pieces, so that no size costs more memory."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import BinaryIO

from typing_extensions import Buffer

from janitor.storage.port import Damaged, ServiceUnavailable

# In bytes; a transfer holds two or three of them in memory. S3 takes no smaller parts, but for
# the last one.
PIECE = 5 * 1024 * 1024


class Outgoing:
    """A stream on its way to a bucket; one piece of it is read before it is asked for.

    Args:
        content: read from where it stands.
    """

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self._first: bytes | None = _read_full(content, PIECE)
        whole = len(self._first) < PIECE
        self.size_if_small = len(self._first) if whole else None
        """Of the whole in bytes, where it is less than a piece."""
        self._position = 0

    def read(self, size: int = PIECE) -> bytes:
        """Return the next bytes, at least the first piece and fewer only at the end."""
        if self._first is not None:
            piece, self._first = self._first, None
        else:
            piece = _read_full(self._content, size)
        self._position += len(piece)
        return piece

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._position


class Checksum:
    """A 32-bit checksum that a store knows of an object, taken while the object passes.

    Args:
        extend: takes the sum so far and more bytes, gives the new sum.
        expected: in base64, as stores write it.
    """

    def __init__(self, extend: Callable[[int, bytes], int], expected: str) -> None:
        self._extend = extend
        self._expected = int.from_bytes(base64.b64decode(expected))
        self._sum = 0

    def update(self, piece: bytes) -> None:
        """Take in the next bytes."""
        self._sum = self._extend(self._sum, piece)

    @property
    def agrees(self) -> bool:
        """Whether what passed is what the store has."""
        return self._sum == self._expected


class _Incoming(io.RawIOBase):
    """Reads an object piece by piece."""

    def __init__(
        self, size: int, fetch: Callable[[int, int], bytes], checksum: Checksum | None, what: str
    ) -> None:
        super().__init__()
        self._size = size
        self._fetch = fetch
        self._checksum = checksum
        self._what = what
        self._position = 0  # of the next piece
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        if not self._ready and self._position < self._size:
            self._ready = memoryview(self._next())
        if not self._ready and self._checksum is not None and not self._checksum.agrees:
            raise Damaged(f"{self._what} is damaged: it has not the checksum that the store knows")
        piece, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(piece)] = piece
        return len(piece)

    def _next(self) -> bytes:
        end = min(self._position + PIECE, self._size)
        piece = self._fetch(self._position, end)
        if len(piece) != end - self._position:
            raise ServiceUnavailable(f"{self._what} ended early; it is to be read again")
        self._position = end
        if self._checksum is not None:
            self._checksum.update(piece)
        return piece


def incoming(
    size: int, fetch: Callable[[int, int], bytes], checksum: Checksum | None, what: str
) -> BinaryIO:
    """Return a stream of an object.

    Args:
        size: of the object, in bytes.
        fetch: gets the bytes from one offset up to, and without, another.
        checksum: of the whole object; reading to its end raises
            :class:`~janitor.storage.port.Damaged` where it doesn't agree.
        what: is read, for messages.
    """
    return io.BufferedReader(_Incoming(size, fetch, checksum, what))


def _read_full(content: BinaryIO, size: int) -> bytes:
    """Read that many bytes, fewer only at the end; a stream may give less at a time."""
    piece = content.read(size)
    if not piece or len(piece) == size:
        return piece
    whole = io.BytesIO(piece)  # gives what was written to it without another copy
    whole.seek(len(piece))
    while (missing := size - whole.tell()) and (piece := content.read(missing)):
        whole.write(piece)
    return whole.getvalue()
