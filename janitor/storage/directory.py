"""Blobs as files in a directory: ``KEY`` is the file's path below it.

A file is written aside, synced and then linked to its name, so that it is there whole or
not at all and never replaces another; the file system must know hard links.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from janitor.names import UnsafeName
from janitor.storage.keys import checked_key
from janitor.storage.port import (
    CHUNK,
    BlobStat,
    KeyTaken,
    Metadata,
    NoSignedUrls,
    NoSuchBlob,
    ServiceUnavailable,
)

INCOMING = ".incoming"  # beside the keys' first names; files that are being written
FORGOTTEN = 24 * 60 * 60  # seconds after which nobody can still be writing a file


class DirectoryStore:
    """Keeps blobs in one directory, which is made when the first one comes.

    Args:
        root: the directory.
    """

    keeps_digest = False

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = Path(root).absolute()

    @property
    def location(self) -> str:
        """The directory's path."""
        return str(self._root)

    def put(
        self,
        key: str,
        content: BinaryIO,
        metadata: Metadata,
        *,
        timeout: float | None = None,  # noqa: ARG002 - a directory answers at once or fails
    ) -> int:
        """Write a file; see :meth:`janitor.storage.port.BlobStore.put`."""
        target = self._path(key)
        with self._answering(f"store {key}"):
            part = self._new_part()
            try:
                size = _write(part, content, metadata)
                _make_directory(target.parent)
                taken = not _link(part, target)
            finally:
                part.unlink(missing_ok=True)
        if taken:
            raise KeyTaken(f"{self.location}: {key} is taken")
        return size

    def open(
        self,
        key: str,
        *,
        timeout: float | None = None,  # noqa: ARG002 - a directory answers at once or fails
    ) -> BinaryIO:
        """Open a file; see :meth:`janitor.storage.port.BlobStore.open`."""
        path = self._path(key)
        with self._answering(f"read {key}"), suppress(FileNotFoundError, IsADirectoryError):
            return path.open("rb")
        raise NoSuchBlob(f"{self.location}: there is no {key}")

    def stat(
        self,
        key: str,
        *,
        timeout: float | None = None,  # noqa: ARG002 - a directory answers at once or fails
    ) -> BlobStat | None:
        """Look at a file; see :meth:`janitor.storage.port.BlobStore.stat`."""
        path = self._path(key)
        with self._answering(f"look at {key}"), suppress(FileNotFoundError):
            found = path.stat()
            if stat.S_ISREG(found.st_mode):
                return BlobStat(
                    size=found.st_size,
                    created=datetime.fromtimestamp(found.st_ctime, UTC),
                    mtime=datetime.fromtimestamp(found.st_mtime, UTC),
                    mode=stat.S_IMODE(found.st_mode),
                )
        return None

    def iter_keys(self, under: str = "") -> Iterator[str]:
        """Yield the paths of files; see :meth:`janitor.storage.port.BlobStore.iter_keys`."""
        start = self._path(under) if under else self._root
        with self._answering(f"list {under or 'what is there'}"):
            for path in _files_below(start, leave_out=self._root / INCOMING):
                yield path.relative_to(self._root).as_posix()

    def delete(self, key: str) -> bool:
        """Delete a file, and directories that it leaves empty."""
        path = self._path(key)
        with self._answering(f"delete {key}"):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            with suppress(OSError):  # not empty
                for parent in path.relative_to(self._root).parents[:-1]:
                    (self._root / parent).rmdir()
        return True

    def url(self, key: str) -> str:
        """Return the file's ``file:`` URL."""
        return self._path(key).as_uri()

    def signed_url(self, key: str, valid_for: timedelta) -> str:  # noqa: ARG002 - the port's
        """Refuse; see :meth:`janitor.storage.port.BlobStore.signed_url`."""
        raise NoSignedUrls(f"{self.location}: files of a directory have no signed URLs")

    def _path(self, key: str) -> Path:
        names = checked_key(key)
        if names[0] == INCOMING:
            raise UnsafeName(f"key {key!r} is refused: {INCOMING} is for files being written")
        return self._root.joinpath(*names)

    def _new_part(self) -> Path:
        incoming = self._root / INCOMING
        _make_directory(incoming)
        long_ago = time.time() - FORGOTTEN
        for old in incoming.iterdir():
            with suppress(FileNotFoundError):
                # Not its mtime: that is the content's.
                if old.stat().st_ctime < long_ago:
                    old.unlink()
        return incoming / uuid.uuid4().hex

    @contextmanager
    def _answering(self, doing: str) -> Iterator[None]:
        """Turn what the file system says into what a store says."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno == errno.ENAMETOOLONG:
                raise UnsafeName(f"{self.location}: can't {doing}: {reason}") from error
            raise ServiceUnavailable(f"{self.location}: can't {doing}: {reason}") from error


def _write(part: Path, content: BinaryIO, metadata: Metadata) -> int:
    with part.open("xb") as file:
        shutil.copyfileobj(content, file, CHUNK)
        file.flush()
        if metadata.mode is not None:
            # We must be able to read it again; nobody is to gain rights by it.
            os.fchmod(file.fileno(), metadata.mode & 0o777 | stat.S_IRUSR)
        seconds = metadata.mtime.timestamp()
        os.utime(file.fileno(), (seconds, seconds))
        os.fsync(file.fileno())
        return file.tell()


def _link(part: Path, target: Path) -> bool:
    """Give a file its name; returns False where the name is taken."""
    try:
        target.hardlink_to(part)
    except FileExistsError:
        return False
    _sync(target.parent)
    return True


def _make_directory(directory: Path) -> None:
    """Make a directory and those above it so that they survive a power cut."""
    if directory.is_dir():
        return
    _make_directory(directory.parent)
    directory.mkdir(exist_ok=True)
    _sync(directory.parent)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files_below(directory: Path, leave_out: Path) -> Iterator[Path]:
    try:
        with os.scandir(directory) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except FileNotFoundError:  # never made, or deleted meanwhile
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.is_file():
            yield path
        elif entry.is_dir() and path != leave_out:
            yield from _files_below(path, leave_out)
