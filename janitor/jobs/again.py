"""Trying again what failed, because somebody mended what was wrong.

A job that ended as failed gets one more attempt; its attempts go on counting, for their number
is the fencing token. What could not be read (``invalid``) stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from janitor.jobs.doorbell import Ring, ring_after_commit
from janitor.state import Conn
from janitor.state.job import JobRow


@dataclass(frozen=True)
class FailedJob:
    """A job that ended badly, with what was said of it."""

    kind: str
    key: str
    run_id: str | None
    attempts: int
    last_error: str | None

    def __str__(self) -> str:
        return f"{self.kind} {self.key}  {self.attempts} attempts: {self.last_error}"


@dataclass(frozen=True)
class Wanted:
    """Which failed jobs; None is any."""

    kinds: Sequence[str] | None = None
    run_ids: Sequence[str] | None = None
    keys: Sequence[str] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what a row must fulfil."""
        chosen = (JobRow.kind, self.kinds), (JobRow.run_id, self.run_ids), (JobRow.key, self.keys)
        return [
            JobRow.state == "failed",
            JobRow.error_kind != "invalid",
            *(column.in_(values) for column, values in chosen if values is not None),
        ]


def failed_jobs(conn: Conn, wanted: Wanted, *, limit: int | None = None) -> list[FailedJob]:
    """Return failed jobs that can be tried again, the latest first."""
    rows = conn.execute(
        select(JobRow.kind, JobRow.key, JobRow.run_id, JobRow.attempts, JobRow.last_error)
        .where(*wanted.conditions())
        .order_by(JobRow.finished_at.desc(), JobRow.id)
        .limit(limit)
    )
    return [FailedJob(*row) for row in rows]


def try_again(session: Session, wanted: Wanted) -> int:
    """Give each of some failed jobs one more attempt, in the caller's transaction.

    Returns:
        How many.
    """
    again = session.execute(
        update(JobRow)
        .where(*wanted.conditions())
        .values(
            state="pending",
            not_before=func.now(),
            finished_at=None,
            rung_at=None,
            max_attempts=JobRow.attempts + 1,
        )
        .returning(JobRow.kind, JobRow.payload, JobRow.trace_id),
        execution_options={"synchronize_session": False},
    ).all()
    for row in again:
        ring_after_commit(session, Ring(row.kind, row.payload, row.trace_id))
    return len(again)
