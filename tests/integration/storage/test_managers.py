"""Logs and artifacts in every kind of place."""

from __future__ import annotations

import gzip
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
import requests

from janitor.artifacts import ArtifactsMissing, upload_backup_artifacts
from janitor.errors import Failure
from janitor.names import UnsafeName
from janitor.storage import KeyTaken, Metadata, NoSignedUrls
from tests.integration.storage.conftest import Place, store_of
from tests.integration.storage.servers import BUCKET

SECONDS = 1_700_000_000.25
TEXT = b"line one\nline two\n" * 100
HOUR = timedelta(hours=1)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A directory with artifacts, and things that are none."""
    directory = tmp_path / "made"
    directory.mkdir()
    for name, mode in (("tool", 0o755), ("notes.txt", 0o640), ("журнал.txt", 0o600)):
        (directory / name).write_text(f"content of {name}")
        (directory / name).chmod(mode)
        os.utime(directory / name, (SECONDS, SECONDS))
    (directory / "directory").mkdir()
    (directory / "link").symlink_to("/etc/passwd")
    (directory / "device").symlink_to("/dev/zero")
    os.mkfifo(directory / "pipe")
    return directory


def a_log(tmp_path: Path, content: bytes = TEXT) -> Path:
    path = tmp_path / "worker.log"
    path.write_bytes(content)
    os.utime(path, (SECONDS, SECONDS))
    return path


def keys(place: Place) -> list[str]:
    """What is stored, looked at behind the managers' back."""
    if place.kind == "s3":
        found = boto3.client("s3", endpoint_url=place.server_url).list_objects_v2(Bucket=BUCKET)
        return [entry["Key"] for entry in found.get("Contents", ())]
    return list(place.store.iter_keys())


def test_a_log_comes_back_as_it_was(place: Place, tmp_path: Path) -> None:
    with place.logs as logs:
        for _ in range(2):
            logs.import_log("hello", "r1", a_log(tmp_path), timeout=30)
        assert logs.has_log("hello", "r1", "worker.log")
        assert not logs.has_log("hello", "r2", "worker.log")
        with logs.get_log("hello", "r1", "worker.log") as log:
            assert log.read() == TEXT
        assert list(logs.iter_logs()) == [("hello", "r1", ["worker.log"])]
        assert logs.stat_log("hello", "r1", "worker.log").mtime.timestamp() == SECONDS
        age = datetime.now(UTC) - logs.get_ctime("hello", "r1", "worker.log")
        assert timedelta(seconds=-1) < age < HOUR  # unlike its mtime, years ago
    prefix = "logs/" if place.kind == "s3" else ""
    assert keys(place) == [f"{prefix}hello/r1/worker.log.gz"]


def test_other_text_gets_a_name_of_its_own(place: Place, tmp_path: Path) -> None:
    logs = place.logs
    for content in (TEXT, b"second", TEXT, b"second"):
        logs.import_log("hello", "r1", a_log(tmp_path, content))
    names = ["worker.log", "worker.log.20231114T221320.250000Z"]
    assert list(logs.iter_logs()) == [("hello", "r1", names)]
    assert [logs.get_log("hello", "r1", name).read() for name in names] == [TEXT, b"second"]


def test_a_log_that_another_program_stored_is_served(place: Place, tmp_path: Path) -> None:
    metadata = Metadata("text/plain", datetime.now(UTC))
    logs = place.logs
    store = store_of(logs)
    store.put("hello/r1/worker.log.gz", io.BytesIO(gzip.compress(TEXT, 1)), metadata)
    store.put("hello/r1/build.log", io.BytesIO(TEXT), metadata)
    for name in ("worker.log", "build.log"):
        assert logs.get_log("hello", "r1", name).read() == TEXT
        logs.import_log("hello", "r1", a_log(tmp_path), basename=name)
    assert len(keys(place)) == 2


def test_what_is_missing_is_not_found(place: Place) -> None:
    logs = place.logs
    for asking in (logs.get_log, logs.get_ctime):
        with pytest.raises(FileNotFoundError, match=r"worker\.log"):
            asking("hello", "r1", "worker.log")
    logs.delete_log("hello", "r1", "worker.log")
    assert list(logs.iter_logs()) == []


def test_artifacts_come_back_with_time_and_mode(place: Place, made: Path, tmp_path: Path) -> None:
    artifacts = place.artifacts
    for _ in range(2):
        artifacts.store_artifacts("r1", made)
    assert artifacts.names("r1") == ["notes.txt", "tool", "журнал.txt"]
    back = tmp_path / "back"
    back.mkdir()
    artifacts.retrieve_artifacts("r1", back, lambda name: name != "notes.txt", timeout=30)
    assert sorted(path.name for path in back.iterdir()) == ["tool", "журнал.txt"]
    status = (back / "tool").stat()
    assert (status.st_mode & 0o7777, status.st_mtime) == (0o755, SECONDS)
    assert (back / "tool").read_text() == "content of tool"
    (made / "tool").write_text("something else")
    with pytest.raises(KeyTaken, match="r1/tool"):
        artifacts.store_artifacts("r1", made)
    assert artifacts.get_artifact("r1", "tool").read() == b"content of tool"


def test_deleting_and_listing_runs(place: Place, made: Path) -> None:
    artifacts = place.artifacts
    for run_id in ("r2", "r1", "r10"):
        artifacts.store_artifacts(run_id, made, ["tool"])
    artifacts.delete_artifacts("r2")
    assert sorted(artifacts.iter_ids()) == ["r1", "r10"]
    for asking in (artifacts.names, artifacts.delete_artifacts):
        with pytest.raises(ArtifactsMissing):
            asking("r2")
    with pytest.raises(ArtifactsMissing):
        artifacts.get_artifact("r2", "tool")


@pytest.mark.parametrize("bucket", ["s3"], indirect=True)
def test_logs_and_artifacts_can_share_an_s3_bucket(
    bucket: Place, made: Path, tmp_path: Path
) -> None:
    bucket.logs.import_log("hello", "r1", a_log(tmp_path))
    bucket.artifacts.store_artifacts("r1", made, ["tool"])
    assert list(bucket.artifacts.iter_ids()) == ["r1"]
    assert list(bucket.logs.iter_logs()) == [("hello", "r1", ["worker.log"])]


@pytest.mark.parametrize("place", ["directory", "gcs"], indirect=True)
def test_elsewhere_each_has_a_place_of_its_own(place: Place, made: Path, tmp_path: Path) -> None:
    """Keys are those of the field there, without a folder; nothing is lost in a shared place."""
    place.logs.import_log("hello", "r1", a_log(tmp_path))
    place.artifacts.store_artifacts("r1", made, ["tool"])
    assert list(place.logs.iter_logs()) == [("hello", "r1", ["worker.log"])]
    assert list(place.artifacts.iter_ids()) == ["hello", "r1"]  # one of them is no run
    with pytest.raises(UnsafeName):
        place.artifacts.delete_artifacts("hello")
    assert place.logs.get_log("hello", "r1", "worker.log").read() == TEXT


def test_the_backup_moves_into_a_bucket(bucket: Place, made: Path, tmp_path: Path) -> None:
    backup = Place("directory", str(tmp_path / "backup")).artifacts
    backup.store_artifacts("r1", made)
    assert upload_backup_artifacts(backup, bucket.artifacts) == ["r1"]
    assert list(backup.iter_ids()) == []
    assert bucket.artifacts.stat_artifact("r1", "tool").mode == 0o755


def test_the_public_url(place: Place) -> None:
    url = place.artifacts.public_artifact_url("r1", "a file.txt")
    before = {
        "directory": f"file://{place.location}/",
        "gcs": f"https://storage.googleapis.com/{BUCKET}/",
        "s3": f"{place.location}/artifacts/",
    }
    assert url == f"{before[place.kind]}r1/a%20file.txt"


@pytest.mark.parametrize("bucket", ["s3"], indirect=True)  # for Google's see test_credentials
def test_a_signed_url_is_good_for_reading(bucket: Place, made: Path, tmp_path: Path) -> None:
    bucket.artifacts.store_artifacts("r1", made, ["tool"])
    bucket.logs.import_log("hello", "r1", a_log(tmp_path))
    url = bucket.artifacts.signed_artifact_url("r1", "tool", HOUR)
    assert "X-Amz-Expires=3600" in url
    assert requests.get(url, timeout=60).content == b"content of tool"
    url = bucket.logs.signed_log_url("hello", "r1", "worker.log", HOUR)
    assert gzip.decompress(requests.get(url, timeout=60).content) == TEXT


@pytest.mark.parametrize("bucket", ["gcs"], indirect=True)
def test_without_a_key_nothing_is_signed(bucket: Place) -> None:
    with pytest.raises(Failure, match="use a service account's key file"):
        bucket.artifacts.signed_artifact_url("r1", "tool", HOUR)


def test_a_directory_has_no_signed_urls(tmp_path: Path) -> None:
    with pytest.raises(NoSignedUrls):
        Place("directory", str(tmp_path)).artifacts.signed_artifact_url("r1", "tool", HOUR)


@pytest.mark.parametrize("valid_for", [timedelta(0), timedelta(days=7, seconds=1), -HOUR])
def test_a_signature_has_an_end(bucket: Place, valid_for: timedelta) -> None:
    with pytest.raises(Failure, match="7 days"):
        bucket.artifacts.signed_artifact_url("r1", "tool", valid_for)


def test_uploads_are_private(proxied: Place, proxy: object, made: Path) -> None:
    (made / "big").write_bytes(os.urandom(9 * 1024 * 1024))
    proxied.artifacts.store_artifacts("r1", made, ["tool", "big"])
    heads = "".join(proxy.seen).lower()  # type: ignore[attr-defined]
    assert "predefinedacl" not in heads
    assert "x-amz-acl" not in heads


@pytest.mark.parametrize("bucket", ["s3"], indirect=True)  # Google's emulator knows no rights
def test_an_upload_is_its_owners(bucket: Place, made: Path) -> None:
    bucket.artifacts.store_artifacts("r1", made, ["tool"])
    s3 = boto3.client("s3", endpoint_url=bucket.server_url)
    grants = s3.get_object_acl(Bucket=BUCKET, Key="artifacts/r1/tool")["Grants"]
    assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"]


@pytest.mark.parametrize("name", ["..", "../x", "/etc/passwd", "", "a\nb", "a\0", "x" * 256])
def test_names_that_could_leave_the_place_are_refused(
    place: Place, made: Path, tmp_path: Path, name: str
) -> None:
    artifacts, logs = place.artifacts, place.logs
    for asking in (
        lambda: artifacts.store_artifacts(name, made),
        lambda: artifacts.store_artifacts("r1", made, [name]),
        lambda: artifacts.get_artifact("r1", name),
        lambda: artifacts.public_artifact_url("r1", name),
        lambda: artifacts.delete_artifacts(name),
        lambda: logs.import_log(name, "r1", a_log(tmp_path)),
        lambda: logs.import_log("hello", "r1", a_log(tmp_path), basename=name),
        lambda: logs.get_log("hello", name, "worker.log"),
    ):
        with pytest.raises(UnsafeName):
            asking()
    assert keys(place) == []
