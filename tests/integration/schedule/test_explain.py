"""Why something has its place, or none, as a function and at the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.orm import Session

from janitor.queue import Queue, limit_host, set_pace
from janitor.schedule.explain import HeldBack, explain
from janitor.schedule.explain import place as places
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
    assert explain(session, "ready", "tidy", "") == said["ready"]


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
    assert (place.waiting.at_least, place.waiting.at_most) == (2 * MINUTE, 13 * MINUTE)
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
    field.codebase("world")
    assert run("queue", "list").output == "nothing of that is in the queue\n"
    assert run("queue", "buckets").output == "the queue is empty\n"
    add(session, "world", "manual", 30)
    assert Queue(session).claim(worker="ada", lease=MINUTE)
    add(session, "hello", "hook", 1)
    set_pace(session, "tidy", paused=True)
    session.commit()
    under_way, held = json.loads(run("queue", "list", "--json").output)
    assert (under_way["codebase"], under_way["claimed_by"]) == ("world", "ada")
    assert (held["bucket"], held["estimated_duration"]) == ("hook", 60)
    assert held["held"] == ["campaign tidy is paused"]
    headings, line = run("queue", "list", "--bucket", "hook").output.splitlines()
    assert headings.split()[:3] == ["id", "bucket", "priority"]
    assert re.sub(" +", " ", line).endswith(
        " hook 0 tidy hello - 0:01:00 true; campaign tidy is paused"
    )
    assert json.loads(run("queue", "list", "--codebase", "nobody", "--json").output) == []
    wrong = run("queue", "list", "--bucket", "hok")
    assert "there is no bucket 'hok'" in str(wrong.exception)
    assert json.loads(run("queue", "buckets", "--json").output) == {"manual": 1, "hook": 1}


def test_a_position_by_command(field: Any, session: Session, run: Any) -> None:
    field.change_set("spring")
    for name in ("world", "hello", "later"):
        field.codebase(name)
    add(session, "world", "manual", 30)
    assert Queue(session).claim(worker="ada", lease=MINUTE)
    add(session, "hello", "hook", 1)
    add(session, "later", "default", 1)
    session.commit()
    said = json.loads(run("queue", "position", "later", "tidy", "--json").output)
    assert said == {
        "position": 2,
        "seconds_ahead": 60,
        "workers": 1,
        "earliest": 60,
        "latest": 31 * 60,
        "held": [],
    }
    explained = json.loads(run("schedule", "explain", "later", "tidy", "--json").output)
    assert explained["place"]["waiting"] == said
    assert run("queue", "position", "later", "tidy").output == (
        "position 2, 0:01:00 of estimated work ahead\n"
        "waits 0:01:00 to 0:31:00 with 1 at work,"
        " if runs take as long as estimated and nothing is put ahead\n"
    )
    state, who = run("queue", "position", "world", "tidy").output.splitlines()
    assert state == "under way"
    assert who.startswith("ada is working on it, until 2")
    set_pace(session, "tidy", paused=True)
    session.commit()
    assert run("queue", "position", "hello", "tidy").output == (
        "position 1, 0:00:00 of estimated work ahead\n"
        "waiting time unknown: it is held back\n"
        "campaign tidy is paused\n"
    )
    missing = run("queue", "position", "hello", "tidy", "--change-set", "spring")
    assert missing.exit_code == 1
    assert missing.output == (
        "tidy on hello (spring) is not in the queue; schedule explain says why\n"
    )
    missing = run("queue", "position", "none", "tidy", "--json")
    assert missing.exit_code == 1
    assert json.loads(missing.output) == {"position": None, "seconds_ahead": None}


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


def test_each_state_has_a_name(field: Any, session: Session) -> None:
    for name in ("begun", "waits", "absent"):
        field.codebase(name)
    add(session, "begun", "default", 1)
    add(session, "waits", "default", 1)
    assert Queue(session).claim(worker="ada", lease=MINUTE)
    said = [explain(session, name, "tidy").state for name in ("begun", "waits", "absent")]
    assert said == ["under way", "waiting", "not in the queue"]
    set_pace(session, "tidy", paused=True)
    assert str(explain(session, "waits", "tidy")).startswith(
        "tidy on waits: held back\ncampaign tidy is paused\n"
    )


def test_what_limits_a_host_is_a_reason_in_the_queue_and_outside(
    field: Any, session: Session
) -> None:
    url = "https://slow.example/x"
    for name in ("begun", "waits", "bare"):
        field.codebase(name, branch_url=url, url=url, vcs_type="git")
    add(session, "begun", "default", 1)
    add(session, "waits", "default", 1)
    assert Queue(session).claim(worker="ada", lease=MINUTE)
    until = datetime(2999, 1, 2, tzinfo=UTC)
    limit_host(session, "slow.example", most_active=1, rate_limited_until=until)
    why = (
        "host slow.example is rate-limited until 2999-01-02 00:00:00 UTC",
        "host slow.example has 1 of 1 active",
    )
    assert explain(session, "waits", "tidy").reasons == why
    assert explain(session, "bare", "tidy").reasons == ("it is no candidate of tidy", *why)


def test_what_is_ahead_tells_what_of_it_is_held_back(field: Any, session: Session) -> None:
    url = "https://slow.example/x"
    field.codebase("slow", branch_url=url, url=url, vcs_type="git")
    for name in ("aa", "bb", "last"):
        field.codebase(name)
    for name, minutes in (("slow", 5), ("aa", 2), ("bb", 1), ("last", 1)):
        add(session, name, "default", minutes)
    limit_host(session, "slow.example", most_active=0)
    place = explain(session, "last", "tidy").place
    assert place is not None
    (ahead,) = place.ahead
    assert (ahead.entries, ahead.duration) == (3, 8 * MINUTE)
    why = "host slow.example has 0 of 0 active"
    assert ahead.held == (HeldBack(1, 5 * MINUTE, why),)
    assert f"  of them 1 held back (0:05:00): {why}" in str(place)
    limit_host(session, "slow.example")
    Queue(session).add(codebase="aa", command="true", campaign="other", bucket="hook")
    set_pace(session, "other", paused=True)
    place = explain(session, "last", "tidy").place
    assert place is not None
    other, tidy = place.ahead
    assert (other.held, tidy.held) == (
        (HeldBack(1, timedelta(), "campaign other is paused"),),
        (),
    )
    assert "in hook (0:00:00): hook is served before default\n  all held back: camp" in str(place)


def test_a_person_gets_the_largest_groups_only(
    field: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "LISTED", 2)
    field.codebase("hello")
    for number in range(5):
        Queue(session).add(codebase="hello", command="true", campaign=f"campaign-{number}")
    add(session, "hello", "default", 1)
    said = explain(session, "hello", "tidy")
    assert str(said).endswith("ahead: 3 more, in 3 groups; the JSON has them all")
    assert len(said.as_json()["place"]["ahead"]) == 5
