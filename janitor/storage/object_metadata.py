"""What a bucket keeps beside an object's bytes, as the short strings that it can keep.

``mtime`` is in seconds since 1970, as other programs that copy files to buckets write it;
``mode`` is octal. ``sha256`` and ``size`` are of the content before encoding.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from janitor.storage.port import BlobStat, Digest, Metadata

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def as_strings(metadata: Metadata) -> dict[str, str]:
    """Return what is to be kept, in ASCII."""
    microseconds = (metadata.mtime - _EPOCH) // _MICROSECOND
    kept = {"mtime": f"{microseconds / 10**6:.6f}"}
    if metadata.mode is not None:
        # As a directory does: nobody gains rights, and we can read it again.
        kept["mode"] = f"{metadata.mode & 0o777 | stat.S_IRUSR:o}"
    if metadata.digest is not None:
        kept |= {"size": str(metadata.digest.size), "sha256": metadata.digest.sha256}
    return kept


def blob_stat(size: int, created: datetime, kept: Mapping[str, str]) -> BlobStat:
    """Return what a bucket says of an object; what others stored may lack anything.

    Args:
        size: in bytes, as stored.
        created: when it was stored.
        kept: the object's own metadata.
    """
    created = created.astimezone(UTC)
    return BlobStat(
        size=size,
        created=created,
        mtime=_moment(kept.get("mtime"), created),
        mode=_mode(kept.get("mode")),
        digest=_digest(kept),
    )


def _moment(seconds: str | None, otherwise: datetime) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=round(float(seconds or "") * 10**6))
    except (ValueError, OverflowError):  # not ours, or no time at all
        return otherwise


def _mode(octal: str | None) -> int | None:
    try:
        return int(octal or "", 8) & 0o777
    except ValueError:
        return None


def _digest(kept: Mapping[str, str]) -> Digest | None:
    size, sha256 = kept.get("size", ""), kept.get("sha256", "")
    return Digest(int(size), sha256) if size.isdecimal() and sha256 else None
