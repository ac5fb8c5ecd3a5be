"""One small blob-store port and its adapters.

A store keeps bytes under keys; it knows nothing of runs. :mod:`janitor.logs` and
:mod:`janitor.artifacts` are key schemes and policy over it.
"""

from janitor.storage.backup import Location, with_backup
from janitor.storage.directory import DirectoryStore
from janitor.storage.keeping import AS_IT_IS, Encoding, Kept, keep
from janitor.storage.location import (
    GCSBucket,
    MissingExtra,
    S3Bucket,
    UnsupportedLocation,
    directory_at,
    gcs_store,
    place_at,
    s3_store,
)
from janitor.storage.manager import BlobManager
from janitor.storage.parallel import in_parallel
from janitor.storage.port import (
    BlobStat,
    BlobStore,
    Damaged,
    Digest,
    KeyTaken,
    Metadata,
    NoSignedUrls,
    NoSuchBlob,
    Refused,
    ServiceUnavailable,
)
from janitor.storage.regular_file import NotRegular, open_regular

__all__ = [
    "AS_IT_IS",
    "BlobManager",
    "BlobStat",
    "BlobStore",
    "Damaged",
    "Digest",
    "DirectoryStore",
    "Encoding",
    "GCSBucket",
    "Kept",
    "KeyTaken",
    "Location",
    "Metadata",
    "MissingExtra",
    "NoSignedUrls",
    "NoSuchBlob",
    "NotRegular",
    "Refused",
    "S3Bucket",
    "ServiceUnavailable",
    "UnsupportedLocation",
    "directory_at",
    "gcs_store",
    "in_parallel",
    "keep",
    "open_regular",
    "place_at",
    "s3_store",
    "with_backup",
]
