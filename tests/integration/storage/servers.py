"""The servers that buckets are tested against: real protocols, on free ports of loopback.

Google offers no emulator, and ``gcp-storage-emulator`` lacks what our uploads rest on, the
precondition ``ifGenerationMatch=0``: it ignores the parameter and replaces the object. It
also answers one connection at a time. Both are added here, at the one place where it makes
an object; everything else is its own. ``moto`` has the like condition of S3, also for
uploads in parts, but looks and stores in two steps; it answers one request after the other
here, so that nobody comes between.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gcp_storage_emulator.handlers.buckets import create_bucket
from gcp_storage_emulator.server import RequestHandler
from gcp_storage_emulator.storage import Storage
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "a-bucket"
HOST = "127.0.0.1"


class _ConditionFailed(Exception):
    """There is an object already."""


class _ConditionalStorage(Storage):
    """Makes an object only under the condition of the request that finishes it."""

    def __init__(self) -> None:
        super().__init__(use_memory_fs=True)
        self.request = threading.local()
        self.making = threading.Lock()

    def _write_config_to_file(self) -> None:
        """Leave out what it writes for a next start, which grows with every object."""

    def create_file(
        self, bucket_name: str, file_name: str, content: bytes, *more: Any, **named: Any
    ) -> None:
        with self.making:
            taken = file_name in self.objects.get(bucket_name, {})
            if taken and getattr(self.request, "only_new", False):
                raise _ConditionFailed
            super().create_file(bucket_name, file_name, content, *more, **named)


class _Handler(RequestHandler):
    """Speaks for the emulator, one connection a thread."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except _ConditionFailed:
            answer = json.dumps({"error": {"code": 412, "message": "condition not met"}}).encode()
            self.send_response(412)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    def parse_request(self) -> bool:
        understood = super().parse_request()
        if understood:
            # The URL of a resumable session has the parameters of the request that began it.
            asked = parse_qs(urlsplit(self.path).query)
            self.storage.request.only_new = asked.get("ifGenerationMatch") == ["0"]
        return understood


class _Quiet(ThreadingHTTPServer):
    """Clients are cut off on purpose here; nobody needs to hear of it."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def gcs_server() -> Iterator[str]:
    """Run Google Cloud Storage, as far as its emulator goes; give its URL."""
    storage = _ConditionalStorage()
    create_bucket(BUCKET, storage)
    with _Quiet((HOST, 0), partial(_Handler, storage)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()
        thread.join()


class _Silent(WSGIRequestHandler):
    """Writes no log."""

    def log(self, *_: Any, **__: Any) -> None:
        pass


@contextmanager
def s3_server() -> Iterator[str]:
    """Run S3; give its URL."""
    service = DomainDispatcherApplication(create_backend_app)
    one_by_one = threading.Lock()

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with one_by_one:
            return list(service(environ, start_response))

    server = make_server(HOST, 0, answer, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{HOST}:{server.server_port}"
    server.shutdown()
    thread.join()
