"""Size and SHA-256 of a stream, taken while it passes."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

from typing_extensions import Buffer

from janitor.storage.port import CHUNK, Digest

__all__ = ["Digest", "Measured", "measure"]


class Measured(io.RawIOBase):
    """Passes a file's bytes on and knows which they were.

    Args:
        file: read from where it stands.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._size = 0
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> Digest:
        """Of what was read so far."""
        return Digest(self._size, self._hash.hexdigest())

    def readable(self) -> bool:
        """Reading is what it is for."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read up to a buffer's length; 0 is the end."""
        view = memoryview(buffer)
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1, /) -> bytes:
        """Read up to a number of bytes, and pass them on without a copy."""
        piece = self._file.read(size)
        self._size += len(piece)
        self._hash.update(piece)
        return piece


def measure(file: BinaryIO) -> Digest:
    """Read a file from where it stands to its end; return what it holds."""
    measured = Measured(file)
    while measured.read(CHUNK):
        pass
    return measured.digest
