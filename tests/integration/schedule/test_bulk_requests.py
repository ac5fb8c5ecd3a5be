"""Many runs asked for at once: each as if it were asked for alone, and all are counted first."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.queue import Queue
from janitor.queue.new_entry import BUCKETS
from janitor.schedule import do_schedule
from janitor.schedule.bulk_outcome import Example, Outcome
from janitor.schedule.bulk_requests import BulkRequest, NothingSelected, foresee, request_in_bulk
from janitor.schedule.recompute import recompute
from janitor.schedule.selection import UnknownChoice
from tests.integration.schedule.entries import Key, Row, put, queued, some_entries, statements
from tests.integration.schedule.test_formula import World, generate, store

VALUES = [None, 0, 1, 99, 1000]


def ask(**columns: Any) -> BulkRequest:
    return BulkRequest(**({"requester": "ada"} | columns))


# The reference: one candidate after the other.


def selected(world: World, asked: BulkRequest) -> list[Row]:
    """The candidates that fit, those first that were stored first."""
    fit = [
        one
        for one in world.candidates
        if (not asked.campaigns or one["suite"] in asked.campaigns)
        and (
            not asked.codebases
            or any(fnmatchcase(one["codebase"], pattern) for pattern in asked.codebases)
        )
        and (not asked.result_codes or last_result(world, one) in asked.result_codes)
    ]
    active = [one for one in fit if not is_inactive(world, one)]
    others = [one for one in fit if is_inactive(world, one)]
    return (active + others)[: asked.limit]


def last_result(world: World, candidate: Row) -> str | None:
    place = (candidate["codebase"], candidate["suite"])
    runs = [run for run in world.runs if (run["codebase"], run["suite"]) == place]
    return max(runs, key=lambda run: run["start_time"])["result_code"] if runs else None


def is_inactive(world: World, candidate: Row) -> bool:
    return any(one["inactive"] for one in world.codebases if one["name"] == candidate["codebase"])


def outcome(world: World, before: dict[Key, Row], candidate: Row, bucket: str) -> str:
    there = before.get(key(candidate))
    if is_inactive(world, candidate):
        return "inactive"
    if there is None:
        return "added"
    if there["claim_id"]:
        return "claimed"
    return "earlier" if BUCKETS.index(there["bucket"]) < BUCKETS.index(bucket) else "moved"


def key(candidate: Row) -> Key:
    return (candidate["codebase"], candidate["suite"], candidate["change_set"])


def alone(session: Session, candidate: Row, asked: BulkRequest) -> Row:
    """The entry that a request for this one alone leaves."""
    with session.begin_nested() as attempt:
        do_schedule(
            session,
            candidate["suite"],
            candidate["codebase"],
            asked.bucket,
            change_set=candidate["change_set"],
            offset=asked.offset,
            refresh=asked.refresh,
            requester=asked.requester,
        )
        entry = queued(session)[key(candidate)]
        attempt.rollback()
    return entry


# The data.


def a_world(dice: random.Random, seed: int) -> World:
    world = generate(seed, VALUES, datetime.now(UTC))
    for number, run in enumerate(world.runs):  # of several, one is the last
        for moment in ("start_time", "finish_time"):
            if run[moment] is not None:
                run[moment] += timedelta(microseconds=number)
    dice.shuffle(world.candidates)
    return world


def some_request(dice: random.Random) -> BulkRequest:
    criteria = {
        "campaigns": dice.choice([(), ("tidy",), ("declare", "never-run")]),
        "codebases": dice.choice([(), ("*",), ("codebase-1?",), ("*-7", "*-1*2")]),
        "result_codes": dice.choice([(), (), ("success",), ("worker-failure", "build-failed")]),
    }
    if not any(criteria.values()):
        criteria["codebases"] = ("codebase-?*",)
    return ask(
        **criteria,
        limit=dice.choice([None, None, 20]),
        bucket=dice.choice(BUCKETS),
        offset=dice.choice([-1, -1, 0, 2.5, 3.5, 700]),
        refresh=dice.choice([True, False]),
    )


@pytest.mark.parametrize("seed", range(8))
def test_each_entry_is_as_if_it_were_asked_for_alone(session: Session, seed: int) -> None:
    dice = random.Random(seed)
    world = a_world(dice, seed)
    store(session, world)
    before = some_entries(dice, world)
    put(session, before)
    asked = some_request(dice)
    chosen = [(one, outcome(world, before, one, asked.bucket)) for one in selected(world, asked)]
    asked_for = [one for one, became in chosen if became in {"added", "moved"}]
    changed = {key(one): alone(session, one, asked) for one in asked_for}

    if not chosen:
        with pytest.raises(NothingSelected):
            request_in_bulk(session, asked)
        return
    foreseen = foresee(session, asked)
    assert queued(session) == before
    done = request_in_bulk(session, asked)

    assert done == Outcome(asked.bucket, **Counter(became for _, became in chosen))
    assert replace(foreseen, examples=()) == done
    assert set(foreseen.examples) <= {Example(*key(one), became) for one, became in chosen}
    found = queued(session)
    assert found == before | changed
    new = [key(one) for one, became in chosen if became == "added"]
    assert list(found) == [*before, *new]  # who was a candidate first is served first


def test_many_take_as_many_statements_as_one(field: Any, session: Session, engine: Engine) -> None:
    counts = []
    for number in (1, 200):
        for each in range(number):
            field.codebase(f"of-{number}-{each}")
            field.candidate(f"of-{number}-{each}")
        with statements(engine) as seen:
            request_in_bulk(session, ask(codebases=(f"of-{number}-*",)))
        session.commit()
        assert sum("INSERT INTO queue " in statement for statement in seen) == 1
        counts.append(len(seen))
    assert len(queued(session)) == 201
    assert counts[0] == counts[1] <= 3


def test_a_result_that_passes_is_a_last_result_too(field: Any, session: Session) -> None:
    field.codebase("ash")
    field.candidate("ash")
    field.run("ash", result_code="success", age=timedelta(days=2))
    field.run("ash", result_code="worker-failure", age=timedelta(days=1), failure_transient=True)
    with pytest.raises(NothingSelected):
        request_in_bulk(session, ask(result_codes=("success",)))
    assert request_in_bulk(session, ask(result_codes=("worker-failure",))).added == 1


def test_a_limit_is_not_used_up_by_what_is_left_alone_for_good(
    field: Any, session: Session
) -> None:
    for name in ("idle", "first", "second"):
        field.codebase(name, inactive=name == "idle")
        field.candidate(name)
    done = request_in_bulk(session, ask(campaigns=("tidy",), limit=1))
    assert (done.added, done.inactive) == (1, 0)
    assert [place[0] for place in queued(session)] == ["first"]


def test_without_a_publish_policy_a_candidate_can_be_asked_for(
    field: Any, session: Session
) -> None:
    field.codebase("ash")
    field.candidate("ash", publish_policy=None)
    assert request_in_bulk(session, ask(campaigns=("tidy",))).added == 1


def test_a_recomputation_leaves_what_was_asked_for_as_it_is(field: Any, session: Session) -> None:
    for name in ("ash", "birch"):
        field.codebase(name)
        field.candidate(name)
    request_in_bulk(session, ask(codebases=("birch",), bucket="default"))
    (asked_for,) = queued(session).items()
    recompute(session)
    assert asked_for in queued(session).items()
    assert len(queued(session)) == 2
    item, _ = Queue(session).next_item()
    assert item is not None
    assert item.codebase == "birch"


# What is wrong.


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"campaigns": ("tidyy",)}, "campaign 'tidyy' has no candidates; did you mean 'tidy'"),
        ({"codebases": ("ash*", "lib?x*")}, r"no codebase matches 'lib\?x\*'"),
        ({"codebases": ("ush",)}, "no codebase matches 'ush'"),
        ({"result_codes": ("sucess",)}, "no run ended as 'sucess'; did you mean 'success'"),
        ({"campaigns": ("none",), "codebases": ("ush",)}, "'none' has no.*; no codebase .*'ush'"),
        ({"campaigns": ("other",), "result_codes": ("success",)}, "no candidate fits"),
    ],
)
def test_a_selection_of_what_there_is_not_is_told(
    field: Any, session: Session, asked: Row, reason: str
) -> None:
    field.codebase("ash")
    for campaign in ("tidy", "other"):
        field.candidate("ash", campaign)
    field.run("ash")
    for act in (foresee, request_in_bulk):
        with pytest.raises(Failure, match=reason):
            act(session, ask(**asked))
    assert queued(session) == {}  # and the transaction can go on


def test_the_names_of_what_there_is_not_are_told_as_they_were_given(session: Session) -> None:
    with pytest.raises(UnknownChoice, match=r"'a\*b\?c'"):
        foresee(session, ask(codebases=("a*b?c",)))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"limit": 3},
        {"campaigns": ("tidy",), "bucket": "sideways"},
        {"campaigns": ("tidy",), "limit": 0},
        {"campaigns": ("tidy",), "requester": ""},
        {"campaigns": ("tidy",), "offset": float("nan")},
        {"campaigns": ("tidy",), "offset": 1e300},
        {"campaigns": ("../tidy",)},
        {"codebases": ("",)},
        {"codebases": ("Ash*",)},
        {"codebases": ("a[bc]",)},
        {"codebases": ("a%",)},
        {"result_codes": ("",)},
        {"result_codes": ("nul\0",)},
    ],
)
def test_a_request_is_checked_before_the_database_is_asked(wrong: Row) -> None:
    with pytest.raises(ValidationError):
        ask(**wrong)


# Others at work.


def test_passes_step_aside_until_the_request_is_done(
    field: Any, session: Session, engine: Engine
) -> None:
    field.codebase("ash")
    field.candidate("ash")
    request_in_bulk(session, ask(campaigns=("tidy",)))
    with engine.begin() as conn:
        conn.execute(text("SET LOCAL lock_timeout = '5s'"))  # a pass that waits would for ever
        assert recompute(conn).stepped_aside
    session.commit()
    with engine.begin() as conn:
        assert not recompute(conn).stepped_aside


def test_what_somebody_claims_meanwhile_is_left_alone(
    field: Any, session: Session, engine: Engine
) -> None:
    for name in ("ash", "birch"):
        field.codebase(name)
        field.candidate(name)
    recompute(session)
    session.commit()

    def in_bulk() -> Outcome:
        with engine.begin() as conn:
            return request_in_bulk(conn, ask(campaigns=("tidy",)))

    with ThreadPoolExecutor(1) as others:
        claim = Queue(session).claim(worker="worker", lease=timedelta(hours=1))
        assert claim is not None
        under_way = others.submit(in_bulk)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not conn.execute(waits).scalar_one():
                assert not under_way.done()
        session.commit()
        done = under_way.result()

    assert done == Outcome("manual", moved=1, overtaken=1)
    assert queued(session)[claim.item.codebase, "tidy", None]["bucket"] == "default"
