"""The set-based estimates against the formulas told one row at a time.

The reference below is slow and obvious: it looks at one candidate after the other and does
what the description of the schedule says, in Python. Data is generated with every corner
that we could think of; the two must agree on every candidate.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from janitor.schedule import Options
from janitor.schedule.whole import recompute_all
from janitor.state.candidate import Candidate
from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase
from janitor.state.publish_policy import BranchPublishPolicy, NamedPublishPolicy
from janitor.state.run import RunRow

LACKING = "install-deps-unsatisfied-dependencies"
MODES = {
    "push": 500,
    "attempt-push": 450,
    "propose": 400,
    "push-derived": 200,
    "bts": 100,
    "build-only": 0,
    "skip": 0,
    None: 0,
}
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    ">=": operator.ge,
    ">>": operator.gt,
    "<=": operator.le,
    "<<": operator.lt,
    "=": operator.eq,
}
CAMPAIGNS = ["tidy", "modernise", "declare", "multiarch", "rarely", "never-run"]
CODEBASE_VALUES = {
    "some valued": [None, -5, 0, 1, 7, 99, 100, 500, 1000],
    "none valued": [None],
    "none above zero": [None, 0, -1, -30],
}

Row = dict[str, Any]

Place = tuple[timedelta, int, int, str, str | None, str]


@dataclass
class World:
    """What the tables hold, as plain rows."""

    codebases: list[Row] = field(default_factory=list)
    policies: dict[str, list[str | None] | None] = field(default_factory=dict)
    candidates: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    versions: list[tuple[str, str]] = field(default_factory=list)


# The reference.


def wanted(world: World) -> list[Row]:
    """Candidates that have a place: with a publish policy, of an active codebase."""
    active = {one["name"] for one in world.codebases if not one["inactive"]}
    return [one for one in world.candidates if one["publish_policy"] and one["codebase"] in active]


def reference(
    world: World, candidate: Row, now: datetime, *, calibrated: bool
) -> tuple[float, timedelta]:
    """Return the offset and the estimated duration of one candidate."""
    campaign, codebase = candidate["suite"], candidate["codebase"]
    steady = [run for run in world.runs if not run["failure_transient"]]
    here = [run for run in steady if run["codebase"] == codebase]
    for_this = [run for run in steady if run["suite"] == campaign]
    previous = [run for run in here if run["suite"] == campaign and counts(run, now)]
    durations = [mean(previous), mean(here), mean(for_this), timedelta(seconds=15)]
    duration = next(one for one in durations if one is not None)
    cost = 20000 + duration / timedelta(milliseconds=1)
    worth = codebase_value(world, codebase)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    likely = probability(world, candidate, previous, midnight if calibrated else None)
    value = candidate_value(world, candidate, first=not previous)
    return cost / (worth * likely * value), duration


def counts(run: Row, now: datetime) -> bool:
    age: timedelta = now - run["start_time"]
    return run["result_code"] != "worker-failure" or age <= timedelta(days=1)


def mean(runs: list[Row]) -> timedelta | None:
    known = [
        run["finish_time"] - run["start_time"]
        for run in runs
        if run["start_time"] is not None and run["finish_time"] is not None
    ]
    return sum(known, timedelta()) / len(known) if known else None


def candidate_value(world: World, candidate: Row, *, first: bool) -> int:
    value = candidate["value"] or 0
    for mode in world.policies[candidate["publish_policy"]] or []:
        value += MODES[mode]
    return (value or 1) + (100 if first else 0)


def codebase_value(world: World, name: str) -> float:
    values = {one["name"]: one["value"] for one in world.codebases}
    highest = max((one["value"] for one in world.codebases if one["value"] is not None), default=0)
    if highest <= 0:
        return 1.0
    if values[name] is None:
        return 0.5
    return max(min(values[name] / highest, 1.0), 0.1)


def probability(
    world: World, candidate: Row, previous: list[Row], midnight: datetime | None
) -> float:
    successes, total, tried = 0.0, 0.0, False
    if midnight and candidate["success_chance"] is not None:  # as one earlier run
        successes, total = candidate["success_chance"], 1.0
    for run in previous:
        weight = 0.5 ** ((midnight - run["start_time"]) / timedelta(days=90)) if midnight else 1
        total += weight
        if run["result_code"] == "success":
            successes += weight
        elif run["result_code"] == LACKING and there_now(world, run["failure_details"]):
            successes += weight
            continue  # what it lacked made it fail, not its context
        if candidate["context"] and candidate["context"] in contexts(run):
            tried = True
    if not previous:
        factor = 1.0
    elif tried:
        factor = 0.1
    else:
        factor = 1.0 if candidate["context"] else 0.5
    return (10 * successes + 1) / (10 * total + 1) * factor


def contexts(run: Row) -> tuple[str | None, str | None]:
    return run["context"], run["instigated_context"]


def there_now(world: World, details: Row | None) -> bool:
    relations = (details or {}).get("relations")
    if not relations:
        return False
    return all(any(available(world, one) for one in any_of) for any_of in relations)


def available(world: World, wanted: Row) -> bool:
    for source, version in world.versions:
        if source == wanted["name"]:
            if wanted.get("version") is None:
                return True
            said, least = wanted["version"]
            if OPERATORS[said](version, least):
                return True
    return False


# The data.


def generate(seed: int, codebase_values: list[int | None], now: datetime) -> World:
    dice = random.Random(seed)
    world = World()
    world.codebases = _codebases(dice, codebase_values)
    world.policies = {"empty": [], "none": None, "modeless": [None], "twice": ["push", "bts"]}
    world.policies |= {f"only-{mode}": [mode] for mode in MODES if mode is not None}
    world.policies["all"] = list(MODES)
    world.versions = [("gcc", "4"), ("gcc", "6"), ("zlib", "2"), ("make", "1")]
    pairs = [
        (one["name"], campaign)
        for one in world.codebases
        if one["name"] is not None
        for campaign in CAMPAIGNS
    ]
    for number, (codebase, campaign) in enumerate(pairs):
        if dice.random() < 0.85:
            world.candidates += _candidates(dice, world, codebase, campaign)
        if dice.random() < 0.6 and campaign != "never-run" and number % 54 >= 18:
            world.runs += _runs(dice, len(world.runs), codebase, campaign, now)
    return world


def _codebases(dice: random.Random, values: list[int | None]) -> list[Row]:
    named = [
        {
            "name": f"codebase-{number}",
            "branch_url": None,
            "url": None,
            "value": dice.choice(values),
            "inactive": dice.random() < 0.1,
        }
        for number in range(120)
    ]
    # One without a name, which no candidate can refer to, may be the most valuable of all.
    best = max((value for value in values if value is not None), default=None)
    url = "https://example.com/nameless"
    highest = None if best is None else best * 2
    return [
        *named,
        {"name": None, "branch_url": url, "url": url, "value": highest, "inactive": False},
    ]


def _candidates(dice: random.Random, world: World, codebase: str, campaign: str) -> list[Row]:
    sets = dice.choice([[None], [None], [None], ["cs-1"], [None, "cs-1"], [None, "cs-1", "cs-2"]])
    return [
        {
            "codebase": codebase,
            "suite": campaign,
            "change_set": change_set,
            "command": f"run {campaign} {dice.randrange(3)}",
            "context": dice.choice([None, None, "", "1.0", "1.1", "2.0"]),
            "value": dice.choice([None, None, 1, 2, 30, 400, 50000]),
            "success_chance": dice.choice([None, 0.0, 0.25, 1.0]),
            "publish_policy": dice.choice([None, *world.policies]),
        }
        for change_set in sets
    ]


def _runs(
    dice: random.Random, first: int, codebase: str, campaign: str, now: datetime
) -> list[Row]:
    codes = ["success"] * 5 + ["nothing-to-do", "build-failed", "worker-failure", LACKING, LACKING]
    # Some places know nothing but one kind of run.
    codes = dice.choice([codes, codes, codes, ["worker-failure"], [LACKING], ["build-failed"]])
    transient = dice.choice([[None, False, True], [None, False], [True]])
    return [
        _run(dice, f"run-{first + number}", codebase, campaign, now)
        | {"result_code": dice.choice(codes), "failure_transient": dice.choice(transient)}
        for number in range(dice.randrange(1, 7))
    ]


def _run(dice: random.Random, run_id: str, codebase: str, campaign: str, now: datetime) -> Row:
    start = now - dice.choice([timedelta(hours=hours) for hours in (1, 5, 23, 25, 49, 5000)])
    # Whole seconds and some fractions; hours and days for intervals with more than one field.
    length = dice.choice([0, 0.25, 1, 1.0005, 59, 60, 3599.5, 7200, 90000, 200000])
    finish = None if dice.random() < 0.2 else start + timedelta(seconds=length)
    return {
        "id": run_id,
        "codebase": codebase,
        "suite": campaign,
        "change_set": "runs",
        "start_time": start,
        "finish_time": finish,
        "context": dice.choice([None, "", "1.0", "1.1", "3.0"]),
        "instigated_context": dice.choice([None, "", "1.0", "2.0", "3.0"]),
        "failure_details": _details(dice),
        "logfilenames": [],
    }


def _details(dice: random.Random) -> Row | None:
    def one() -> Row:
        name = dice.choice(["gcc", "gcc", "zlib", "make", "unheard-of"])
        version = dice.choice([None, *([said, dice.choice("123456789")] for said in OPERATORS)])
        return dice.choice([{"name": name, "version": version}, {"name": name}])

    relations = [[one() for _ in range(dice.randrange(3))] for _ in range(dice.randrange(3))]
    return dice.choice([{"relations": relations}] * 5 + [None, {}, {"stage": "build"}])


def store(session: Session, world: World) -> None:
    for name in ("cs-1", "cs-2", "runs"):
        session.execute(insert(ChangeSet).values(id=name, campaign="tidy"))
    for name, modes in world.policies.items():
        branches = modes and [
            BranchPublishPolicy(f"role-{number}", mode, None) for number, mode in enumerate(modes)
        ]
        session.execute(insert(NamedPublishPolicy).values(name=name, per_branch_policy=branches))
    session.execute(insert(Codebase), world.codebases)
    session.execute(insert(Candidate), world.candidates)
    session.execute(insert(RunRow), world.runs)
    session.execute(text("CREATE TABLE built (source text, version text)"))
    session.execute(text("CREATE VIEW all_debian_versions AS SELECT * FROM built"))
    for source, version in world.versions:
        row = {"source": source, "version": version}
        session.execute(text("INSERT INTO built VALUES (:source, :version)"), row)
    session.commit()


@pytest.mark.parametrize("calibrated", [False, True], ids=["parity", "calibrated"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("codebase_values", CODEBASE_VALUES.values(), ids=CODEBASE_VALUES)
def test_every_place_is_what_the_formulas_say(
    session: Session,
    engine: Engine,
    codebase_values: list[int | None],
    seed: int,
    calibrated: bool,
) -> None:
    now = datetime.now(UTC)
    world = generate(seed, codebase_values, now)
    store(session, world)

    # In one part, a few and many.
    most = (10_000, 200, 20)[seed]
    done = recompute_all(engine, options=Options(calibrated=calibrated), least=1, most=most)

    expected: dict[object, Place] = {}
    for one in wanted(world):
        exact, duration = reference(world, one, now, calibrated=calibrated)
        offset = max(round(exact), 1)
        entry = (one["codebase"], one["suite"], one["change_set"])
        expected[entry] = (duration, offset, offset, one["command"], one["context"], "default")
    found: dict[object, Place] = {
        (row.codebase, row.suite, row.change_set): (
            row.estimated_duration,
            row.priority - row.base,
            row.priority,
            row.command,
            row.context,
            row.bucket,
        )
        for row in session.execute(text("SELECT * FROM queue"))
    }
    differences = {
        entry: (expected[entry], found[entry])
        for entry in expected.keys() & found.keys()
        if not same(expected[entry], found[entry], slack=calibrated)
    }
    assert expected.keys() == found.keys()
    assert list(differences.items())[:3] == []
    assert len(found) == done.candidates == done.added > 300


def same(one: Place, other: Place, *, slack: bool) -> bool:
    # The last microsecond of a mean may be rounded differently by PostgreSQL and Python.
    if abs(one[0] - other[0]) > timedelta(microseconds=1) or one[3:] != other[3:]:
        return False
    if slack:  # powers of two are rounded to 15 digits, so that sums of them are exact
        return abs(one[1] - other[1]) <= 1 + 1e-6 * one[1] and other[1] == other[2]
    return one[1:3] == other[1:3]
