"""Reading ahead in a thread, so that who reads and who writes don't wait for each other.

Hashing and compressing both let other threads run while they work: what is read through
here is hashed (:mod:`janitor.storage.measured`) while what came before is compressed or written.
"""

from __future__ import annotations

import io
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, cast

from typing_extensions import Buffer

from janitor.storage.port import CHUNK

PIECES = 4  # of a chunk each, that are read and not asked for yet


class _Ahead(io.RawIOBase):
    """Passes on what a thread has read."""

    def __init__(self, file: BinaryIO | io.RawIOBase) -> None:
        super().__init__()
        self._file = file
        self._ready = file.read(CHUNK) or b""
        whole = len(self._ready) < CHUNK  # most files are, and a thread costs more than they do
        self._reader = None if whole else ThreadPoolExecutor(1, "read-ahead")
        self._coming: deque[Future[bytes | None]] = deque()
        for _ in range(PIECES):
            self._order()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1, /) -> bytes:
        """Return what is read already, up to a size; without a copy where all of it fits."""
        if size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        if not self._ready and self._coming:
            self._ready = self._coming.popleft().result() or b""
            self._order()
        piece, self._ready = self._ready, b""
        if size < len(piece):
            piece, self._ready = piece[:size], piece[size:]
        return piece

    def close(self) -> None:
        if self._reader is not None:
            # It waits: whoever has the file next, to send it elsewhere, has it alone.
            self._reader.shutdown(cancel_futures=True)
        super().close()

    def _order(self) -> None:
        if self._reader is not None:
            self._coming.append(self._reader.submit(self._file.read, CHUNK))


def read_ahead(file: BinaryIO | io.RawIOBase) -> BinaryIO:
    """Return a stream of a file from where it stands, read before it is asked for.

    It may give less than it is asked for, and nothing at its end only. An error of reading is
    raised where the stream comes to it. Closing the stream ends the thread and leaves the file
    open, a few pieces further on than was asked for.

    Args:
        file: gives less than it is asked for at its end only, as buffered files do.
    """
    return cast("BinaryIO", _Ahead(file))
