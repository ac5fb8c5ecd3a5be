"""One small blob-store port and its adapters.

A store keeps bytes under keys; it knows nothing of runs. :mod:`janitor.logs` and
:mod:`janitor.artifacts` are key schemes and policy over it.
"""

from janitor.storage.backup import Location, with_backup
from janitor.storage.directory import DirectoryStore
from janitor.storage.keeping import AS_IT_IS, Encoding, Kept, keep
from janitor.storage.location import UnsupportedLocation, directory_at
from janitor.storage.manager import BlobManager
from janitor.storage.port import (
    BlobStat,
    BlobStore,
    Damaged,
    KeyTaken,
    Metadata,
    NoSuchBlob,
    ServiceUnavailable,
)
from janitor.storage.regular_file import NotRegular, open_regular

__all__ = [
    "AS_IT_IS",
    "BlobManager",
    "BlobStat",
    "BlobStore",
    "Damaged",
    "DirectoryStore",
    "Encoding",
    "Kept",
    "KeyTaken",
    "Location",
    "Metadata",
    "NoSuchBlob",
    "NotRegular",
    "ServiceUnavailable",
    "UnsupportedLocation",
    "directory_at",
    "keep",
    "open_regular",
    "with_backup",
]
