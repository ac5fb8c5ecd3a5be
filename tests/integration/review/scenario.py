"""Runs that wait for a review, or do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from janitor.state.review import ReviewHistory, ReviewRow
from janitor.state.run import ResultBranch, RunRow
from tests.integration.runs.scenario import (
    CAMPAIGN,
    CODEBASE,
    COMMAND,
    add_candidate,
    add_change_set,
    add_codebase,
    add_policy,
)

__all__ = ["CAMPAIGN", "CODEBASE", "COMMAND", "add_policy", "add_review", "add_run"]

START = datetime(2026, 1, 1, tzinfo=UTC)


def add_run(
    session: Session,
    run_id: str,
    codebase: str = CODEBASE,
    *,
    policy: str | None = "proposing",
    roles: tuple[str, ...] = ("main",),
    absorbed: bool = False,
    age: int = 0,
    **fields: Any,
) -> None:
    """Make a codebase, its candidate, and a successful run that changed it.

    Args:
        session: the caller's.
        run_id: the run's id, and its change set's.
        codebase: the codebase's name; each is used for one run.
        policy: the candidate's publish policy.
        roles: the roles that were changed.
        absorbed: whether the changes are merged already.
        age: days before which the run was.
        fields: columns of the run.
    """
    suite = fields.get("suite", CAMPAIGN)
    add_codebase(session, codebase)
    add_candidate(session, codebase=codebase, suite=suite, publish_policy=policy)
    add_another_run(session, run_id, codebase, roles=roles, absorbed=absorbed, age=age, **fields)


def add_another_run(
    session: Session,
    run_id: str,
    codebase: str,
    *,
    roles: tuple[str, ...] = ("main",),
    absorbed: bool = False,
    age: int = 0,
    **fields: Any,
) -> None:
    """Make a successful run on a codebase that there is; see :func:`add_run`."""
    add_change_set(session, run_id)
    start = START - timedelta(days=age)
    values = {
        "id": run_id,
        "codebase": codebase,
        "suite": CAMPAIGN,
        "change_set": run_id,
        "result_code": "success",
        "publish_status": "needs-manual-review",
        "revision": f"rev-of-{run_id}",
        "logfilenames": [],
        "start_time": start,
        "finish_time": start + timedelta(minutes=1),
    }
    session.execute(insert(RunRow).values(**values | fields))
    for role in roles:
        branch = {"run_id": run_id, "role": role, "base_revision": "a", "revision": "b"}
        session.execute(insert(ResultBranch).values(**branch, absorbed=absorbed))


def add_review(session: Session, run_id: str, reviewer: str, verdict: str = "abstained") -> None:
    session.execute(insert(ReviewRow).values(run_id=run_id, reviewer=reviewer, verdict=verdict))


def review_history(
    session: Session, run_id: str, verdict: str, reviewer: str = "ada", *, qa: bool = True
) -> int:
    """Have a verdict in the history; returns its id."""
    given = insert(ReviewHistory).values(
        run_id=run_id, verdict=verdict, reviewer=reviewer, qa_reviewer=qa
    )
    return session.scalars(given.returning(ReviewHistory.id)).one()
