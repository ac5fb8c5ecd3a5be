"""What a storage location may be, and what is said of one that may not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from janitor.artifacts import (
    GCSArtifactManager,
    LocalArtifactManager,
    S3ArtifactManager,
    get_artifact_manager,
)
from janitor.logs import (
    FileSystemLogFileManager,
    GCSLogFileManager,
    S3LogFileManager,
    get_log_manager,
)
from janitor.storage import GCSBucket, MissingExtra, S3Bucket, UnsupportedLocation, place_at


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("/var/logs", Path("/var/logs")),
        ("logs", Path("logs").absolute()),
        ("gs://bucket/", GCSBucket("bucket")),
        ("gs://bucket", GCSBucket("bucket")),
        ("s3://bucket", S3Bucket("bucket")),
        ("https://s3.example", S3Bucket("debian-janitor", "https://s3.example")),
        ("http://localhost:9000/", S3Bucket("debian-janitor", "http://localhost:9000")),
        ("http://[::1]:9000/logs/", S3Bucket("logs", "http://[::1]:9000")),
    ],
)
def test_a_location_names_a_place(location: str, place: object) -> None:
    assert place_at(location) == place


@pytest.mark.parametrize(
    "location",
    ["", "gs://", "gs://a/b", "s3:///b", "ftp://x/", "file:///logs", "http://x/a/b", "http:///a"],
)
def test_other_locations_are_refused(location: str) -> None:
    with pytest.raises(UnsupportedLocation):
        place_at(location)


@pytest.mark.parametrize(
    "location",
    [
        "https://AKIAKEY:planted-hidden@s3.example/",
        "https://planted-hidden@s3.example/",
        "https://s3.example/?secret=planted-hidden",
        "ftp://user:planted-hidden@host/",
    ],
)
def test_credentials_in_a_location_are_refused_and_not_repeated(location: str) -> None:
    with pytest.raises(UnsupportedLocation) as refusal:
        place_at(location)
    assert "planted-hidden" not in str(refusal.value)


def test_a_location_gets_its_managers(tmp_path: Path) -> None:
    kinds = {
        str(tmp_path): (FileSystemLogFileManager, LocalArtifactManager),
        "gs://bucket/": (GCSLogFileManager, GCSArtifactManager),
        "http://localhost:9000/bucket": (S3LogFileManager, S3ArtifactManager),
        "s3://bucket": (S3LogFileManager, S3ArtifactManager),
    }
    for location, (logs, artifacts) in kinds.items():
        assert type(get_log_manager(location)) is logs
        assert type(get_artifact_manager(location)) is artifacts
    with pytest.raises(UnsupportedLocation, match="gs://BUCKET/"):
        GCSLogFileManager("/var/logs")


@pytest.mark.parametrize(
    ("location", "library", "extra"),
    [
        ("gs://bucket/", "google.cloud.storage", "gcs"),
        ("http://localhost:9000", "boto3", "s3"),
    ],
)
def test_a_missing_library_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, location: str, library: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # as if it were not installed
    for module in [name for name in sys.modules if name.startswith(f"janitor.storage.{extra}")]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(MissingExtra, match=rf"janitor-workers\[{extra}\]"):
        get_log_manager(location)
