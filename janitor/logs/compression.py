"""gzip as a stream, a piece at a time, the same bytes for the same text."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import BinaryIO

from typing_extensions import Buffer

from janitor.storage import Damaged, Encoding
from janitor.storage.port import CHUNK

_GZIP = 16 + zlib.MAX_WBITS  # zlib's sign for a gzip header, which it writes without a time


class LogRetrievalError(Damaged):
    """A log is stored, and its text can't be had from what is."""


class _Compressed(io.RawIOBase):
    """Reads as the gzip of a file."""

    def __init__(self, plain: BinaryIO) -> None:
        super().__init__()
        self._plain: BinaryIO | None = plain
        self._compressor = zlib.compressobj(wbits=_GZIP)
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        while not self._ready and self._plain is not None:
            self._ready = memoryview(self._next(self._plain))
        view = memoryview(buffer)
        piece, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(piece)] = piece
        return len(piece)

    def _next(self, plain: BinaryIO) -> bytes:
        piece = plain.read(CHUNK)
        if piece:
            return self._compressor.compress(piece)
        self._plain = None
        return self._compressor.flush()


class _PlainText(io.RawIOBase):
    """Reads as the text of a gzip file, which it closes."""

    def __init__(self, stored: BinaryIO) -> None:
        super().__init__()
        self._stored = stored
        self._text = gzip.GzipFile(fileobj=stored, mode="rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        try:
            return self._text.readinto(buffer)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise LogRetrievalError(f"a stored log is damaged: {error}") from error

    def close(self) -> None:
        self._text.close()
        self._stored.close()
        super().close()


def compressed(plain: BinaryIO) -> BinaryIO:
    """Return a stream of the gzip of a file, which is read from where it stands."""
    return io.BufferedReader(_Compressed(plain), CHUNK)


def plain_text(stored: BinaryIO) -> BinaryIO:
    """Return a stream of the text of a gzip file; closing it closes the file.

    Reading raises :class:`LogRetrievalError` where the file is damaged.
    """
    return io.BufferedReader(_PlainText(stored), CHUNK)


GZIP = Encoding(encode=compressed, decode=plain_text)
