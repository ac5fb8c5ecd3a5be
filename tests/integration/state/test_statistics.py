"""Statistics that are kept up say the same as the history they stand for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session

from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase
from janitor.state.run import RunRow

START = datetime(2026, 1, 1, tzinfo=UTC)
CODES = ("success", "worker-failure", "command-failed", "nothing-to-do")
DIFFERENCE = """
SELECT * FROM (
    (TABLE run_statistics EXCEPT TABLE run_statistics_of_history)
    UNION ALL
    (TABLE run_statistics_of_history EXCEPT TABLE run_statistics)
) AS differing WHERE any_durations <> 0 OR total <> 0
"""
CONTEXTS = """
SELECT codebase, suite, context, runs FROM run_context WHERE runs <> 0
EXCEPT SELECT codebase, suite, context, runs FROM run_context_of_history
"""
NO_CONTEXTS = """
SELECT codebase, suite, context, runs FROM run_context_of_history
EXCEPT SELECT codebase, suite, context, runs FROM run_context
"""


@pytest.fixture
def history(session: Session) -> list[str]:
    dice = random.Random(7)
    session.add_all([Codebase(name="aa"), Codebase(name="bb"), ChangeSet(id="cs", campaign="one")])
    session.flush()
    runs = [
        RunRow(
            id=f"r{number}",
            change_set="cs",
            logfilenames=[],
            codebase=dice.choice(["aa", "bb"]),
            suite=dice.choice(["one", "two"]),
            result_code=dice.choice(CODES),
            failure_transient=dice.choice([None, False, True]),
            context=dice.choice([None, "", "x", "y"]),
            instigated_context=dice.choice([None, "x", "z"]),
            start_time=START,
            finish_time=dice.choice([None, START + timedelta(seconds=dice.randrange(200_000))]),
        )
        for number in range(120)
    ]
    session.add_all(runs)
    session.commit()
    return [run.id for run in runs]


def assert_kept_up(session: Session) -> None:
    for difference in (DIFFERENCE, CONTEXTS, NO_CONTEXTS):
        assert session.execute(text(difference)).all() == []


def test_statistics_follow_inserts_updates_and_deletes(
    session: Session, history: list[str]
) -> None:
    dice = random.Random(11)
    assert session.execute(text("SELECT count(*) FROM run_statistics")).scalar_one() == 4
    assert_kept_up(session)
    changes = [
        {"result_code": "success"},
        {"failure_transient": True},
        {"failure_transient": None},
        {"codebase": "aa", "suite": "two"},
        {"context": "new"},
        {"finish_time": START + timedelta(days=3)},
        {"description": "does not count"},
    ]
    for run_id in dice.sample(history, 60):
        change = dice.choice(changes)
        session.execute(update(RunRow).where(RunRow.id == run_id).values(change))
    session.execute(delete(RunRow).where(RunRow.id.in_(dice.sample(history, 20))))
    session.commit()
    assert_kept_up(session)


def test_statistics_can_be_built_anew(session: Session, history: list[str]) -> None:
    before = set(session.execute(text("TABLE run_statistics")).all())
    session.execute(text("UPDATE run_statistics SET total = 99; DELETE FROM run_context"))
    assert session.execute(text(DIFFERENCE)).all()
    session.execute(text("SELECT rebuild_run_statistics()"))
    assert set(session.execute(text("TABLE run_statistics")).all()) == before
    assert_kept_up(session)
    assert history


def test_a_change_that_does_not_count_is_not_counted(session: Session, history: list[str]) -> None:
    before = session.execute(text("SELECT xmin::text FROM run_statistics")).all()
    session.execute(update(RunRow).where(RunRow.id == history[0]).values(description="new"))
    session.commit()
    assert session.execute(text("SELECT xmin::text FROM run_statistics")).all() == before
