"""Webhooks against a server that answers well, badly, late, or not at all."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import pytest

from janitor.errors import Failure, PassingError
from janitor.notifications import webhook
from janitor.notifications.message import Message
from janitor.notifications.targets import Target
from tests.integration.notifications.receiver import SECRET, Answer, Received, Receiver

MESSAGE = Message(
    "11111111-1111-1111-1111-111111111111",
    "verdict.approved",
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    {"run_id": "r1", "comment": "fine \N{GRINNING FACE}"},
    "tidy on hello",
    "approved",
)
TOKEN = "planted-path-token"


def target(receiver: Receiver, *secrets: str) -> Target:
    return Target("ops", receiver.url(f"/{TOKEN}?key=planted-key"), secrets or (SECRET,))


def is_genuine(received: Received, secret: str) -> bool:
    """What the receivers of Standard Webhooks do."""
    signed = f"{received.id}.{received.headers['webhook-timestamp']}.".encode() + received.body
    digest = hmac.digest(b64decode(secret.removeprefix("whsec_")), signed, "sha256")
    return f"v1,{b64encode(digest).decode()}" in received.headers["webhook-signature"].split(" ")


def test_a_message_arrives_signed(receiver: Receiver) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    webhook.send(target(receiver), MESSAGE)
    (received,) = receiver.received
    assert received.path == f"/{TOKEN}?key=planted-key"
    assert received.told == {
        "type": "verdict.approved",
        "timestamp": "2026-01-02T03:04:05+00:00",
        "data": {"run_id": "r1", "comment": "fine \N{GRINNING FACE}"},
        "text": "tidy on hello\n\napproved",
    }
    assert received.id == MESSAGE.id
    assert received.headers["content-type"] == "application/json"
    sent = datetime.fromtimestamp(int(received.headers["webhook-timestamp"]), UTC)
    assert before <= sent <= datetime.now(UTC)
    assert is_genuine(received, SECRET)
    assert SECRET not in str(received.headers)


def test_a_changed_body_is_noticed(receiver: Receiver) -> None:
    webhook.send(target(receiver), MESSAGE)
    (received,) = receiver.received
    forged = json.dumps(received.told | {"type": "verdict.rejected"}).encode()
    assert not is_genuine(Received(received.path, received.headers, forged), SECRET)


def test_while_secrets_are_changed_both_are_good(receiver: Receiver) -> None:
    new = "whsec_" + b64encode(b"n" * 32).decode()
    webhook.send(target(receiver, SECRET, new), MESSAGE)
    (received,) = receiver.received
    assert is_genuine(received, SECRET)
    assert is_genuine(received, new)
    assert not is_genuine(received, "whsec_" + b64encode(b"x" * 32).decode())


@pytest.mark.parametrize("status", [400, 404, 408, 429, 500, 502, 503])
def test_what_may_pass_is_tried_again_with_the_same_id(receiver: Receiver, status: int) -> None:
    receiver.answers.append(Answer(status))
    with pytest.raises(PassingError, match=f"target ops answered {status}"):
        webhook.send(target(receiver), MESSAGE)
    webhook.send(target(receiver), MESSAGE)
    assert [received.id for received in receiver.received] == [MESSAGE.id] * 2


def test_a_pause_that_is_asked_for_is_taken(receiver: Receiver) -> None:
    receiver.answers.append(Answer(429, {"Retry-After": "120"}))
    with pytest.raises(PassingError) as raised:
        webhook.send(target(receiver), MESSAGE)
    assert raised.value.retry_after == timedelta(minutes=2)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.answers.append(Answer(status, {"Location": receiver.url("/elsewhere")}))
    with pytest.raises(Failure, match="redirects are not followed"):
        webhook.send(target(receiver), MESSAGE)
    assert len(receiver.received) == 1


def test_a_receiver_that_is_gone_is_not_asked_again(receiver: Receiver) -> None:
    receiver.answers.append(Answer(410))
    with pytest.raises(Failure, match="410"):
        webhook.send(target(receiver), MESSAGE)


def test_one_that_hangs_is_given_up_for_now(receiver: Receiver) -> None:
    receiver.answers.append(receiver.hang())
    with pytest.raises(PassingError, match="target ops is away: timed out"):
        webhook.send(target(receiver), MESSAGE, patience=0.2)


def test_one_that_cuts_the_line_is_tried_again(receiver: Receiver) -> None:
    receiver.answers.append(Answer(None))
    with pytest.raises(PassingError, match="target ops is away: Remote end closed"):
        webhook.send(target(receiver), MESSAGE)


def test_errors_do_not_repeat_what_the_receiver_was_told(receiver: Receiver) -> None:
    echo = f"Not found: /{TOKEN}?key=planted-key, signed with {SECRET}"
    receiver.answers.append(Answer(404, reason=echo))
    with pytest.raises(PassingError, match="404 Not found") as raised:
        webhook.send(target(receiver), MESSAGE)
    for secret in (TOKEN, "planted-key", SECRET, SECRET.removeprefix("whsec_")):
        assert secret not in str(raised.value)


@pytest.mark.parametrize("secret", ["whsec_short", "whsec_" + "!" * 40, "cGxhbnRlZA=="])
def test_a_secret_that_can_not_sign_is_refused_and_not_told(
    receiver: Receiver, secret: str
) -> None:
    with pytest.raises(Failure, match="target ops: a webhook's secret is not") as raised:
        webhook.send(target(receiver, secret), MESSAGE)
    assert secret.removeprefix("whsec_") not in str(raised.value)
    assert receiver.received == []
