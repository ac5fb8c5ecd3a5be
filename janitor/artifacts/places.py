"""The kinds of places that artifacts are kept in, and which of them a location names.

A directory and Google Cloud Storage have the keys of :mod:`janitor.artifacts.manager`; an S3
bucket has them in a folder ``artifacts``, so that it can be the bucket of the logs, too.
"""

from __future__ import annotations

import os

from janitor.artifacts.manager import ArtifactManager, LocalArtifactManager
from janitor.storage import GCSBucket, S3Bucket, gcs_store, place_at, s3_store
from janitor.storage.location import FIELD_BUCKET

_FOLDER = "artifacts"


class GCSArtifactManager(ArtifactManager):
    """Keeps artifacts in a bucket of Google Cloud Storage.

    Args:
        location: ``gs://BUCKET/``.
        creds_path: a service account's key file; the machine's credentials by default.
    """

    def __init__(self, location: str, creds_path: str | os.PathLike[str] | None = None) -> None:
        super().__init__(gcs_store(location, creds_path))


class S3ArtifactManager(ArtifactManager):
    """Keeps artifacts in an S3 bucket.

    Args:
        endpoint_url: the server's; None leaves it to the environment, and then to Amazon.
        bucket_name: the bucket; by default the one that services in the field use for logs.
    """

    def __init__(self, endpoint_url: str | None, bucket_name: str = FIELD_BUCKET) -> None:
        super().__init__(s3_store(bucket_name, endpoint_url, _FOLDER))


def get_artifact_manager(location: str) -> ArtifactManager:
    """Return the manager of the artifacts at a location of the configuration.

    Args:
        location: see :func:`janitor.storage.place_at`.

    Raises:
        UnsupportedLocation: it names no store.
        MissingExtra: a library for this kind of store is not installed.
    """
    match place_at(location):
        case GCSBucket():
            return GCSArtifactManager(location)
        case S3Bucket(name, endpoint_url):
            return S3ArtifactManager(endpoint_url, name)
        case directory:
            return LocalArtifactManager(directory)
