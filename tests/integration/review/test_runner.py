"""The runner is told over HTTP; what it answers decides whether it is told again."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from janitor.config import Config
from janitor.errors import Failure, PassingError
from janitor.review import (
    SET_PUBLISH_STATUS,
    SetPublishStatus,
    give_verdict,
    is_superseded,
    tell_runner,
)
from janitor.review.campaign_policy import set_policy
from janitor.review.policy import Policy
from janitor.state.job import JobRow
from tests.integration.notifications.carrying import NO_BROKER
from tests.integration.review.scenario import add_run, review_history
from workers.app import create_app

ASK = SetPublishStatus(run_id="run 1", publish_status="approved", because=1)


@dataclass
class Runner:
    """A runner service that answers as it is told to, and remembers what it was asked."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None, Any]] = field(default_factory=list)
    url: str = ""
    may_answer: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def runner() -> Iterator[Runner]:
    with _serving(Runner()) as runner:
        runner.may_answer.set()
        yield runner


@contextmanager
def _serving(runner: Runner) -> Iterator[Runner]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            runner.asked.append(
                (self.command, self.path, self.headers["Content-Type"], json.loads(body or "null"))
            )
            assert runner.may_answer.wait(60)
            self.send_response(runner.status if self.command == "POST" else 200)
            for name, value in runner.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        runner.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield runner
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_runner_hears_which_run_has_which_status(runner: Runner, slash: str) -> None:
    tell_runner(ASK, runner.url + slash)
    said = {"publish_status": "approved"}
    assert runner.asked == [("POST", "/runs/run%201", "application/json", said)]


def test_a_refusal_is_final(runner: Runner) -> None:
    runner.status = 404
    with pytest.raises(Failure, match="run run 1: the runner answered 404 Not Found"):
        tell_runner(ASK, runner.url)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_a_runner_that_can_not_now_is_asked_again(runner: Runner, status: int) -> None:
    runner.status = status
    with pytest.raises(PassingError, match=f"the runner answered {status}") as raised:
        tell_runner(ASK, runner.url)
    assert raised.value.retry_after is None


@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta()),
        ("0" * 6000 + "7", timedelta(seconds=7)),
        ("99999", timedelta(days=1)),
        ("9" * 6000, timedelta(days=1)),
        ("\N{SUPERSCRIPT TWO}", None),
        ("-3", None),
        ("Wed, 21 Oct 2065 07:28:00 GMT", timedelta(days=1)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", timedelta()),
        ("Wed, 21 Oct", None),
        ("", None),
    ],
)
def test_a_runner_may_ask_for_a_pause(runner: Runner, asked: str, pause: timedelta | None) -> None:
    runner.status = 429
    runner.headers = {"Retry-After": asked}
    with pytest.raises(PassingError) as raised:
        tell_runner(ASK, runner.url)
    assert raised.value.retry_after == pause


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_no_success(runner: Runner, status: int) -> None:
    runner.status = status
    runner.headers = {"Location": "/login"}
    with pytest.raises(Failure, match=f"the runner answered {status}"):
        tell_runner(ASK, runner.url)
    assert len(runner.asked) == 1, "it was not followed"


def test_a_runner_that_is_away_is_asked_again(runner: Runner) -> None:
    with _serving(Runner()) as gone:
        pass
    with pytest.raises(PassingError, match=r"the runner is away: .*refused"):
        tell_runner(ASK, gone.url)
    assert runner.asked == []


def test_what_does_not_speak_http_is_asked_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"-ERR unknown command\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(PassingError, match=r"the runner is away: .*ERR unknown command"):
            tell_runner(ASK, f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://runner.example.com/",
        "file:///etc/passwd",
        "runner.example.com",
        "http://",
        "http://[::1",
        "http://me:hunter2@runner.example.com/",
    ],
)
def test_what_is_no_url_of_a_runner_is_named_without_its_secrets(url: str) -> None:
    with pytest.raises(Failure, match="JANITOR_RUNNER_URL is ") as raised:
        tell_runner(ASK, url)
    assert "hunter2" not in str(raised.value)


def test_without_runner_there_is_nobody_to_tell() -> None:
    with pytest.raises(Failure, match="no runner is configured"):
        tell_runner(ASK, None)


def test_a_verdict_that_was_decided_anew_is_superseded(reviewed_house: Session) -> None:
    add_run(reviewed_house, "r1")
    add_run(reviewed_house, "r2", "hello-2")
    first = review_history(reviewed_house, "r1", "approved")
    ask = SetPublishStatus(run_id="r1", publish_status="approved", because=first)
    review_history(reviewed_house, "r2", "rejected")
    review_history(reviewed_house, "r1", "abstained")
    review_history(reviewed_house, "r1", "rejected", qa=False)
    assert not is_superseded(reviewed_house, ask)
    last = review_history(reviewed_house, "r1", "rejected", "bob")
    assert is_superseded(reviewed_house, ask)
    newest = SetPublishStatus(run_id="r1", publish_status="rejected", because=last)
    assert not is_superseded(reviewed_house, newest)


def test_a_decision_does_not_reach_the_runner_after_a_later_one(
    reviewed_house: Session, engine: Engine, runner: Runner
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    config = Config(database_location=url, redis_location=NO_BROKER, runner_url=runner.url)

    def told(status: str, because: int) -> threading.Thread:
        task = create_app(config).tasks[SET_PUBLISH_STATUS.name]
        ask = {"run_id": "r1", "publish_status": status, "because": because}
        thread = threading.Thread(target=task, kwargs=ask)
        thread.start()
        return thread

    def until(there: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not there():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    add_run(reviewed_house, "r1")
    approval = review_history(reviewed_house, "r1", "approved")
    reviewed_house.commit()
    runner.may_answer.clear()
    first = told("approved", approval)
    until(lambda: runner.asked)
    rejection = review_history(reviewed_house, "r1", "rejected")
    reviewed_house.commit()
    second = told("rejected", rejection)
    until(lambda: reviewed_house.scalar(waits) or len(runner.asked) > 1)
    assert len(runner.asked) == 1
    runner.may_answer.set()
    first.join()
    second.join()
    assert [said["publish_status"] for *_, said in runner.asked] == ["approved", "rejected"]


def test_a_decision_that_falls_while_the_runner_is_told_is_told_too(
    reviewed_house: Session, engine: Engine, runner: Runner
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    config = Config(database_location=url, redis_location=NO_BROKER, runner_url=runner.url)
    add_run(reviewed_house, "r1")
    set_policy(reviewed_house, "tidy", Policy(approvals=1), actor="ada")
    approval = review_history(reviewed_house, "r1", "approved")
    reviewed_house.commit()
    runner.may_answer.clear()
    task = create_app(config).tasks[SET_PUBLISH_STATUS.name]
    ask = {"run_id": "r1", "publish_status": "approved", "because": approval}
    thread = threading.Thread(target=task, kwargs=ask)
    thread.start()
    deadline = time.monotonic() + 30
    while not runner.asked:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    # Nothing is to be told of this: as far as anybody knows, the run waits anyway.
    back = give_verdict(
        reviewed_house,
        "r1",
        "abstained",
        reviewer="ada",
        is_qa_reviewer=True,
        runner_url="http://x",
    )
    assert back is not None
    reviewed_house.commit()
    runner.may_answer.set()
    thread.join()
    statuses = [said["publish_status"] for *_, said in runner.asked]
    assert statuses == ["approved", "needs-manual-review"]
    of_kind = select(JobRow).where(JobRow.kind == SET_PUBLISH_STATUS.name)
    last = reviewed_house.scalars(of_kind.order_by(JobRow.id.desc())).first()
    assert last is not None
    assert (last.payload["actor"], last.payload["because"]) == ("ada", back.verdict_id)


def test_what_is_superseded_is_made_good_if_the_runner_heard_it(
    reviewed_house: Session, engine: Engine, runner: Runner
) -> None:
    """Its answer may have been lost."""
    url = engine.url.render_as_string(hide_password=False)
    config = Config(database_location=url, redis_location=NO_BROKER, runner_url=runner.url)
    add_run(reviewed_house, "r1", publish_status="approved")
    set_policy(reviewed_house, "tidy", Policy(approvals=1), actor="ada")
    approval = review_history(reviewed_house, "r1", "approved")
    review_history(reviewed_house, "r1", "abstained")
    reviewed_house.commit()
    task = create_app(config).tasks[SET_PUBLISH_STATUS.name]
    task(run_id="r1", publish_status="approved", because=approval)
    assert [said["publish_status"] for *_, said in runner.asked] == ["needs-manual-review"]


def test_each_verdict_is_a_job_of_its_own_and_outlasts_a_repair() -> None:
    assert SET_PUBLISH_STATUS.key(ASK) == "run 1/1/approved/0"
    retry = SET_PUBLISH_STATUS.retry
    pauses = [retry.pause(attempt, 0.5) for attempt in range(1, retry.max_attempts)]
    assert sum(pauses, timedelta()) > timedelta(hours=12)
