"""The names that callers of today's services import say what the formulas and a pass say."""

from __future__ import annotations

import operator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.queue import Queue
from janitor.schedule import (
    CandidateUnavailable,
    bulk_add_to_queue,
    calculate_offset,
    dep_available,
    deps_satisfied,
    do_schedule_control,
    do_schedule_regular,
    estimate_success_probability_and_duration,
    iter_candidates_with_publish_policy,
    queue_item_from_candidate_and_publish_policy,
)
from janitor.schedule.estimates import Scope, with_estimates

MINUTE = timedelta(minutes=1)


def reference(runs: list[dict[str, Any]], context: str | None) -> tuple[float, int]:
    """The probability and how many runs count; none of these lacked dependencies."""
    previous = [
        run
        for run in runs
        if not run.get("failure_transient")
        and (run["result_code"] != "worker-failure" or run["age"] <= timedelta(days=1))
    ]
    successes = sum(run["result_code"] == "success" for run in previous)
    tried = context and any(
        context in (run.get("context"), run.get("instigated_context")) for run in previous
    )
    factor = 1.0 if not previous else 0.1 if tried else 1.0 if context else 0.5
    return (10 * successes + 1) / (10 * len(previous) + 1) * factor, len(previous)


RUNS: list[list[dict[str, Any]]] = [
    [],
    [{"result_code": "success", "age": timedelta(days=3)}],
    [{"result_code": "failed", "age": timedelta(days=3), "context": "1.0"}],
    [{"result_code": "failed", "age": timedelta(days=3), "instigated_context": "1.0"}],
    [{"result_code": "failed", "age": timedelta(days=3), "failure_transient": True}],
    [{"result_code": "worker-failure", "age": timedelta(days=3), "context": "1.0"}],
    [{"result_code": "worker-failure", "age": timedelta(hours=3), "context": "1.0"}],
    [
        {"result_code": "success", "age": timedelta(days=3), "context": "0.9"},
        {"result_code": "failed", "age": timedelta(days=2), "context": "2.0"},
    ],
]


@pytest.mark.parametrize("context", [None, "1.0"])
@pytest.mark.parametrize("runs", RUNS, ids=range(len(RUNS)))
@pytest.mark.parametrize("known", ["codebase", "inactive", "unknown"])
def test_chances_are_what_the_formula_says(
    field: Any, session: Session, runs: list[dict[str, Any]], context: str | None, known: str
) -> None:
    """With or without a candidate, and where a pass would not look."""
    if known != "unknown":
        field.codebase("hello", inactive=known == "inactive")
    for run in [] if known == "unknown" else runs:
        field.run("hello", duration=2 * MINUTE, **run)
    probability, duration, total = estimate_success_probability_and_duration(
        session, "hello", "tidy", context
    )
    seen = [] if known == "unknown" else runs
    assert (probability, total) == pytest.approx(reference(seen, context))
    assert duration in {2 * MINUTE, timedelta(seconds=15)}
    assert (duration == 2 * MINUTE) == any(not run.get("failure_transient") for run in seen)


def test_one_by_one_and_in_a_pass_the_numbers_are_the_same(field: Any, session: Session) -> None:
    for number, value in enumerate([None, 0, 1, 50, 100]):
        field.codebase(f"c{number}", value=value)
        field.candidate(f"c{number}", value=[None, 1, 40][number % 3], context="1.0")
        for _ in range(number):
            field.run(f"c{number}", duration=number * MINUTE, context="0.9")
    rows = session.execute(
        with_estimates("SELECT * FROM estimate"), Scope().parameters(session)
    ).all()
    assert len(rows) == 5
    todo = {}
    for row in iter_candidates_with_publish_policy(session):
        todo[row.codebase] = queue_item_from_candidate_and_publish_policy(row)
    for row in rows:
        looked_up = do_schedule_regular(
            session, codebase=row.codebase, campaign="tidy", dry_run=True
        )
        assert looked_up[0] == pytest.approx(row.offset)
        assert looked_up[1:] == (row.duration, -1, "default")
        value = todo[row.codebase][4]
        assert calculate_offset(
            estimated_duration=row.duration,
            normalized_codebase_value=row.codebase_value,
            estimated_probability_of_success=row.probability,
            candidate_value=value,
            total_previous_runs=row.previous_runs,
            success_chance=None,
        ) == pytest.approx(row.offset)
    bulk_add_to_queue(session, todo.values())
    offsets = {row.codebase: round(row.offset) for row in rows}
    placed = session.execute(text("SELECT codebase, priority - base FROM queue")).all()
    assert dict(map(tuple, placed)) == offsets


def test_the_corners_of_an_offset() -> None:
    factors: dict[str, Any] = {
        "estimated_duration": timedelta(seconds=10, microseconds=500_000),
        "normalized_codebase_value": 1.0,
        "estimated_probability_of_success": 1.0,
        "candidate_value": 10,
        "total_previous_runs": 1,
        "success_chance": None,
    }

    def offset(**others: Any) -> float:
        return calculate_offset(**(factors | others))

    assert offset() == 3050  # the half second counts once
    assert offset(total_previous_runs=0) == pytest.approx(30500 / 110)
    assert offset(candidate_value=None) == offset(candidate_value=0) == 30500
    assert offset(normalized_codebase_value=None) == 6100
    assert offset(normalized_codebase_value=0) == 30500
    for wrong in (
        {"candidate_value": -5},
        {"candidate_value": -5, "total_previous_runs": 0},  # its bonus does not make up for it
        {"candidate_value": float("nan")},
        {"estimated_probability_of_success": 0},
        {"estimated_probability_of_success": 1.5},
        {"estimated_duration": -MINUTE},
    ):
        with pytest.raises(Failure):
            offset(**wrong)


def test_candidates_come_with_their_policy(field: Any, session: Session) -> None:
    for name in ("hello", "world", "idle", "bare"):
        field.codebase(name, inactive=name == "idle")
        field.candidate(name, value=7, publish_policy=None if name == "bare" else "propose")
    field.candidate("hello", "other")
    found = iter_candidates_with_publish_policy(session, ["hello", "idle", "bare"], "tidy")
    assert [queue_item_from_candidate_and_publish_policy(row) for row in found] == [
        ("hello", None, "run tidy", "tidy", 407, None)
    ]
    assert len(iter_candidates_with_publish_policy(session)) == 3
    assert len(iter_candidates_with_publish_policy(session, campaign="other")) == 1
    assert iter_candidates_with_publish_policy(session, []) == []
    as_mapping = {
        "codebase": "a",
        "context": None,
        "command": "c",
        "campaign": "tidy",
        "value": None,
        "success_chance": 0.5,
        "publish": [{"mode": "push"}, {"mode": "push-derived"}, {"mode": None}],
    }
    assert queue_item_from_candidate_and_publish_policy(as_mapping)[4] == 700


def test_without_a_candidate_nothing_is_looked_up(field: Any, session: Session) -> None:
    field.codebase("hello")
    with pytest.raises(CandidateUnavailable):
        do_schedule_regular(session, codebase="hello", campaign="tidy")
    _, duration, queue_id, bucket = do_schedule_regular(
        session,
        codebase="hello",
        campaign="tidy",
        command="true",
        candidate_value=5,
        success_chance=1,
        bucket="manual",
    )
    item = Queue(session).get_item(queue_id)
    assert item is not None
    assert (item.command, item.requester, bucket) == ("true", "scheduler", "manual")
    assert duration == timedelta(seconds=15)


def test_a_control_run_goes_to_a_revision(field: Any, session: Session) -> None:
    field.codebase("hello")
    offset, _, queue_id, bucket = do_schedule_control(session, "hello")
    item = Queue(session).get_item(queue_id)
    assert item is not None
    assert (item.command, item.campaign, bucket, offset) == ("brz up", "control", "control", -1)
    do_schedule_control(session, "hello", main_branch_revision=b"joe@example.org 1")
    item = Queue(session).get_item(queue_id)
    assert item is not None
    assert item.command == "brz up '--revision=joe@example.org 1'"


def test_dependencies_are_asked_for_one_by_one(session: Session) -> None:
    gcc = {"name": "gcc", "version": ("=", "4")}
    assert not deps_satisfied(session, "tidy", [[gcc]])  # without the view nothing is there
    session.execute(text("CREATE TABLE built (source text, version text)"))
    session.execute(text("INSERT INTO built VALUES ('gcc', '4')"))
    session.execute(text("CREATE VIEW all_debian_versions AS SELECT * FROM built"))
    compare = {">=": operator.ge, ">>": operator.gt, "<=": operator.le, "<<": operator.lt}
    for said, holds in compare.items():
        for version in "345":
            expected = holds("4", version)
            assert dep_available(session, "gcc", version=(said, version)) == expected
    assert dep_available(session, "gcc", arch="amd64")
    assert not dep_available(session, "zlib")
    assert deps_satisfied(session, "tidy", [])
    assert deps_satisfied(session, "tidy", [[{"name": "zlib"}, gcc]])
    assert not deps_satisfied(session, "tidy", [[{"name": "zlib"}], [gcc]])
    assert not deps_satisfied(session, "tidy", [[]])
