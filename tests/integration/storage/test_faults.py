"""What networks and services do to transfers: nothing lost, nothing doubled, no half file.

Between client and server stands a proxy (:mod:`proxy`) that cuts, answers or keeps silent.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from janitor.artifacts import LocalArtifactManager, store_artifacts_with_backup
from janitor.storage import (
    BlobStore,
    Damaged,
    KeyTaken,
    Metadata,
    Refused,
    ServiceUnavailable,
    keep,
)
from tests.integration.storage.conftest import Place, store_of
from tests.integration.storage.proxy import Fault, Proxy, answer
from tests.integration.storage.servers import BUCKET

MIB = 1024 * 1024
METADATA = Metadata("text/plain", datetime(2024, 2, 3, tzinfo=UTC), mode=0o640)
SMALL, LARGE = os.urandom(1000), os.urandom(9 * MIB)
MANY = 100  # more often than anybody tries by itself


@pytest.fixture
def store(proxied: Place) -> BlobStore:
    return proxied.store


def uploads(head: str) -> bool:
    """Whether a request has content in it."""
    return head.startswith(("PUT ", "POST /upload"))


def downloads(head: str) -> bool:
    return head.startswith("GET ") and "range:" in head.lower()


def finishes(head: str) -> bool:
    """Whether a request makes the object visible."""
    return (
        "if-none-match: *" in head.lower()
        or ("ifGenerationMatch=0" in head and "/*" not in head and "uploadType=multipart" in head)
        or ("upload_id=" in head and "/*" not in head)
    )


def any_request(_: str) -> bool:
    return True


def stored_once(bucket: Place, content: bytes) -> None:
    """What another client finds, without the proxy."""
    store = boto_or_google(bucket)
    assert list(store.iter_keys()) == ["run/name"]
    with store.open("run/name") as file:
        assert file.read() == content
    assert parts_left(bucket) == 0


def nothing_stored(bucket: Place) -> None:
    store = boto_or_google(bucket)
    assert list(store.iter_keys()) == []
    assert store.stat("run/name") is None


def boto_or_google(bucket: Place) -> BlobStore:
    if bucket.kind == "gcs":
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STORAGE_EMULATOR_HOST", bucket.server_url)
            store = bucket.store
            list(store.iter_keys())  # the client is made now
        return store
    return Place("s3", f"{bucket.server_url}/{BUCKET}").store


def parts_left(bucket: Place) -> int:
    """How many uploads wait for somebody to finish them; Google's are no objects and expire."""
    if bucket.kind == "gcs":
        return 0
    s3 = boto3.client("s3", endpoint_url=bucket.server_url)
    return len(s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()))


FAULTS = {
    "cut before": Fault(after_request=0),
    "cut in the middle": Fault(after_request=500),
    "answer lost": Fault(after_answer=0),
    "503": answer("503 Service Unavailable"),
    "500": answer("500 Internal Server Error"),
    "429": answer("429 Too Many Requests"),
}


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_one_fault_is_bridged_or_passing(
    proxied: Place, store: BlobStore, proxy: Proxy, fault: Fault, content: bytes
) -> None:
    proxy.plan(fault, uploads)
    try:
        keep(store, "run/name", io.BytesIO(content), METADATA)
    except ServiceUnavailable:  # as the ledger does: once more
        keep(store, "run/name", io.BytesIO(content), METADATA)
    stored_once(proxied, content)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_that_stays_is_told_and_the_next_try_stores_once(
    proxied: Place, store: BlobStore, proxy: Proxy, fault: Fault
) -> None:
    content = LARGE
    proxy.plan(fault, uploads, times=MANY)
    with pytest.raises(ServiceUnavailable):
        keep(store, "run/name", io.BytesIO(content), METADATA)
    if fault.after_answer is None:
        nothing_stored(proxied)
    proxy.forget()
    keep(store, "run/name", io.BytesIO(content), METADATA)
    stored_once(proxied, content)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_an_upload_whose_end_is_cut_is_not_half_there(
    proxied: Place, store: BlobStore, proxy: Proxy, content: bytes
) -> None:
    proxy.plan(Fault(after_request=200), finishes, times=MANY)
    with pytest.raises(ServiceUnavailable):
        store.put("run/name", io.BytesIO(content), METADATA)
    nothing_stored(proxied)
    proxy.forget()
    store.put("run/name", io.BytesIO(content), METADATA)
    stored_once(proxied, content)


def test_an_upload_whose_last_answer_is_lost_is_there_and_known(
    proxied: Place, store: BlobStore, proxy: Proxy
) -> None:
    proxy.plan(Fault(after_answer=0), finishes, times=MANY)
    with pytest.raises((ServiceUnavailable, KeyTaken)):
        store.put("run/name", io.BytesIO(LARGE), METADATA)
    proxy.forget()
    assert keep(store, "run/name", io.BytesIO(LARGE), METADATA).size == len(LARGE)
    stored_once(proxied, LARGE)


def test_what_is_stored_already_is_known_without_a_download(store: BlobStore, proxy: Proxy) -> None:
    kept = keep(store, "run/name", io.BytesIO(LARGE), METADATA)
    assert keep(store, "run/name", io.BytesIO(LARGE), METADATA) == kept
    with pytest.raises(KeyTaken, match="other content"):
        keep(store, "run/name", io.BytesIO(SMALL), METADATA)
    assert not any(downloads(head) for head in proxy.seen)
    # What others stored says nothing of itself and is read.
    store.put("run/theirs", io.BytesIO(LARGE), METADATA)
    assert keep(store, "run/theirs", io.BytesIO(LARGE), METADATA).size == len(LARGE)
    assert any(downloads(head) for head in proxy.seen)


@pytest.mark.parametrize("cut", [0, 100, 5 * MIB])
def test_a_download_that_is_cut_goes_on_or_is_told(
    proxied: Place, store: BlobStore, proxy: Proxy, cut: int
) -> None:
    store.put("run/name", io.BytesIO(LARGE), METADATA)
    proxy.plan(Fault(after_answer=cut), downloads, times=MANY)
    with store.open("run/name") as file:
        try:
            assert file.read() == LARGE  # where the library goes on from the cut
        except ServiceUnavailable:
            assert cut < 5 * MIB or proxied.kind == "s3"
    proxy.forget()
    with store.open("run/name") as file:
        assert file.read() == LARGE


def test_bytes_that_change_on_the_way_are_noticed(store: BlobStore, proxy: Proxy) -> None:
    for content in (SMALL, LARGE):
        store.put(f"run/{len(content)}", io.BytesIO(content), METADATA)
        proxy.plan(Fault(flipped=True), downloads)
        with store.open(f"run/{len(content)}") as file, pytest.raises(Damaged, match="checksum"):
            file.read()


@pytest.mark.parametrize("status", ["503 Slow Down", "429 Too Many Requests"])
def test_a_service_says_when_it_wants_to_be_asked_again(
    store: BlobStore, proxy: Proxy, status: str
) -> None:
    proxy.plan(answer(status, "Retry-After: 17"), any_request, times=MANY)
    for asking in (
        lambda: store.put("run/name", io.BytesIO(SMALL), METADATA),
        lambda: store.put("run/name", io.BytesIO(LARGE), METADATA),
        lambda: store.stat("run/name"),
        lambda: store.open("run/name"),
        lambda: list(store.iter_keys()),
        lambda: store.delete("run/name"),
    ):
        with pytest.raises(ServiceUnavailable, match=status[:3]) as told:
            asking()
        assert told.value.retry_after == timedelta(seconds=17)


def test_a_silent_service_is_not_waited_for(proxied: Place, store: BlobStore, proxy: Proxy) -> None:
    proxy.plan(Fault(silent=True), any_request, times=MANY)
    for asking in (
        lambda: store.put("run/name", io.BytesIO(SMALL), METADATA, timeout=0.2),
        lambda: store.stat("run/name", timeout=0.2),
        lambda: store.open("run/name", timeout=0.2),
    ):
        with pytest.raises(ServiceUnavailable, match="in time"):
            asking()
    proxy.forget()
    nothing_stored(proxied)


def test_a_service_that_is_away_is_unavailable(bucket: Place, unused_url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", unused_url)
        location = bucket.location if bucket.kind == "gcs" else f"{unused_url}/{BUCKET}"
        store = Place(bucket.kind, location).store
        for asking in (
            lambda: store.put("run/name", io.BytesIO(SMALL), METADATA),
            lambda: store.stat("run/name"),
            lambda: store.open("run/name"),
            lambda: list(store.iter_keys()),
            lambda: store.delete("run/name"),
        ):
            with pytest.raises(ServiceUnavailable, match="connection"):
                asking()


def test_a_bucket_that_is_not_there_is_unavailable(bucket: Place) -> None:
    location = bucket.location.replace(BUCKET, "another")
    if bucket.kind == "gcs":
        store = Place("gcs", location).store
    else:
        store = store_of(Place("s3", location).artifacts)
    for content in (SMALL, LARGE):
        with pytest.raises(ServiceUnavailable, match="404"):
            store.put("run/name", io.BytesIO(content), METADATA)


NO = answer("403 Forbidden")


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_403_because_the_object_exists(
    proxied: Place, store: BlobStore, proxy: Proxy, content: bytes
) -> None:
    boto_or_google(proxied).put("run/name", io.BytesIO(content), METADATA)
    proxy.plan(NO, uploads, times=MANY)
    with pytest.raises(KeyTaken):
        store.put("run/name", io.BytesIO(content), METADATA)
    assert keep(store, "run/name", io.BytesIO(content), METADATA).size == len(content)
    with pytest.raises(KeyTaken, match="other content"):
        keep(store, "run/name", io.BytesIO(b"other"), METADATA)
    stored_once(proxied, content)


def test_403_because_somebody_was_faster(proxied: Place, store: BlobStore, proxy: Proxy) -> None:
    class Overtaking(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            direct = boto_or_google(proxied)
            if direct.stat("run/name") is None:
                direct.put("run/name", io.BytesIO(SMALL), METADATA)
            return super().seek(offset, whence)

    proxy.plan(NO, uploads, times=MANY)
    assert keep(store, "run/name", Overtaking(SMALL), METADATA).size == len(SMALL)
    stored_once(proxied, SMALL)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_403_because_we_may_not(
    proxied: Place, store: BlobStore, proxy: Proxy, content: bytes
) -> None:
    proxy.plan(NO, any_request, times=MANY)
    with pytest.raises(Refused, match="403"):
        store.put("run/name", io.BytesIO(content), METADATA)
    with pytest.raises(Refused):
        keep(store, "run/name", io.BytesIO(content), METADATA)
    proxy.forget()
    nothing_stored(proxied)


def test_what_the_bucket_does_not_take_goes_to_the_backup(
    proxied: Place, proxy: Proxy, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    made.mkdir()
    for name in ("a", "b", "c", "d", "e", "f"):
        (made / name).write_bytes(SMALL)
    backup = LocalArtifactManager(tmp_path / "backup")
    proxy.plan(answer("503 Slow Down", "Retry-After: 60"), uploads, times=MANY)
    store_artifacts_with_backup(proxied.artifacts, backup, made, "r1")
    assert backup.names("r1") == ["a", "b", "c", "d", "e", "f"]


@pytest.mark.parametrize("bucket", ["s3"], indirect=True)  # Google's has always had it
def test_a_server_without_the_condition_is_looked_at_first(
    proxied: Place, store: BlobStore, proxy: Proxy
) -> None:
    unknown = answer(
        "501 Not Implemented",
        body=b"<Error><Code>NotImplemented</Code><Message>header</Message></Error>",
    )
    for number, content in enumerate((SMALL, LARGE)):
        proxy.plan(unknown, lambda head: "if-none-match" in head.lower(), times=MANY)
        store.put(f"run/{number}", io.BytesIO(content), METADATA)
        with pytest.raises(KeyTaken):
            store.put(f"run/{number}", io.BytesIO(b"x" * len(content)), METADATA)
        proxy.forget()
        assert store.open(f"run/{number}").read() == content
    assert parts_left(proxied) == 0


FULL_DISK = """
import io, resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from janitor.storage import DirectoryStore, Metadata, ServiceUnavailable

location, limited = sys.argv[1:]
if limited == "limited":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
store = DirectoryStore(location)
metadata = Metadata("text/plain", datetime.now(UTC))
try:
    store.put("run/name", io.BytesIO(bytes(2_000_000)), metadata)
except ServiceUnavailable as error:
    print(error)
assert store.stat("run/name") is None and list(store.iter_keys()) == []
store.put("run/name", io.BytesIO(b"less"), metadata)
# Looked at from here: the file system goes with us.
files = (path for path in Path(location).rglob("*") if path.is_file())
print({str(path.relative_to(location)): path.read_bytes() for path in files})
"""

# A file system of a megabyte that nobody else sees, and that goes with the process.
MOUNTED = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" -c "$3" "$1" full'
FULL = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNTED, "sh"]


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """The same broken-off write as on a full disk, on any machine."""
    assert_told_and_whole([sys.executable, "-c", FULL_DISK, str(tmp_path / "store"), "limited"])


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    can_mount = subprocess.run([*FULL, tmp_path, "true", ""], check=False, capture_output=True)
    if can_mount.returncode != 0:
        pytest.skip("nobody may mount here; test_a_file_that_may_not_grow stands for a full disk")
    said = assert_told_and_whole([*FULL, str(tmp_path), sys.executable, FULL_DISK])
    assert "No space left on device" in said


def assert_told_and_whole(command: list[str]) -> str:
    """The store says that it is full, keeps nothing of the file, and takes a smaller one."""
    ran = subprocess.run(command, check=True, cwd=Path.cwd(), capture_output=True, text=True)
    said, files = ran.stdout.splitlines()
    assert "can't store run/name" in said
    assert files == str({"run/name": b"less"})  # and no half one aside
    return said
