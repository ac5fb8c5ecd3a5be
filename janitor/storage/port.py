"""What a blob store can do, and how it says that it can't.

The adapters (:mod:`janitor.storage.directory`, :mod:`janitor.storage.gcs`,
:mod:`janitor.storage.s3`) keep these promises; whoever stores goes through
:mod:`janitor.storage.keeping`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, NamedTuple, Protocol

from janitor.errors import Failure, PassingError

CHUNK = 256 * 1024  # bytes read or written at a time; what a stream costs in memory


class ServiceUnavailable(PassingError):
    """A store that is away, takes too long, is full or refuses us."""


class Refused(ServiceUnavailable):
    """A store that doesn't let us do it; somebody has to change our rights there."""


class KeyTaken(Failure):
    """There is something under the key already; it was not touched."""


class NoSuchBlob(Failure, FileNotFoundError):
    """There is nothing under the key."""


class NoSignedUrls(Failure):
    """A store that can't let anybody read just one thing for some time."""


class Damaged(Failure):
    """What is stored can't be read as what it should be."""


class Digest(NamedTuple):
    """What tells one content from another: size in bytes and SHA-256 in hex."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Metadata:
    """What is known of a blob beside its bytes.

    Args:
        content_type: its media type; a directory has no place for it.
        mtime: when the content was last changed, with a zone.
        mode: permission bits of the file that it was; None leaves them to the store.
        digest: of the content before encoding, where it is known; a directory has no place
            for it.
    """

    content_type: str
    mtime: datetime
    mode: int | None = None
    digest: Digest | None = None


@dataclass(frozen=True)
class BlobStat:
    """A blob as the store sees it.

    Args:
        size: in bytes, as stored.
        created: when it was stored, UTC.
        mtime: as in its :class:`Metadata`, UTC.
        mode: permission bits, where the store keeps them.
        digest: as in its metadata, where the store keeps it.
    """

    size: int
    created: datetime
    mtime: datetime
    mode: int | None
    digest: Digest | None = None


class BlobStore(Protocol):
    """Bytes under keys; a key is one or more safe names joined with ``/``.

    Every method raises :class:`ServiceUnavailable` where the store doesn't answer, and
    :class:`~janitor.names.UnsafeName` for a key that could leave its place. ``timeout`` is
    in seconds; None is the store's own.
    """

    @property
    def location(self) -> str:
        """Where the store is, for messages; without secrets."""

    @property
    def keeps_digest(self) -> bool:
        """Whether a digest in the metadata comes back, and is worth taking beforehand."""

    def put(
        self, key: str, content: BinaryIO, metadata: Metadata, *, timeout: float | None = None
    ) -> int:
        """Store a stream under a new key, whole or not at all.

        Args:
            key: where; nothing must be there.
            content: read to its end, a piece at a time.
            metadata: kept with it as far as the store can.
            timeout: see the class.

        Returns:
            How many bytes are stored.

        Raises:
            KeyTaken: there is something already; it was not touched.
        """

    def open(self, key: str, *, timeout: float | None = None) -> BinaryIO:
        """Open what is stored for reading.

        Raises:
            NoSuchBlob: nothing is.
        """

    def stat(self, key: str, *, timeout: float | None = None) -> BlobStat | None:
        """Return what is known of a key, None where there is nothing."""

    def iter_keys(self, under: str = "") -> Iterator[str]:
        """Yield each key, or each that begins with ``under`` and a ``/``.

        Those with the same first names come one after the other.
        """

    def delete(self, key: str) -> bool:
        """Delete a key; returns whether there was anything."""

    def url(self, key: str) -> str:
        """Return the URL that a key has, or would have, for those who may read it."""

    def signed_url(self, key: str, valid_for: timedelta) -> str:
        """Return a URL under which anybody may read what is stored, for some time.

        Args:
            key: what; it need not be there.
            valid_for: how long, from now on.

        Raises:
            NoSignedUrls: this kind of store has none.
        """
