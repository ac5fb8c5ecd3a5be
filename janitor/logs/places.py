"""The kinds of places that logs are kept in, and which of them a location names.

A directory and Google Cloud Storage have the keys of :mod:`janitor.logs.manager`; an S3
bucket has them in a folder ``logs``, where services in the field look.
"""

from __future__ import annotations

import os

from janitor.logs.manager import FileSystemLogFileManager, LogFileManager
from janitor.storage import GCSBucket, S3Bucket, gcs_store, place_at, s3_store
from janitor.storage.location import FIELD_BUCKET

_FOLDER = "logs"


class GCSLogFileManager(LogFileManager):
    """Keeps logs in a bucket of Google Cloud Storage.

    Args:
        location: ``gs://BUCKET/``.
        creds_path: a service account's key file; the machine's credentials by default.
    """

    def __init__(self, location: str, creds_path: str | os.PathLike[str] | None = None) -> None:
        super().__init__(gcs_store(location, creds_path))


class S3LogFileManager(LogFileManager):
    """Keeps logs in an S3 bucket.

    Args:
        endpoint_url: the server's; None leaves it to the environment, and then to Amazon.
        bucket_name: the bucket; by default the one that services in the field use.
    """

    def __init__(self, endpoint_url: str | None, bucket_name: str = FIELD_BUCKET) -> None:
        super().__init__(s3_store(bucket_name, endpoint_url, _FOLDER))


def get_log_manager(location: str) -> LogFileManager:
    """Return the manager of the logs at a location of the configuration.

    Args:
        location: see :func:`janitor.storage.place_at`.

    Raises:
        UnsupportedLocation: it names no store.
        MissingExtra: a library for this kind of store is not installed.
    """
    match place_at(location):
        case GCSBucket():
            return GCSLogFileManager(location)
        case S3Bucket(name, endpoint_url):
            return S3LogFileManager(endpoint_url, name)
        case directory:
            return FileSystemLogFileManager(directory)
