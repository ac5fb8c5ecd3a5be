"""What the triggers keep true: last runs, and change sets that move forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from janitor.state.candidate import Candidate
from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase
from janitor.state.publication import Publish
from janitor.state.run import LastRun, ResultBranch, RunRow

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def world(session: Session) -> None:
    session.add_all([Codebase(name="hello"), ChangeSet(id="cs", campaign="tidy")])
    session.flush()


def add_run(session: Session, run_id: str, code: str, hour: int, **more: Any) -> None:
    branches = more.pop("branches", ())
    session.add(
        RunRow(
            id=run_id,
            codebase="hello",
            suite="tidy",
            result_code=code,
            logfilenames=[],
            start_time=START + timedelta(hours=hour),
            **{"change_set": "cs"} | more,
        )
    )
    session.flush()
    for role, absorbed in branches:
        session.add(ResultBranch(run_id=run_id, role=role, absorbed=absorbed))
    session.flush()


def last(session: Session) -> tuple[str | None, str | None, str | None] | None:
    row = session.execute(
        select(LastRun.last_run_id, LastRun.last_effective_run_id, LastRun.last_unabsorbed_run_id)
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def state(session: Session, change_set: str = "cs") -> str | None:
    return session.scalar(select(ChangeSet.__table__.c.state).where(ChangeSet.id == change_set))


def test_the_last_run_is_the_latest_to_start_whatever_the_order_of_arrival(
    session: Session,
) -> None:
    add_run(session, "late", "broken", hour=5)
    add_run(session, "early", "broken", hour=1)
    assert last(session) == ("late", "late", "late")


def test_a_success_is_unabsorbed_as_long_as_one_branch_is(session: Session) -> None:
    add_run(session, "r", "success", hour=1, branches=[("main", False), ("docs", True)])
    assert last(session) == ("r", "r", "r")
    session.execute(update(ResultBranch).where(ResultBranch.role == "main").values(absorbed=True))
    assert last(session) == ("r", "r", None)
    session.execute(update(ResultBranch).where(ResultBranch.role == "docs").values(absorbed=False))
    assert last(session) == ("r", "r", "r")
    session.execute(delete(ResultBranch).where(ResultBranch.role == "docs"))
    assert last(session) == ("r", "r", None)


def test_nothing_to_do_leaves_nothing_unabsorbed(session: Session) -> None:
    add_run(session, "r", "nothing-to-do", hour=1)
    assert last(session) == ("r", "r", None)


def test_nothing_new_to_do_counts_as_the_success_that_it_went_on_from(session: Session) -> None:
    add_run(session, "first", "success", hour=1, branches=[("main", False)])
    add_run(session, "second", "nothing-new-to-do", hour=2, resume_from="first")
    assert last(session) == ("second", "first", "first")


def test_a_transient_failure_leaves_the_newest_run_before_it_in_effect(session: Session) -> None:
    add_run(session, "cloudy", "timeout", hour=9, failure_transient=True)
    assert last(session) == ("cloudy", None, None)
    add_run(session, "good", "success", hour=1, branches=[("main", False)])
    add_run(session, "again", "nothing-new-to-do", hour=2, resume_from="good")
    assert last(session) == ("cloudy", "good", "good")


def test_runs_that_go_or_change_are_noticed(session: Session) -> None:
    add_run(session, "one", "success", hour=1, branches=[("main", False)])
    add_run(session, "two", "broken", hour=2)
    session.execute(update(RunRow).where(RunRow.id == "two").values(failure_transient=True))
    assert last(session) == ("two", "one", "one")
    session.execute(delete(RunRow).where(RunRow.id == "two"))
    assert last(session) == ("one", "one", "one")
    session.execute(delete(RunRow))
    assert last(session) is None


def test_a_run_that_moves_is_gone_from_where_it_was(session: Session) -> None:
    add_run(session, "one", "broken", hour=1)
    session.execute(update(RunRow).values(suite="other"))
    campaigns = session.scalars(select(LastRun.campaign)).all()
    assert campaigns == ["other"]


def test_a_change_set_goes_from_created_to_done_as_its_runs_do(session: Session) -> None:
    session.add(Candidate(codebase="hello", suite="tidy", command="x", change_set="cs"))
    session.flush()
    assert state(session) == "created"
    add_run(session, "bad", "broken", hour=1)
    assert state(session) == "working"
    add_run(session, "good", "success", hour=2, branches=[("main", False)])
    assert state(session) == "ready"
    publish = {"id": "p", "change_set": "cs", "target_branch_url": "x", "mode": "push"}
    session.add(Publish(**publish, result_code="broken"))
    session.flush()
    assert state(session) == "ready"
    session.execute(update(Publish).values(result_code="success"))
    assert state(session) == "publishing"
    session.execute(update(ResultBranch).values(absorbed=True))
    assert state(session) == "done"


def test_a_change_set_never_moves_back_and_jumps_as_far_as_it_can(session: Session) -> None:
    add_run(session, "good", "success", hour=1)
    assert state(session) == "ready"
    session.execute(delete(RunRow))
    assert state(session) == "ready"


def test_a_run_that_changes_its_change_set_moves_both(session: Session) -> None:
    session.add(ChangeSet(id="other", campaign="tidy"))
    add_run(session, "r", "broken", hour=1)
    session.execute(update(RunRow).values(change_set="other"))
    assert (state(session), state(session, "other")) == ("working", "working")


def test_sessions_older_than_a_week_go_when_one_comes_in(session: Session) -> None:
    session.execute(
        text(
            "INSERT INTO site_session (id, timestamp) VALUES ('old', now() - interval '8 days'),"
            " ('new', now() - interval '6 days')"
        )
    )
    session.execute(text("INSERT INTO site_session (id) VALUES ('now')"))
    assert set(session.execute(text("SELECT id FROM site_session")).scalars()) == {"new", "now"}


def test_publish_ready_has_each_run_once_with_what_is_to_publish(session: Session) -> None:
    session.execute(
        text(
            "INSERT INTO named_publish_policy VALUES ('p',"
            " ARRAY[('main', 'propose', 7), ('docs', 'skip', NULL)]::branch_publish_policy[])"
        )
    )
    for change_set in (None, "cs"):
        session.add(
            Candidate(
                codebase="hello",
                suite="tidy",
                command=change_set or "plain",
                change_set=change_set,
                publish_policy="p",
            )
        )
    add_run(
        session, "r", "success", hour=1, branches=[("main", False), ("docs", False), ("x", True)]
    )
    rows = session.execute(
        text("SELECT id, policy_command, unpublished_branches::text FROM publish_ready")
    ).all()
    assert [tuple(row) for row in rows] == [
        ("r", "cs", '{"(docs,,,,skip,)","(main,,,,propose,7)"}')
    ]
