"""Planted credentials appear nowhere: not in errors, logs, or what objects say of themselves."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from janitor.artifacts import GCSArtifactManager, S3ArtifactManager
from janitor.errors import JanitorError
from janitor.storage import BlobManager, Metadata, ServiceUnavailable
from tests.integration.storage.conftest import store_of
from tests.integration.storage.planted import (
    AMAZONS,
    KEY_ID,
    TOKEN,
    new_private_key,
    secrets_of,
    service_account,
)
from tests.integration.storage.proxy import Fault, answer, proxy_to
from tests.integration.storage.servers import BUCKET

pytestmark = pytest.mark.usefixtures("credentials")

METADATA = Metadata("text/plain", datetime(2024, 2, 3, tzinfo=UTC))


class _Authority(BaseHTTPRequestHandler):
    """Gives a token to whoever comes, or refuses it and repeats what was sent."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        refused = self.path == "/refusing"
        body = {"error": "invalid_grant", "error_description": asked.decode()}
        granted = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        content = json.dumps(body if refused else granted).encode()
        self.send_response(400 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def authority() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Authority) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def private_key() -> str:
    return new_private_key()


@pytest.fixture
def key_file(tmp_path: Path, authority: str, private_key: str) -> Callable[[str], Path]:
    def write(page: str) -> Path:
        path = tmp_path / "key.json"
        account = service_account(private_key, f"{authority}/{page}")
        path.write_text(json.dumps(account))
        return path

    return write


def everything_said(manager: BlobManager, caplog: pytest.LogCaptureFixture) -> str:
    """Errors, their text with all causes, the log, and what objects say of themselves."""
    store = store_of(manager)
    said = [repr(manager), repr(store), manager.location, store.url("run/name")]
    for ask in (
        lambda: store.put("run/name", io.BytesIO(b"x"), METADATA, timeout=0.3),
        lambda: store.put("run/name", io.BytesIO(bytes(9 << 20)), METADATA, timeout=0.3),
        lambda: store.stat("run/name", timeout=0.3),
        lambda: store.open("run/name", timeout=0.3),
    ):
        with pytest.raises(JanitorError) as told:
            ask()
        said += [str(told.value), repr(told.value)]
        said += traceback.format_exception(told.value)
    # What the libraries log only where somebody asks for it is theirs; ours and what they say
    # to everybody is in here.
    said += [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    said += [record.getMessage() for record in caplog.records if "janitor" in record.name]
    return "\n".join(said)


FAULTS = {
    "refused": answer("403 Forbidden"),
    "unknown": answer("401 Unauthorized"),
    "away": Fault(after_request=0),
    "silent": Fault(silent=True),
    "busy": answer("503 Slow Down", "Retry-After: 1"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_nothing_of_amazons_keys(
    s3_url: str,
    private_key: str,
    fault: Fault,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    for name, value in AMAZONS.items():
        monkeypatch.setenv(name, value)
    with proxy_to(s3_url) as proxy:
        proxy.plan(fault, lambda _: True, times=100)
        said = everything_said(S3ArtifactManager(proxy.url, BUCKET), caplog)
        assert any(KEY_ID in head for head in proxy.seen)  # they were used
    assert "can't store run/name" in said
    for secret in secrets_of(private_key):
        assert secret not in said


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_nothing_of_googles_key_file(
    gcs_url: str,
    private_key: str,
    key_file: Callable[[str], Path],
    fault: Fault,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with proxy_to(gcs_url) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        proxy.plan(fault, lambda _: True, times=100)
        said = everything_said(GCSArtifactManager(f"gs://{BUCKET}/", key_file("granting")), caplog)
        assert any(TOKEN in head for head in proxy.seen)
    assert "can't store run/name" in said
    for secret in secrets_of(private_key):
        assert secret not in said


def test_an_authority_that_refuses_is_not_quoted(
    gcs_url: str,
    private_key: str,
    key_file: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_url)
    store = store_of(GCSArtifactManager(f"gs://{BUCKET}/", key_file("refusing")))
    with pytest.raises(ServiceUnavailable, match="no usable credentials") as told:
        store.stat("run/name")
    assert "assertion=" not in str(told.value)
    for secret in secrets_of(private_key):
        assert secret not in str(told.value)


@pytest.mark.parametrize("content", ["", "{}", '{"type": "service_account", "private_key": "x"}'])
def test_a_key_file_that_is_none_is_told(
    gcs_url: str, tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_url)
    path = tmp_path / "key.json"
    for _ in range(2):
        store = store_of(GCSArtifactManager(f"gs://{BUCKET}/", path))
        with pytest.raises(ServiceUnavailable, match="credentials"):
            store.stat("run/name")
        path.write_text(content)


def test_without_credentials_a_bucket_is_unavailable(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    store = store_of(S3ArtifactManager(s3_url, BUCKET))
    with pytest.raises(ServiceUnavailable, match="no credentials"):
        store.stat("run/name")


def test_google_signs_with_the_key_file(key_file: Callable[[str], Path]) -> None:
    artifacts = GCSArtifactManager(f"gs://{BUCKET}/", key_file("granting"))
    url = artifacts.signed_artifact_url("r1", "a b.txt", timedelta(hours=1))
    asked = parse_qs(urlsplit(url).query)
    assert urlsplit(url).path == f"/{BUCKET}/r1/a%20b.txt"
    assert asked["X-Goog-Expires"] == ["3600"]
    assert asked["X-Goog-Credential"][0].startswith("janitor@project.iam.gserviceaccount.com/")
    assert len(asked["X-Goog-Signature"][0]) == 512
