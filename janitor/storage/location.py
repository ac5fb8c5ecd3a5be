"""From a location in the configuration to the store that it names."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from janitor.errors import Failure
from janitor.redaction import redact
from janitor.storage.port import BlobStore

_URL = re.compile(r"[a-z][a-z0-9+.\-]*:/", re.IGNORECASE)

FIELD_BUCKET = "debian-janitor"  # what services in the field use at an S3 endpoint


class UnsupportedLocation(Failure):
    """A location that names no store."""


class MissingExtra(Failure):
    """A kind of store whose library is not installed."""


@dataclass(frozen=True)
class GCSBucket:
    """A bucket of Google Cloud Storage."""

    name: str


@dataclass(frozen=True)
class S3Bucket:
    """A bucket of S3, or of a server that speaks like it.

    Args:
        name: of the bucket.
        endpoint_url: the server's; None leaves it to the environment, and then to Amazon.
    """

    name: str
    endpoint_url: str | None = None


def place_at(location: str) -> Path | GCSBucket | S3Bucket:
    """Return what a location names.

    Args:
        location: a path, ``gs://BUCKET/``, ``s3://BUCKET``, ``http(s)://ENDPOINT`` or
            ``http(s)://ENDPOINT/BUCKET``, as it stands in the configuration.

    Raises:
        UnsupportedLocation: it is empty, or another kind of URL, or has credentials in it.
    """
    if not location:
        raise UnsupportedLocation("a storage location is empty; give a directory or a bucket")
    if not _URL.match(location):
        return Path(location).absolute()
    url = urlsplit(location)
    if url.username is not None or url.query or url.fragment:
        raise UnsupportedLocation(
            f"{redact(location)}: a location is a place and nothing more; credentials belong into"
            " the environment or a file of their own"
        )
    bucket = url.path.strip("/")
    if url.scheme in {"gs", "s3"} and url.netloc and not bucket:
        return GCSBucket(url.netloc) if url.scheme == "gs" else S3Bucket(url.netloc)
    if url.scheme in {"http", "https"} and url.netloc and "/" not in bucket:
        return S3Bucket(bucket or FIELD_BUCKET, f"{url.scheme}://{url.netloc}")
    raise UnsupportedLocation(
        f"{redact(location)}: this is no location of a store; give a path, gs://BUCKET/,"
        " s3://BUCKET or http(s)://ENDPOINT/BUCKET"
    )


def directory_at(location: str) -> Path:
    """Return the directory that a location names.

    Args:
        location: a path, as it stands in the configuration; it need not exist.

    Raises:
        UnsupportedLocation: it is empty, or a URL.
    """
    if _URL.match(location):
        raise UnsupportedLocation(
            f"{redact(location)}: directories only can be used here; give the path of one"
        )
    if not location:
        raise UnsupportedLocation("a storage location is empty; give the path of a directory")
    return Path(location).absolute()


def gcs_store(location: str, creds_path: str | os.PathLike[str] | None = None) -> BlobStore:
    """Return the store in a bucket of Google Cloud Storage; nothing is asked of it yet.

    Args:
        location: ``gs://BUCKET/``.
        creds_path: a service account's key file; the machine's credentials by default.

    Raises:
        UnsupportedLocation: it is of another form.
        MissingExtra: Google's library is not installed.
    """
    place = place_at(location)
    if not isinstance(place, GCSBucket):
        raise UnsupportedLocation(f"{location}: this is not of the form gs://BUCKET/")
    try:
        # Here and not above: it is an extra, and slow to import.
        from janitor.storage.gcs import GCSStore  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _missing("gcs", location) from error
    return GCSStore(place.name, creds_path)


def s3_store(bucket: str, endpoint_url: str | None, folder: str) -> BlobStore:
    """Return the store in a folder of an S3 bucket; nothing is asked of it yet.

    Args:
        bucket: its name.
        endpoint_url: see :class:`S3Bucket`.
        folder: before each key.

    Raises:
        MissingExtra: Amazon's library is not installed.
    """
    try:
        # Here and not above: it is an extra, and slow to import.
        from janitor.storage.s3 import S3Store  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _missing("s3", f"s3://{bucket}") from error
    return S3Store(bucket, endpoint_url, folder)


def _missing(extra: str, location: str) -> MissingExtra:
    return MissingExtra(
        f"{location}: this kind of store needs a library that is not installed; install"
        f" janitor-workers[{extra}]"
    )
