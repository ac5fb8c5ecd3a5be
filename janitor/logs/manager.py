"""Where the logs of a run are kept: ``CODEBASE/RUN/NAME.gz``, gzip-compressed.

An uncompressed ``NAME`` that somebody else left is read too. A name that is taken by other
text is never overwritten: the new log is stored under ``NAME.TIMESTAMP`` beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, groupby
from pathlib import Path
from typing import BinaryIO

from janitor.errors import Failure
from janitor.logs.compression import GZIP
from janitor.names import checked_component
from janitor.storage import (
    AS_IT_IS,
    BlobManager,
    BlobStat,
    DirectoryStore,
    Encoding,
    Kept,
    KeyTaken,
    Metadata,
    keep,
    open_regular,
)

CONTENT_TYPE = "text/plain"
_ENDING = ".gz"
_PARTS = 3  # of a key


class NoSuchLog(Failure, FileNotFoundError):
    """There is no log of that name."""


@dataclass(frozen=True)
class KeptLog:
    """A log that is in a store now.

    Args:
        stored_name: the name that it can be had under.
        kept: its size and hash as text, its size as stored.
    """

    stored_name: str
    kept: Kept


class LogFileManager(BlobManager):
    """Stores and finds logs; ``timeout`` is in seconds, None is the store's own.

    Every method raises :class:`~janitor.storage.ServiceUnavailable` where the store doesn't
    answer, and :class:`~janitor.names.UnsafeName` for a name that could leave its place.
    """

    def has_log(self, codebase: str, run_id: str, name: str, timeout: float | None = None) -> bool:
        """Return whether there is a log of that name."""
        return self._find(codebase, run_id, name, timeout) is not None

    def get_log(
        self, codebase: str, run_id: str, name: str, timeout: float | None = None
    ) -> BinaryIO:
        """Open the plain text of a log for reading.

        Raises:
            FileNotFoundError: there is no such log.
            LogRetrievalError: from reading, where what is stored is damaged.
        """
        key, _ = self._found(codebase, run_id, name, timeout)
        return _encoding(key).decode(self._store.open(key, timeout=timeout))

    def import_log(  # noqa: PLR0917 - the order is fixed by callers in the field (api.md)
        self,
        codebase: str,
        run_id: str,
        orig_path: str | os.PathLike[str],
        timeout: float | None = None,
        mtime: float | None = None,
        basename: str | None = None,
    ) -> None:
        """Store a log from a file; storing the same one again changes nothing.

        Args:
            codebase: what the run was on.
            run_id: whose log it is.
            orig_path: a regular file with the plain text.
            timeout: of each call of the store, in seconds.
            mtime: when the log was written, in seconds since 1970; the file's by default.
            basename: the log's name; the file's by default.
        """
        name = Path(orig_path).name if basename is None else basename
        file, status = open_regular(orig_path)
        with file:
            written = datetime.fromtimestamp(status.st_mtime if mtime is None else mtime, UTC)
            self.store_log(codebase, run_id, name, file, written, timeout=timeout)

    def store_log(
        self,
        codebase: str,
        run_id: str,
        name: str,
        plain: BinaryIO,
        mtime: datetime,
        *,
        timeout: float | None = None,
    ) -> KeptLog:
        """Store a log from an open file and say what is stored now.

        Args:
            codebase: what the run was on.
            run_id: whose log it is.
            name: the log's name.
            plain: a seekable file with the plain text.
            mtime: when the log was written.
            timeout: of each call of the store, in seconds.
        """
        attempts = (
            self._store_as(codebase, run_id, stored_name, plain, mtime, timeout=timeout)
            for stored_name in _names(name, mtime)
        )
        return next(kept for kept in attempts if kept is not None)

    def iter_logs(self) -> Iterator[tuple[str, str, list[str]]]:
        """Yield the codebase, the run's id and the names of the logs of each run."""
        keys = (key.split("/") for key in self._store.iter_keys())
        ours = (key for key in keys if len(key) == _PARTS)
        for (codebase, run_id), group in groupby(ours, key=lambda key: (key[0], key[1])):
            yield codebase, run_id, sorted({key[2].removesuffix(_ENDING) for key in group})

    def stat_log(
        self, codebase: str, run_id: str, name: str, timeout: float | None = None
    ) -> BlobStat:
        """Return what the store knows of a log; its size is that of what is stored.

        Raises:
            FileNotFoundError: there is no such log.
        """
        return self._found(codebase, run_id, name, timeout)[1]

    def get_ctime(self, codebase: str, run_id: str, name: str) -> datetime:
        """Return when a log was stored, UTC.

        Raises:
            FileNotFoundError: there is no such log.
        """
        return self.stat_log(codebase, run_id, name).created

    def signed_log_url(self, codebase: str, run_id: str, name: str, valid_for: timedelta) -> str:
        """Return a URL under which anybody may read a log as it is stored, for some time.

        Raises:
            FileNotFoundError: there is no such log.
            NoSignedUrls: the store has none.
        """
        return self._store.signed_url(self._found(codebase, run_id, name)[0], valid_for)

    def delete_log(self, codebase: str, run_id: str, name: str) -> None:
        """Delete a log in each form that it is stored in; no harm if there is none."""
        for key in _keys(codebase, run_id, name):
            self._store.delete(key)

    def _store_as(
        self,
        codebase: str,
        run_id: str,
        name: str,
        plain: BinaryIO,
        mtime: datetime,
        *,
        timeout: float | None,
    ) -> KeptLog | None:
        """Store a log under just that name; None where other text has it."""
        found = self._find(codebase, run_id, name, timeout)
        key = found[0] if found else _keys(codebase, run_id, name)[0]
        metadata = Metadata(CONTENT_TYPE, mtime)
        try:
            kept = keep(self._store, key, plain, metadata, encoding=_encoding(key), timeout=timeout)
        except KeyTaken:
            return None
        return KeptLog(name, kept)

    def _find(
        self, codebase: str, run_id: str, name: str, timeout: float | None = None
    ) -> tuple[str, BlobStat] | None:
        for key in _keys(codebase, run_id, name):
            found = self._store.stat(key, timeout=timeout)
            if found is not None:
                return key, found
        return None

    def _found(
        self, codebase: str, run_id: str, name: str, timeout: float | None = None
    ) -> tuple[str, BlobStat]:
        found = self._find(codebase, run_id, name, timeout)
        if found is None:
            raise NoSuchLog(f"{self.location}: run {run_id} of {codebase} has no log {name}")
        return found


class FileSystemLogFileManager(LogFileManager):
    """Keeps logs in a directory.

    Args:
        log_directory: its path; it is made when the first log comes.
    """

    def __init__(self, log_directory: str | os.PathLike[str]) -> None:
        super().__init__(DirectoryStore(log_directory))


def _keys(codebase: str, run_id: str, name: str) -> tuple[str, str]:
    """The keys that a log may be under, ours first."""
    plain = "/".join(
        (
            checked_component(codebase, "codebase"),
            checked_component(run_id, "run id"),
            checked_component(name, "log file"),
        )
    )
    return plain + _ENDING, plain


def _encoding(key: str) -> Encoding:
    return GZIP if key.endswith(_ENDING) else AS_IT_IS


def _names(name: str, mtime: datetime) -> Iterator[str]:
    """A log's own name, then names with the time that it was written.

    The same log asked for again gets the same names in the same order.
    """
    yield name
    for nth in count():
        moment = mtime.astimezone(UTC) + timedelta(microseconds=nth)
        yield f"{name}.{moment:%Y%m%dT%H%M%S.%fZ}"
