"""One living owner per data directory and duty, held by a lock on a file.

The lock belongs to the open file, so the system gives it back however its owner ends.
:mod:`workers.embedded` and :mod:`workers.stack` take one each.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from janitor.errors import Failure


class DataDirectoryInUse(Failure):
    """Another living process uses this data directory."""


class DataDirectoryUnusable(Failure):
    """We cannot write where data is to be kept."""


class Ownership:
    """The right to use ``path``'s directory for what the lock file is named after.

    Args:
        path: the lock file; made if missing, with its directory; left where it is, holds
            the owner's pid.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    @property
    def held(self) -> bool:
        """Whether we are the owner."""
        return self._file is not None

    def take(self) -> None:
        """Become the owner.

        Raises:
            DataDirectoryInUse: there is one; the message names its process.
            DataDirectoryUnusable: we may not write there, or it is no directory.
        """
        file = self._opened()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(file, 20).decode() or "unknown"
            os.close(file)
            raise DataDirectoryInUse(
                f"{self._path.parent} is in use by process {owner}: stop that one, or choose"
                " another data directory"
            ) from None
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file

    def _opened(self) -> int:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataDirectoryUnusable(
                f"{self._path.parent} cannot be used for data: {error.strerror}"
                f" ({error.filename}); choose another data directory"
            ) from error

    def release(self) -> None:
        """Stop being the owner; harmless when we are not."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
