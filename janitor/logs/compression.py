"""gzip as a stream, a piece at a time, the same bytes for the same text.

ISA-L does it: any gzip reads the result, and docs/adr/0006 has what it costs and gains.
"""

from __future__ import annotations

import io
from gzip import BadGzipFile
from typing import BinaryIO, Final, cast

from isal import igzip, isal_zlib
from typing_extensions import Buffer

from janitor.storage import Damaged, Encoding
from janitor.storage.port import CHUNK

_GZIP = 16 + isal_zlib.MAX_WBITS  # zlib's sign for a gzip header, which is written without a time
_LEVEL = 1  # 2 saves half a percent and takes a tenth longer; 3 is three times as slow
_MEMORY = 3  # as fast as more, and logs that repeat themselves become smaller


class LogRetrievalError(Damaged):
    """A log is stored, and its text can't be had from what is."""


class _Compressed(io.RawIOBase):
    """Reads as the gzip of a file."""

    def __init__(self, plain: BinaryIO) -> None:
        super().__init__()
        self._plain: BinaryIO | None = plain
        self._compressor = isal_zlib.compressobj(_LEVEL, wbits=_GZIP, memLevel=_MEMORY)
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

    _DAMAGE: Final = (EOFError, BadGzipFile, cast("type[Exception]", isal_zlib.error))

    def __init__(self, stored: BinaryIO) -> None:
        super().__init__()
        self._stored = stored
        self._text = igzip.IGzipFile(fileobj=stored, mode="rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        try:
            return self._text.readinto(buffer)
        except self._DAMAGE as error:
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

    However much text a file claims to hold, no more of it is in memory than a few pieces.
    Reading raises :class:`LogRetrievalError` where the file is damaged.
    """
    return io.BufferedReader(_PlainText(stored), CHUNK)


GZIP = Encoding(encode=compressed, decode=plain_text)
