"""Requests in bulk as the command and other services make them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from janitor.config import load
from janitor.schedule.selection import UnknownChoice
from janitor.state.job import JobRow
from tasks import schedule
from tests.integration.schedule.entries import queued
from workers.app import JanitorApp, create_app
from workers.cli import cli

ASKED = ["--campaign", "tidy", "--requester", "ada"]


@pytest.fixture
def app(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JanitorApp]:
    monkeypatch.setenv("JANITOR_DATABASE_LOCATION", database_url)
    monkeypatch.delenv("JANITOR_CONFIG", raising=False)
    monkeypatch.setenv("JANITOR_REDIS_LOCATION", "redis://127.0.0.1:1/0")  # nobody is rung for
    app = create_app(load(None), jobs=[schedule.request_in_bulk], clock=[])
    yield app
    app.deployment.close()


@pytest.fixture
def candidates(field: Any) -> None:
    """One to be added, and one that is left alone."""
    for name in ("ash", "idle"):
        field.codebase(name, inactive=name == "idle")
        field.candidate(name)


def request(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(cli, ["schedule", "request", *words], input=answer)


@pytest.mark.usefixtures("app", "candidates")
def test_the_command_counts_and_asks_first(session: Session) -> None:
    refused = request(*ASKED, answer="n\n")
    assert refused.exit_code == 1
    told = "2 candidates: 1 added to manual, 0 moved, 1 left alone (1 of inactive codebases)\n"
    listed = "  tidy on ash: added\n  tidy on idle: inactive\n"
    assert refused.stderr.startswith(f"{told}{listed}ask for 1 run(s)? [y/N]: n\n")
    assert (refused.stdout, queued(session)) == ("", {})

    agreed = request(*ASKED, "--refresh", answer="y\n")
    assert (agreed.exit_code, agreed.stdout) == (0, told)
    (entry,) = queued(session).values()
    assert (entry["bucket"], entry["requester"], entry["refresh"]) == ("manual", "ada", True)


@pytest.mark.usefixtures("app", "candidates")
def test_where_nobody_is_to_be_asked(session: Session) -> None:
    words = [*ASKED, "--bucket", "hook", "--offset", "40", "--json"]
    rehearsed = request(*words, "--dry-run")
    assert (rehearsed.exit_code, rehearsed.stderr, queued(session)) == (0, "", {})
    session.rollback()
    foreseen = json.loads(rehearsed.stdout)
    examples = foreseen.pop("examples")
    assert [example["codebase"] for example in examples] == ["ash", "idle"]

    done = request(*words, "--yes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == foreseen | {"examples": []}
    counts = {"candidates": 2, "asked_for": 1, "added": 1, "left_alone": 1, "inactive": 1}
    assert foreseen.items() >= counts.items()
    (entry,) = queued(session).values()
    assert (entry["bucket"], entry["priority"]) == ("hook", 40)


@pytest.mark.usefixtures("app", "candidates")
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "say which candidates"),
        (["--campaign", "tidy", "--bucket", "sideways"], "bucket: Input should be"),
        (["--codebase", "a[sh]"], "'a[sh]' is no pattern of codebases"),
        (["--campaign", "tidy", "--limit", "0"], "0 is not in the range"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_done(
    session: Session, words: list[str], reason: str
) -> None:
    done = request(*words, "--yes")
    assert done.exit_code == 2
    assert reason in done.stderr
    assert queued(session) == {}


@pytest.mark.usefixtures("app", "candidates")
def test_a_name_of_nothing_is_told_before_anything_is_done(session: Session) -> None:
    done = request("--campaign", "tidyy", "--yes")  # told in a sentence by workers.complaints
    assert isinstance(done.exception, UnknownChoice)
    assert "did you mean 'tidy'?" in str(done.exception)
    assert queued(session) == {}


def run_task(app: JanitorApp, session: Session, **arguments: Any) -> JobRow:
    app.tasks["janitor.schedule.request_in_bulk"].apply(kwargs=arguments)
    session.expire_all()
    return session.scalars(select(JobRow)).one()


@pytest.mark.usefixtures("candidates")
def test_a_message_is_one_request_however_often_it_comes(app: JanitorApp, session: Session) -> None:
    asked = {"request": "again-7", "campaigns": ["tidy"], "requester": "ada", "offset": -1}
    for _ in range(2):
        job = run_task(app, session, **asked)
        assert (job.key, job.state, job.attempts) == ("again-7", "done", 1)
    (entry,) = queued(session).values()
    assert entry["priority"] == -1  # and not further to the front the second time


@pytest.mark.usefixtures("candidates")
def test_a_message_of_what_there_is_not_fails_with_the_reason(
    app: JanitorApp, session: Session
) -> None:
    job = run_task(app, session, request="1", codebases=["no*"], requester="ada")
    assert (job.state, job.error_kind, job.attempts) == ("failed", "failure", 1)
    assert job.last_error == "no codebase matches 'no*'"
    assert queued(session) == {}


def test_a_message_that_says_nothing_is_refused(app: JanitorApp, session: Session) -> None:
    job = run_task(app, session, request="1", requester="ada")
    assert (job.state, job.error_kind) == ("failed", "invalid")
    assert "say which candidates" in (job.last_error or "")
