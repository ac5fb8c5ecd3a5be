"""Why something has its place, or none, as a function and at the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.orm import Session

from janitor.queue import Queue, set_pace
from janitor.schedule.explain import explain
from janitor.schedule.recompute import recompute
from workers.cli import cli

MINUTE = timedelta(minutes=1)


@pytest.fixture
def run(database_url: str) -> Any:
    def run(*words: str) -> Result:
        return CliRunner(env={"JANITOR_DATABASE_LOCATION": database_url}).invoke(cli, words)

    return run


def add(session: Session, codebase: str, bucket: str, minutes: int) -> None:
    Queue(session).add(
        codebase=codebase,
        command="true",
        campaign="tidy",
        bucket=bucket,
        estimated_duration=minutes * MINUTE,
    )


def test_what_is_not_queued_says_why(field: Any, session: Session) -> None:
    field.change_set("spring")
    for name in ("plain", "other", "bare", "ready", "idle"):
        field.codebase(name, inactive=name == "idle")
    field.candidate("other", change_set="spring")
    field.candidate("bare", publish_policy=None)
    field.candidate("ready")
    field.candidate("idle")
    said = {
        name: explain(session, name, "tidy")
        for name in ("unknown", "plain", "other", "bare", "ready", "idle")
    }
    assert {name: why.reasons for name, why in said.items()} == {
        "unknown": ("there is no codebase unknown",),
        "plain": ("it is no candidate of tidy",),
        "other": ("it is a candidate with another change set only: spring",),
        "bare": ("the candidate has no publish policy",),
        "ready": ("nothing keeps it out of the queue: the next recomputation adds it",),
        "idle": ("codebase idle is inactive",),
    }
    assert [name for name, why in said.items() if why.factors] == ["ready"]


def test_the_wait_lies_between_its_bounds(field: Any, session: Session) -> None:
    for name in ("w1", "w2", "aa", "bb", "cc"):
        field.codebase(name)
    for name in ("w1", "w2"):
        add(session, name, "manual", 6)
    queue = Queue(session)
    assert queue.claim(worker="one", lease=MINUTE)
    assert queue.claim(worker="two", lease=MINUTE)
    add(session, "aa", "hook", 4)
    add(session, "bb", "default", 10)
    add(session, "cc", "default", 1)
    place = explain(session, "cc", "tidy").place
    assert place is not None
    assert place.waiting is not None
    assert place.position == 3
    assert [(each.bucket, each.entries) for each in place.ahead] == [("hook", 1), ("default", 1)]
    assert place.ahead[0].because == "hook is served before default"
    # 14 minutes ahead, 12 under way, and 10 the longest.
    assert (place.waiting.earliest, place.waiting.latest) == (2 * MINUTE, 13 * MINUTE)
    claimed = explain(session, "w1", "tidy")
    assert claimed.reasons[0].startswith("one is working on it, until 2")
    assert claimed.place is not None
    assert claimed.place.position is None


def test_with_nobody_at_work_the_wait_is_unknown(field: Any, session: Session) -> None:
    field.codebase("hello")
    add(session, "hello", "default", 1)
    assert "waiting time unknown: nobody is working" in str(explain(session, "hello", "tidy"))


def test_factors_make_the_offset_of_the_place(field: Any, session: Session, run: Any) -> None:
    field.codebase("hello", value=10)
    field.candidate("hello", value=5)
    field.run("hello")
    recompute(session)
    session.commit()
    said = json.loads(run("schedule", "explain", "hello", "tidy", "--json").output)
    factors = said["factors"]
    assert said["place"]["offset"] == round(factors["offset"])
    made = factors["codebase_value"] * factors["probability"] * factors["value"]
    assert factors["offset"] == pytest.approx(factors["cost"] / made)
    assert factors["duration"] == 60
    assert "position 1" in run("schedule", "explain", "hello", "tidy").output


def test_a_pass_by_command(field: Any, run: Any) -> None:
    for name in ("hello", "world"):
        field.codebase(name)
        field.candidate(name)
    rehearsed = json.loads(run("schedule", "recompute", "--dry-run", "--json").output)
    assert (rehearsed["added"], len(rehearsed["differences"])) == (2, 2)
    assert field.queue() == []
    done = json.loads(run("schedule", "recompute", "--codebase", "hello", "--json").output)
    assert (done["candidates"], done["added"]) == (1, 1)
    assert field.order() == ["hello"]


def test_the_queue_by_command(field: Any, session: Session, run: Any) -> None:
    field.codebase("hello")
    add(session, "hello", "hook", 1)
    session.commit()
    assert [entry["codebase"] for entry in json.loads(run("queue", "list", "--json").output)] == [
        "hello"
    ]
    assert json.loads(run("queue", "buckets", "--json").output) == {"hook": 1}
    said = json.loads(run("queue", "position", "hello", "tidy", "--json").output)
    assert said == {"position": 1, "seconds_ahead": 0}
    missing = run("queue", "position", "world", "tidy")
    assert missing.exit_code == 1
    assert missing.output == "tidy on world is not in the queue\n"


def test_statistics_are_checked_and_rebuilt(field: Any, session: Session, run: Any) -> None:
    field.codebase("hello")
    field.run("hello", context="1.0")
    session.execute(text("DELETE FROM run WHERE id = :id"), {"id": field.run("hello", "gone")})
    session.commit()
    assert run("schedule", "statistics", "check").exit_code == 0
    session.execute(text("UPDATE run_context SET runs = 7"))
    session.commit()
    wrong = run("schedule", "statistics", "check")
    assert wrong.exit_code == 1
    assert wrong.output == "the statistics of tidy on hello are not what its runs say\n"
    assert run("schedule", "statistics", "rebuild").exit_code == 0
    assert run("schedule", "statistics", "check").exit_code == 0


def test_a_database_that_is_away_is_a_sentence_without_its_password() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workers", "queue", "buckets"],
        env=os.environ | {"JANITOR_DATABASE_LOCATION": "postgresql://me:hush@127.0.0.1:1/janitor"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("janitor-workers: ")
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr + done.stdout


def test_a_pause_is_a_reason_to_wait(field: Any, session: Session) -> None:
    field.codebase("hello")
    field.candidate("hello")
    recompute(session)
    assert explain(session, "hello", "tidy").reasons == ()
    set_pace(session, "tidy", paused=True)
    assert explain(session, "hello", "tidy").reasons == ("campaign tidy is paused",)
    set_pace(session, paused=True)
    (reason,) = explain(session, "hello", "tidy").reasons
    assert "all campaigns are paused" in reason
