"""What buckets have in common: the promises of the port, kept with a few calls of a service.

An upload is finished by one request that says "only if nothing is there", so that an object
is there whole or not at all and never replaces another. The adapters
(:mod:`janitor.storage.gcs`, :mod:`janitor.storage.s3`) know how each service is asked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import BoundedSemaphore
from typing import BinaryIO

from janitor.errors import Failure
from janitor.storage.keys import checked_key, is_key
from janitor.storage.pieces import PIECE, Checksum, Outgoing, incoming
from janitor.storage.port import (
    BlobStat,
    KeyTaken,
    Metadata,
    NoSuchBlob,
    Refused,
    ServiceUnavailable,
)

TIMEOUT = 60.0  # seconds that a service may be silent, unless somebody says otherwise
LONGEST_SIGNED = timedelta(days=7)  # what both services allow

# Files of several pieces on their way at a time in a process: each costs some 15 MiB, while of
# small files four together (janitor.storage.parallel) cost less than one of them.
_LARGE = BoundedSemaphore(2)


@dataclass(frozen=True)
class Found:
    """An object as a service describes it.

    Args:
        stat: what the port tells of it.
        version: tells it from one that comes under the same key later.
        checksum: of its bytes, where the service knows one.
    """

    stat: BlobStat
    version: str
    checksum: Checksum | None


class BucketStore(ABC):
    """A bucket, or a folder of one; see :class:`janitor.storage.port.BlobStore`.

    Args:
        bucket: its name.
        folder: before each key, so that several stores can share a bucket.
    """

    keeps_digest = True

    def __init__(self, bucket: str, folder: str = "") -> None:
        self._bucket_name = bucket
        self._prefix = f"{folder}/" if folder else ""

    @property
    @abstractmethod
    def location(self) -> str:
        """Where the bucket is, for messages."""

    def put(
        self, key: str, content: BinaryIO, metadata: Metadata, *, timeout: float | None = None
    ) -> int:
        """Upload an object; see :meth:`janitor.storage.port.BlobStore.put`."""
        name = self._object_name(key)
        large = metadata.digest is None or metadata.digest.size >= PIECE
        try:
            with self._answering(f"store {key}"), _LARGE if large else nullcontext():
                outgoing = Outgoing(content)
                self._upload(name, outgoing, metadata, timeout or TIMEOUT)
                return outgoing.tell()
        except Refused:
            # Who may create and not replace hears the same "no" for a key that is taken.
            if self._is_there(key, timeout):
                raise KeyTaken(f"{self.location}: {key} is taken") from None
            raise

    def open(self, key: str, *, timeout: float | None = None) -> BinaryIO:
        """Open an object; see :meth:`janitor.storage.port.BlobStore.open`.

        Reading to the end raises :class:`~janitor.storage.port.Damaged` where the bytes have
        not the checksum that the service knows.
        """
        name = self._object_name(key)
        with self._answering(f"read {key}"):
            found = self._look(name, timeout or TIMEOUT)
        if found is None:
            raise NoSuchBlob(f"{self.location}: there is no {key}")

        def fetch(start: int, end: int) -> bytes:
            with self._answering(f"read {key}"):
                return self._fetch(name, found.version, start, end, timeout or TIMEOUT)

        return incoming(found.stat.size, fetch, found.checksum, f"{self.location}: {key}")

    def stat(self, key: str, *, timeout: float | None = None) -> BlobStat | None:
        """Look at an object; see :meth:`janitor.storage.port.BlobStore.stat`."""
        with self._answering(f"look at {key}"):
            found = self._look(self._object_name(key), timeout or TIMEOUT)
        return None if found is None else found.stat

    def iter_keys(self, under: str = "") -> Iterator[str]:
        """Yield keys; see :meth:`janitor.storage.port.BlobStore.iter_keys`.

        Both services list in the order of the names' bytes. What others left there under
        names that are no keys here, such as the marks of empty folders, is passed over.
        """
        prefix = self._prefix + ("/".join([*checked_key(under), ""]) if under else "")
        with self._answering(f"list {under or 'what is there'}"):
            for name in self._names(prefix):
                key = name.removeprefix(self._prefix)
                if is_key(key):
                    yield key

    def delete(self, key: str) -> bool:
        """Delete an object; see :meth:`janitor.storage.port.BlobStore.delete`."""
        with self._answering(f"delete {key}"):
            return self._remove(self._object_name(key))

    def url(self, key: str) -> str:
        """Return the URL that an object has for those who may read it."""
        return self._url(self._object_name(key))

    def signed_url(self, key: str, valid_for: timedelta) -> str:
        """Return a URL for anybody; see :meth:`janitor.storage.port.BlobStore.signed_url`."""
        if not timedelta(0) < valid_for <= LONGEST_SIGNED:
            raise Failure(f"a signed URL can be valid for at most 7 days, not {valid_for}")
        with self._answering(f"sign a URL of {key}"):
            return self._signed_url(self._object_name(key), valid_for)

    def _object_name(self, key: str) -> str:
        return self._prefix + "/".join(checked_key(key))

    def _is_there(self, key: str, timeout: float | None) -> bool:
        with suppress(ServiceUnavailable):
            return self.stat(key, timeout=timeout) is not None
        return False

    @abstractmethod
    def _answering(self, doing: str) -> AbstractContextManager[None]:
        """Turn what the service's library raises into what a store says."""

    @abstractmethod
    def _upload(self, name: str, content: Outgoing, metadata: Metadata, timeout: float) -> None:
        """Make an object; raises KeyTaken where there is one."""

    @abstractmethod
    def _look(self, name: str, timeout: float) -> Found | None:
        """Describe an object; None where there is none."""

    @abstractmethod
    def _fetch(self, name: str, version: str, start: int, end: int, timeout: float) -> bytes:
        """Get bytes of just that version."""

    @abstractmethod
    def _names(self, prefix: str) -> Iterator[str]:
        """Yield the names of the objects that begin so, in order."""

    @abstractmethod
    def _remove(self, name: str) -> bool:
        """Delete an object; returns whether there was one."""

    @abstractmethod
    def _url(self, name: str) -> str:
        """Return an object's URL."""

    @abstractmethod
    def _signed_url(self, name: str, valid_for: timedelta) -> str:
        """Return an object's URL with a signature."""
