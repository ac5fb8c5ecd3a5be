"""Finds what was lost: jobs whose message never came, leases whose worker died, old rows.

Each duty is one bounded step over rows that nobody else holds (SKIP LOCKED), so that any
number of upkeeps may run at once, late, or not at all for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from janitor.jobs.doorbell import Ring, ring_after_commit
from janitor.jobs.kind import InvalidPayload, JobKind
from janitor.state import Conn
from janitor.state.job import JobRow

BATCH = 500  # rows of one duty in one transaction

MOST_DOUBLINGS = 6  # of the pause between two messages for the same job

KEEP_DONE = timedelta(days=7)
KEEP_FAILED = timedelta(days=90)


@dataclass(frozen=True)
class TakenBack:
    """Leases that ran out: how many jobs wait again, how many were tried for the last time."""

    waiting: int
    failed: int


def take_back_expired(conn: Conn, kinds: Mapping[str, JobKind[Any]]) -> TakenBack:
    """Take jobs back whose worker let the lease run out.

    Args:
        conn: a transaction of its own.
        kinds: the kinds by name, for what they say of failed jobs.
    """
    expired = conn.execute(
        select(JobRow.id, JobRow.kind, JobRow.payload, JobRow.attempts, JobRow.max_attempts)
        .where(JobRow.state == "leased", JobRow.lease_until < func.now())
        .order_by(JobRow.lease_until)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    worn_out = [row for row in expired if row.attempts >= row.max_attempts]
    _put_back(conn, [row.id for row in expired if row.attempts < row.max_attempts])
    for row in worn_out:
        reason = (
            f"the worker died or stalled in each of {row.attempts} attempts; the log of the"
            " worker says why"
        )
        _give_up(conn, row.id, reason)
        _say_failed(conn, kinds.get(row.kind), row.payload, reason)
    return TakenBack(waiting=len(expired) - len(worn_out), failed=len(worn_out))


def ring_again(session: Session, patience: timedelta) -> int:
    """Ring for jobs that are due and that nobody was told of lately.

    Args:
        session: a transaction of its own.
        patience: how long a message may go unanswered; twice as long the next time, and so
            on. A lost one is replaced soon, a long backlog is not flooded with copies.

    Returns:
        For how many jobs.
    """
    doubled = patience * func.pow(2, func.least(JobRow.rings, MOST_DOUBLINGS))
    due = (
        select(JobRow.id)
        .where(JobRow.state == "pending", JobRow.not_before <= func.now())
        .where(
            or_(
                JobRow.rung_at.is_(None),
                JobRow.rung_at < JobRow.not_before,
                JobRow.rung_at < func.now() - doubled,
            )
        )
        .order_by(JobRow.not_before)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rung = session.execute(
        update(JobRow)
        .where(JobRow.id.in_(due.scalar_subquery()))
        .values(rung_at=func.now(), rings=JobRow.rings + 1)
        .returning(JobRow.kind, JobRow.payload, JobRow.trace_id),
        execution_options={"synchronize_session": False},
    ).all()
    for row in rung:
        ring_after_commit(session, Ring(row.kind, row.payload, row.trace_id))
    return len(rung)


def prune(conn: Conn) -> int:
    """Delete rows of jobs that ended long ago; returns how many."""
    keep = case((JobRow.state == "done", KEEP_DONE), else_=KEEP_FAILED)
    old = (
        select(JobRow.id)
        .where(JobRow.finished_at < func.now() - keep)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    gone = conn.execute(
        delete(JobRow).where(JobRow.id.in_(old.scalar_subquery())).returning(JobRow.id),
        execution_options={"synchronize_session": False},
    )
    return len(gone.all())


def _say_failed(
    conn: Conn, kind: JobKind[Any] | None, payload: dict[str, Any], reason: str
) -> None:
    if kind is None or kind.when_failed is None:
        return
    # Others may insert rows, and older versions did: one that can't be read must not keep
    # all the other leases from being taken back, now and each time again.
    with suppress(InvalidPayload):
        kind.when_failed(conn, kind.read(payload), reason)


def _put_back(conn: Conn, job_ids: list[int]) -> None:
    conn.execute(
        update(JobRow)
        .where(JobRow.id.in_(job_ids))
        .values(
            state="pending",
            lease_owner=None,
            lease_until=None,
            rung_at=None,
            last_error="the worker died or stalled; its lease ran out",
            error_kind="lost",
        ),
        execution_options={"synchronize_session": False},
    )


def _give_up(conn: Conn, job_id: int, reason: str) -> None:
    conn.execute(
        update(JobRow)
        .where(JobRow.id == job_id)
        .values(
            state="failed",
            lease_owner=None,
            lease_until=None,
            finished_at=func.now(),
            last_error=reason,
            error_kind="lost",
        ),
        execution_options={"synchronize_session": False},
    )
