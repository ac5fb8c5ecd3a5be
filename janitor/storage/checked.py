"""Reading what is stored as what it should be, and not a byte beyond a mistake."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from typing_extensions import Buffer

from janitor.storage.measured import Digest, Measured
from janitor.storage.port import CHUNK, Damaged


class _Checked(io.RawIOBase):
    """Reads a stored file, from its beginning as often as somebody goes back there."""

    def __init__(self, reopen: Callable[[], BinaryIO], expected: Digest | None, what: str) -> None:
        super().__init__()
        self._reopen = reopen
        self._expected = expected
        self._what = what
        self._stored: BinaryIO | None = None
        self._measured: Measured | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if (offset, whence) == (0, io.SEEK_CUR):  # where it stands
            return self._measured.digest.size if self._measured else 0
        if (offset, whence) != (0, io.SEEK_SET):
            raise io.UnsupportedOperation("only back to the beginning")
        self._let_go()
        return 0

    def readinto(self, buffer: Buffer) -> int:
        if self._measured is None:
            self._stored = self._reopen()
            self._measured = Measured(self._stored)
        size = self._measured.readinto(buffer)
        if not size and memoryview(buffer) and self._expected is not None:
            check_same(self._measured.digest, self._expected, self._what)
        return size

    def close(self) -> None:
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        if self._stored is not None:
            self._stored.close()
        self._stored = self._measured = None


def check_same(found: Digest, expected: Digest, what: str) -> None:
    """Compare what was read with what it should be.

    Raises:
        Damaged: they differ.
    """
    if found != expected:
        raise Damaged(
            f"{what} is not what was stored: it has {found.size} bytes with SHA-256"
            f" {found.sha256[:12]}…, not {expected.size} with {expected.sha256[:12]}…"
        )


def checked(reopen: Callable[[], BinaryIO], expected: Digest | None, what: str) -> BinaryIO:
    """Return a stream whose end is only reached where the content is the expected one.

    Whoever stores it elsewhere stores nothing of a damaged file: a store keeps a stream whole
    or not at all (:class:`janitor.storage.port.BlobStore`).

    Args:
        reopen: opens the file from its beginning; called again after ``seek(0)``.
        expected: what it must hold; None is anything.
        what: it is, for the message.

    Reading raises :class:`~janitor.storage.port.Damaged` at the end of other content.
    """
    return io.BufferedReader(_Checked(reopen, expected, what), CHUNK)
