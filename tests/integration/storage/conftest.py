"""Each kind of store, empty, on a server that all tests of the session share."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from janitor.artifacts import ArtifactManager, get_artifact_manager
from janitor.logs import LogFileManager, get_log_manager
from janitor.storage import BlobManager, BlobStore, DirectoryStore, gcs_store, s3_store
from tests.integration.storage.proxy import Proxy, proxy_to
from tests.integration.storage.servers import BUCKET, gcs_server, s3_server

KINDS = ("directory", "gcs", "s3")
CLOUDS = ("gcs", "s3")


@dataclass(frozen=True)
class Place:
    """A kind of store, and how it is reached.

    Args:
        kind: one of ``KINDS``.
        location: what a configuration says.
        server_url: of its server, for looking behind the store's back.
    """

    kind: str
    location: str
    server_url: str = ""

    @property
    def store(self) -> BlobStore:
        """A store of its own."""
        if self.kind == "directory":
            return DirectoryStore(self.location)
        if self.kind == "gcs":
            return gcs_store(self.location)
        return s3_store(BUCKET, self.location.removesuffix(f"/{BUCKET}"), "blobs")

    @property
    def logs(self) -> LogFileManager:
        """A log manager of its own."""
        return get_log_manager(self.location)

    @property
    def artifacts(self) -> ArtifactManager:
        """An artifact manager of its own."""
        return get_artifact_manager(self.location)


def store_of(manager: BlobManager) -> BlobStore:
    """The store below a manager, for looking at it without the manager."""
    return manager._store  # noqa: SLF001 - nobody but tests goes around a manager


@pytest.fixture(scope="session")
def gcs_url() -> Iterator[str]:
    with gcs_server() as url:
        yield url


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of the tests and no others, whatever the machine has."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIATESTTESTTEST",
        "AWS_SECRET_ACCESS_KEY": "planted-secret-access-key",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def opened(
    credentials: None,  # noqa: ARG001 - asked for, so that it is there
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Callable[[str], Place]:
    """Opens an empty place of a kind."""

    def opening(kind: str) -> Place:
        if kind == "directory":
            return Place(kind, str(tmp_path / "store"))
        url: str = request.getfixturevalue(f"{kind}_url")
        empty(kind, url)
        if kind == "gcs":
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
            return Place(kind, f"gs://{BUCKET}/", url)
        return Place(kind, f"{url}/{BUCKET}", url)

    return opening


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, opened: Callable[[str], Place]) -> Place:
    """An empty place of each kind."""
    return opened(request.param)


@pytest.fixture(params=CLOUDS)
def bucket(request: pytest.FixtureRequest, opened: Callable[[str], Place]) -> Place:
    """An empty bucket of each kind."""
    return opened(request.param)


@pytest.fixture
def proxy(bucket: Place) -> Iterator[Proxy]:
    """Something between us and the bucket's server; see ``proxied``."""
    with proxy_to(bucket.server_url) as proxy:
        yield proxy


@pytest.fixture
def proxied(bucket: Place, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The same bucket, through the proxy."""
    if bucket.kind == "gcs":
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        return Place(bucket.kind, bucket.location, bucket.server_url)
    return Place(bucket.kind, f"{proxy.url}/{BUCKET}", bucket.server_url)


@pytest.fixture
def unused_url() -> str:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def empty(kind: str, url: str) -> None:
    """Leave nothing in a server's bucket."""
    if kind == "gcs":
        client = Client("tests", AnonymousCredentials(), client_options={"api_endpoint": url})
        for blob in client.list_blobs(BUCKET):
            blob.delete()
        return
    s3 = boto3.client("s3", endpoint_url=url)
    s3.create_bucket(Bucket=BUCKET)
    for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        s3.delete_object(Bucket=BUCKET, Key=found["Key"])
    for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()):
        s3.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
