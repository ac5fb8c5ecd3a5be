"""Many candidates placed at once stand where one after the other would have stood."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.queue import UnknownBucket
from janitor.queue.new_entry import BUCKETS, ImpossibleEntry
from janitor.schedule import (
    CandidateUnavailable,
    bulk_add_to_queue,
    iter_candidates_with_publish_policy,
    queue_item_from_candidate_and_publish_policy,
)
from tests.integration.schedule.entries import Key, Row, put, queued, some_entries, statements
from tests.integration.schedule.test_formula import World, generate, reference, store

Todo = tuple[str, str | None, str | None, str, float | None, float | None]

VALUES = [None, -5, 0, 1, 7, 99, 100, 500, 1000]
NEW = {"refresh": False, "requester": "scheduler", "claim_id": None}


# The reference: one entry after the other.


def one_by_one(
    world: World, before: dict[Key, Row], todo: list[Todo], offset: float, bucket: str
) -> dict[Key, Row]:
    """Return the entries that adding each would leave, all from the same lowest priority on."""
    entries = {key: dict(entry) for key, entry in before.items()}
    lowest = min((entry["priority"] for entry in entries.values()), default=0)
    for codebase, context, command, campaign, value, chance in todo:
        asked: Row = {"codebase": codebase, "suite": campaign, "context": context}
        asked |= {"command": command, "value": value, "publish_policy": "empty"}
        if None in {command, value, chance}:
            known = candidate(world, codebase, campaign)
            asked["command"] = command or known["command"]
            asked["context"] = known["context"] if context is None else context
            if value is None:  # only then its policy counts
                asked["value"] = known["value"]
                asked["publish_policy"] = known["publish_policy"] or "empty"
        distance, duration = reference(world, asked, datetime.now(UTC), calibrated=False)
        new = {"estimated_duration": duration, "bucket": bucket, "base": lowest}
        new |= {"command": asked["command"], "context": asked["context"]}
        add(entries, (codebase, campaign, None), new, round(offset + distance))
    return entries


def candidate(world: World, codebase: str, campaign: str) -> Row:
    key = (codebase, campaign, None)
    columns = ("codebase", "suite", "change_set")
    return next(one for one in world.candidates if tuple(map(one.get, columns)) == key)


def add(entries: dict[Key, Row], key: Key, new: Row, offset: int) -> None:
    there = entries.get(key)
    if there is not None:
        if there["claim_id"] or BUCKETS.index(there["bucket"]) < BUCKETS.index(new["bucket"]):
            return
        if there["base"] is not None:
            new["base"] = min(there["base"], new["base"])
    entries[key] = NEW | new | {"priority": new["base"] + offset}


def same(one: Row, other: Row) -> bool:
    # The last microsecond of a mean may be rounded differently by PostgreSQL and Python.
    durations = abs(one["estimated_duration"] - other["estimated_duration"])
    priorities = abs(one["priority"] - other["priority"])
    rounded = {"estimated_duration": None, "priority": None}
    return (
        durations <= timedelta(microseconds=1)
        and priorities <= 1
        and one | rounded == other | rounded
    )


# The data.


def some_todo(dice: random.Random, world: World) -> list[Todo]:
    """Of candidates, some twice, and of places where there is none but all is said."""
    known = [one for one in world.candidates if one["change_set"] is None]
    todo: list[Todo] = [
        (
            one["codebase"],
            dice.choice([None, "", one["context"], "1.0", "9.9"]),
            dice.choice([None, "given"]),
            one["suite"],
            dice.choice([None, 0, 1, 450, 70000]),
            dice.choice([None, 0.0, 0.5]),
        )
        for one in dice.choices(known, k=200)
    ]
    codebases = [one["name"] for one in world.codebases if one["name"]]
    todo += [(name, "1.0", "new", "never-seen", 40, 1.0) for name in dice.sample(codebases, 9)]
    dice.shuffle(todo)
    return todo


@pytest.mark.parametrize("seed", range(6))
def test_all_at_once_is_as_one_by_one(session: Session, seed: int) -> None:
    dice = random.Random(seed)
    world = generate(seed, VALUES, datetime.now(UTC))
    store(session, world)
    before = some_entries(dice, world)
    put(session, before)
    todo = some_todo(dice, world)
    offset, bucket = dice.choice([0.0, 0.5, -90.25, 1000]), dice.choice(BUCKETS[1:])

    bulk_add_to_queue(session, iter(todo), default_offset=offset, bucket=bucket)

    expected, found = one_by_one(world, before, todo, offset, bucket), queued(session)
    assert found.keys() == expected.keys()
    differing = {key: (found[key], expected[key]) for key in found}
    differing = {key: both for key, both in differing.items() if not same(*both)}
    assert not differing, str(list(differing.items())[:2])
    assert list(found) == list(expected)  # who is asked for first has the smaller id
    assert found != before


def test_nothing_is_nothing(session: Session) -> None:
    bulk_add_to_queue(session, [])
    assert queued(session) == {}


def test_a_rehearsal_adds_nothing_and_finds_what_is_wrong(field: Any, session: Session) -> None:
    field.codebase("ash")
    bulk_add_to_queue(session, [("ash", None, "x", "tidy", 1, 0.5)], dry_run=True)
    assert queued(session) == {}
    with pytest.raises(CandidateUnavailable):
        bulk_add_to_queue(session, [("ash", None, None, "tidy", 1, None)], dry_run=True)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (("birch", None, None, "tidy", 1, 0.5), CandidateUnavailable),  # nobody says what to run
        (("birch", None, "x", "tidy", -700, 0.5), Failure),  # worth less than nothing
        (("unheard-of", None, "x", "tidy", 1, 0.5), ImpossibleEntry),
        (("birch", None, "", "tidy", 1, 0.5), ImpossibleEntry),
    ],
)
def test_with_one_that_is_wrong_none_comes_in(
    field: Any, session: Session, wrong: Todo, error: type[Exception]
) -> None:
    for name in ("ash", "birch"):
        field.codebase(name)
    with pytest.raises(error):
        bulk_add_to_queue(session, [("ash", None, "x", "tidy", 1, 0.5), wrong])
    session.commit()
    assert queued(session) == {}


def test_no_candidate_need_say_a_chance(field: Any, session: Session) -> None:
    field.codebase("ash")
    bulk_add_to_queue(session, [("ash", None, "x", "tidy", 1, None)])
    assert [entry["command"] for entry in queued(session).values()] == ["x"]


def test_candidates_of_a_change_set_keep_it(field: Any, session: Session) -> None:
    field.codebase("ash")
    field.change_set("spring")
    field.candidate("ash", change_set="spring", command="of spring", context="1")
    field.candidate("ash", command="of none")
    rows = iter_candidates_with_publish_policy(session)
    todo = [queue_item_from_candidate_and_publish_policy(row) for row in rows if row.change_set]
    bulk_add_to_queue(session, todo, change_set="spring")
    bulk_add_to_queue(session, [("ash", None, None, "tidy", None, None)], change_set="spring")
    ((key, entry),) = queued(session).items()
    assert key == ("ash", "tidy", "spring")
    assert (entry["command"], entry["context"]) == ("of spring", "1")
    with pytest.raises(ImpossibleEntry, match="no such change set"):
        bulk_add_to_queue(session, todo, change_set="autumn")


def test_a_bucket_that_there_is_not(field: Any, session: Session) -> None:
    field.codebase("ash")
    with pytest.raises(UnknownBucket, match="there is no bucket 'sideways'"):
        bulk_add_to_queue(session, [("ash", None, "x", "tidy", 1, 0.5)], bucket="sideways")
    assert queued(session) == {}


def test_many_take_as_many_statements_as_one(field: Any, session: Session, engine: Engine) -> None:
    counts = []
    for number in (1, 150):
        for each in range(number):
            field.codebase(f"of-{number}-{each}")
            field.candidate(f"of-{number}-{each}")
        todo = [(f"of-{number}-{each}", None, None, "tidy", 7, None) for each in range(number)]
        with statements(engine) as seen:
            bulk_add_to_queue(session, todo)
        session.commit()
        assert sum("INSERT INTO queue " in statement for statement in seen) == 1
        counts.append(len(seen))
    assert len(queued(session)) == 151
    assert counts[0] == counts[1] <= 6
