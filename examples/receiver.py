"""A small receiver of webhooks on loopback: checks what comes, and keeps what is genuine."""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from janitor.deployment import Deployment
from janitor.notifications.subscriptions import (
    Subscription,
    remove_subscription,
    set_subscription,
)
from janitor.notifications.targets import variable

NAME = "demo"  # of target and subscription
EVENTS = "*.approved"


class Receiver:
    """Listens for the length of a ``with`` block; workers that start meanwhile know where.

    What came twice is kept once, by its id, and what is not signed well is refused.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.titles: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Listen, and put the target in the environment that workers inherit."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        secret = f"whsec_{base64.b64encode(self._key).decode()}"
        os.environ[variable(NAME)] = f"http://127.0.0.1:{self._server.server_port}/ {secret}"
        return self

    def __exit__(self, *_error: object) -> None:
        del os.environ[variable(NAME)]
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def subscribed(self, deployment: Deployment) -> Iterator[None]:
        """Want to hear of approvals for the length of a ``with`` block."""
        with deployment.sessions.begin() as session:
            set_subscription(session, Subscription(NAME, EVENTS, NAME))
        try:
            yield
        finally:
            with deployment.sessions.begin() as session:
                remove_subscription(session, NAME)

    def take(self, message_id: str, timestamp: str, signatures: str, body: bytes) -> bool:
        """Keep a message if it is genuine; returns whether it is."""
        signed = f"{message_id}.{timestamp}.".encode() + body
        mine = f"v1,{base64.b64encode(hmac.digest(self._key, signed, 'sha256')).decode()}"
        genuine = any(hmac.compare_digest(mine, one) for one in signatures.split(" "))
        if genuine:
            self.titles[message_id] = json.loads(body)["text"].partition("\n")[0]
        return genuine


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            genuine = receiver.take(
                self.headers.get("webhook-id", ""),
                self.headers.get("webhook-timestamp", ""),
                self.headers.get("webhook-signature", ""),
                body,
            )
            self.send_response(204 if genuine else 400)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: the demo tells what arrived."""

    return Handler
