"""Mail through Apprise to a real SMTP server, and what is told when it can't be sent."""

from __future__ import annotations

import email
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from janitor.errors import Failure, PassingError
from janitor.notifications import by_apprise
from janitor.notifications.message import compose
from janitor.notifications.targets import Target
from tests.integration.notifications.receiver import Answer, Receiver
from workers.ports import free_port

MESSAGE = compose(
    "11111111-1111-1111-1111-111111111111",
    "verdict.approved",
    datetime(2026, 1, 2, tzinfo=UTC),
    {"codebase": "hello", "comment": "fi\N{LATIN SMALL LETTER N WITH TILDE}e"},
    "$codebase was approved\n\n$comment\n<b>not bold</b>",
)


class Mailbox:
    """Takes mail, or answers with what it was told to."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        if self.answers:
            return self.answers.pop(0)
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mail_to(mailbox: Mailbox) -> Iterator[Target]:
    port = free_port(0)
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield Target(
            "team",
            f"mailto://127.0.0.1:{port}?from=janitor@example.com&to=team@example.com&mode=insecure",
        )
    finally:
        server.stop()


def test_a_mail_arrives(mailbox: Mailbox, mail_to: Target) -> None:
    by_apprise.send(mail_to, MESSAGE)
    (mail,) = mailbox.mails
    assert mail["Subject"] == "hello was approved"
    assert "team@example.com" in mail["To"]
    text = mail.get_body(("plain",))
    assert text is not None
    assert "fi\N{LATIN SMALL LETTER N WITH TILDE}e" in text.get_content()
    assert f"message {MESSAGE.id}" in text.get_content()


def test_text_stays_text(mailbox: Mailbox, mail_to: Target) -> None:
    by_apprise.send(mail_to, MESSAGE)
    (mail,) = mailbox.mails
    html = mail.get_body(("html",))
    assert html is None or "<b>not bold" not in html.get_content()


def test_a_mail_that_is_refused_is_tried_again(mailbox: Mailbox, mail_to: Target) -> None:
    mailbox.answers.append("451 try later")
    with pytest.raises(PassingError, match="target team did not take it"):
        by_apprise.send(mail_to, MESSAGE)
    by_apprise.send(mail_to, MESSAGE)
    assert len(mailbox.mails) == 1


def test_a_server_that_is_away_is_told_without_the_url(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    away = Target("team", "mailto://bot:planted-pw@127.0.0.1:1?to=a@example.com&from=b@example.com")
    with pytest.raises(PassingError, match="did not take it: Connection error") as raised:
        by_apprise.send(away, MESSAGE)
    out, err = capfd.readouterr()
    assert "planted" not in str(raised.value) + caplog.text + out + err


def test_a_service_that_answers_with_an_error_is_told(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answers.append(Answer(500, reason="no planted-token here"))
    port = receiver.port
    service = Target("team", f"json://me:planted-pw@127.0.0.1:{port}/planted-token?+X-A=planted-b")
    with pytest.raises(PassingError, match="500") as raised:
        by_apprise.send(service, MESSAGE)
    assert receiver.received[0].path == "/planted-token"
    assert "planted" not in str(raised.value) + caplog.text


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.answers.append(Answer(302, {"Location": receiver.url("/elsewhere")}))
    with pytest.raises(PassingError):
        by_apprise.send(Target("team", f"json://127.0.0.1:{receiver.port}/here"), MESSAGE)
    assert [received.path for received in receiver.received] == ["/here"]


@pytest.mark.parametrize("url", ["bogus://planted-token", "mailto://", "slack://planted-token"])
def test_a_url_that_apprise_does_not_take_is_final(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Failure, match="target team has no URL that Apprise takes") as raised:
        by_apprise.send(Target("team", url), MESSAGE)
    assert "planted" not in str(raised.value) + caplog.text


def test_the_log_is_as_loud_as_before(mail_to: Target, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    by_apprise.send(mail_to, MESSAGE)
    logging.getLogger("janitor").debug("still heard")
    logging.getLogger("apprise").warning("heard, too")
    assert "still heard" in caplog.text
    assert "heard, too" in caplog.text
