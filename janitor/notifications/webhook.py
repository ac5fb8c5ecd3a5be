"""Webhooks, signed as Standard Webhooks (https://www.standardwebhooks.com) asks for.

A receiver checks ``webhook-signature`` over id, timestamp and body, refuses timestamps that
are old, and drops what it has seen by ``webhook-id``, which stays the same when we send again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

import janitor
from janitor.errors import Failure, PassingError
from janitor.notifications.message import Message
from janitor.notifications.targets import Target
from janitor.posting import OPENER
from janitor.retry_after import pause_asked

PATIENCE = 15.0  # seconds; somebody waits for the pool's other work
SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with, and none
SHORTEST_KEY = 24  # bytes, as Standard Webhooks asks for
_GONE = 410


class BadSecret(Failure, ValueError):
    """A secret that cannot sign."""


def send(target: Target, message: Message, *, patience: float = PATIENCE) -> None:
    """Post a message to a webhook once; redirects are not followed.

    Args:
        target: where to.
        message: what.
        patience: seconds for the connection, and for each piece of the answer.

    Raises:
        Failure: the answer is for good: a redirect, or 410 (gone).
        PassingError: any other answer than success, none in time, or no connection; with the
            pause that ``Retry-After`` asks for.
    """
    body = json.dumps(_body(message), separators=(",", ":")).encode()
    request = urllib.request.Request(  # noqa: S310 - http or https, by find_target
        target.url, data=body, headers=_headers(target, message, body), method="POST"
    )
    try:
        with OPENER.open(request, timeout=patience):
            return
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(target, error) from None
    except (OSError, http.client.HTTPException) as error:
        said = target.masked(str(error) or type(error).__name__)
        raise PassingError(f"target {target.name} is away: {said}") from None


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature: ``v1,`` and the HMAC-SHA256 in base64.

    Args:
        secret: ``whsec_`` and the key in base64.
        message_id: the message's id.
        timestamp: seconds since 1970.
        body: what is sent.

    Raises:
        BadSecret: the secret is not in base64, or too short.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < SHORTEST_KEY:
        raise BadSecret(
            f"a webhook's secret is not {SECRET_PREFIX} and base64 of {SHORTEST_KEY} bytes or more"
        )
    return key


def _headers(target: Target, message: Message, body: bytes) -> dict[str, str]:
    now = int(datetime.now(UTC).timestamp())
    try:
        signatures = [signature(secret, message.id, now, body) for secret in target.secrets]
    except BadSecret as error:
        raise BadSecret(f"target {target.name}: {error}") from None
    return {
        "Content-Type": "application/json",
        "User-Agent": f"janitor-workers/{janitor.version_string}",
        "webhook-id": message.id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signatures),
    }


def _body(message: Message) -> dict[str, Any]:
    return {
        "type": message.event,
        "timestamp": message.at.isoformat(),
        "data": message.fields,
        "text": message.title
        if message.body == message.title
        else f"{message.title}\n\n{message.body}",
    }


def _refusal(target: Target, error: urllib.error.HTTPError) -> Failure | PassingError:
    said = f"target {target.name} answered {error.code} {target.masked(str(error.reason))}".strip()
    if 300 <= error.code < 400:  # noqa: PLR2004 - HTTP's class of redirects
        return Failure(f"{said}; redirects are not followed, so its URL has to be changed")
    if error.code == _GONE:
        return Failure(said)
    # Also what HTTP takes for final: a receiver that is being set up answers 404.
    return PassingError(said, retry_after=pause_asked(error.headers["Retry-After"]))
