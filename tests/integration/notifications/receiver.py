"""A webhook's receiver on loopback that answers as it is told, and checks like a real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_cGxhbnRlZC1zaWduaW5nLXNlY3JldC1vZi10ZXN0cw=="


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content


@dataclass(frozen=True)
class Answer:
    """What is answered; ``before`` is done first, and None in place of a status is silence."""

    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    before: Callable[[], object] = lambda: None


@dataclass
class Receiver:
    port: int
    received: list[Received] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def hang(self) -> Answer:
        """An answer that comes only when the test is over."""
        return Answer(None, before=self.ended.wait)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port for the length of a ``with`` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(self.path, headers, body))
            answer = receiver.answers.pop(0) if receiver.answers else Answer()
            answer.before()
            if answer.status is None:
                self.close_connection = True
                return
            self.send_response(answer.status, answer.reason)
            for name, value in ({"Content-Length": "0"} | dict(answer.headers)).items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the library's name; a redirect may turn into it

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(server.server_address[1])
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield receiver
        finally:
            receiver.ended.set()
            server.shutdown()
