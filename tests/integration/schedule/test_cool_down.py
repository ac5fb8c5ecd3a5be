"""A codebase and campaign rest between runs, where a deployment says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from janitor.queue import Queue
from janitor.schedule import Options, do_schedule, schedule_next
from janitor.schedule.explain import explain
from janitor.schedule.recompute import recompute

REST = Options(cool_down=timedelta(hours=2))


def waiting(session: Session, options: Options) -> set[str]:
    recompute(session, options=options)
    session.commit()
    return {item.codebase for item in Queue(session).iter_queue()}


def test_who_ran_lately_rests(field: Any, session: Session) -> None:
    for name, age in (("lately", 1), ("rested", 3)):
        field.codebase(name)
        field.candidate(name)
        field.run(name, age=timedelta(hours=age), failure_transient=name == "lately")
    field.run("lately", "another", age=timedelta(hours=8))
    field.candidate("lately", "another")

    schedule_next(session, "lately", "tidy", options=REST)
    assert waiting(session, REST) == {"rested", "lately"}
    assert {item.campaign for item in Queue(session).iter_queue()} == {"tidy", "another"}
    assert Queue(session).get_position("tidy", "lately") == (None, None)
    assert Queue(session).get_position("tidy", "rested")[0] is not None

    short = Options(cool_down=timedelta(minutes=30))
    recompute(session, options=short)
    assert Queue(session).get_position("tidy", "lately")[0] is not None


def test_nobody_rests_unless_told(field: Any, session: Session) -> None:
    field.codebase("busy")
    field.candidate("busy")
    field.run("busy", age=timedelta(seconds=60))
    assert waiting(session, Options()) == {"busy"}


def test_what_waits_already_goes_on_waiting(field: Any, session: Session) -> None:
    for name in ("asked-for", "early"):
        field.codebase(name)
        field.candidate(name)
    do_schedule(session, "tidy", "asked-for", "manual", requester="ada")
    recompute(session, options=REST)
    session.commit()
    for name in ("asked-for", "early"):
        field.run(name, age=timedelta(minutes=5))
    before = {entry.codebase: entry.id for entry in field.queue()}
    assert waiting(session, REST) == {"asked-for", "early"}
    assert {entry.codebase: entry.id for entry in field.queue()} == before


def test_a_clock_that_is_far_ahead_makes_nobody_rest(field: Any, session: Session) -> None:
    field.codebase("ahead")
    field.candidate("ahead")
    field.run("ahead", age=timedelta(days=-400))
    assert waiting(session, REST) == {"ahead"}


def test_the_reason_is_told(field: Any, session: Session) -> None:
    field.codebase("lately")
    field.candidate("lately")
    field.run("lately", age=timedelta(hours=1), duration=timedelta(minutes=10))
    recompute(session, options=REST)
    told = explain(session, "lately", "tidy", options=REST)
    (reason,) = told.reasons
    assert reason.startswith("it rests after its last run, until ")
    assert told.factors is not None
    assert told.factors.cooling_until is not None
    left = told.factors.cooling_until.replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(minutes=60) < left < timedelta(minutes=71)
    assert json.loads(json.dumps(told.as_json()))["factors"]["cooling_until"]
