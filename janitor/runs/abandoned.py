"""Files in the spool that nobody will take in any more.

A result that was refused (its claim was lost, it can't be read) stays in the spool for a while,
so that a person can look at it and have it tried again (:mod:`janitor.jobs.again`). So does
what a runner left there without handing it in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import exists, func, or_, select

from janitor.state import Conn
from janitor.state.job import JobRow
from janitor.state.queue import QueueEntry
from janitor.state.run import RunRow

KEEP_REFUSED = timedelta(days=30)


def spool_is_abandoned(conn: Conn, run_id: str, changed_at: datetime) -> bool:
    """Return whether a run was never stored, and nothing has been done about it for long.

    Args:
        conn: a transaction.
        run_id: whose files they are.
        changed_at: when its directory last changed.
    """
    if datetime.now(UTC) - changed_at < KEEP_REFUSED:
        return False
    stored = exists().where(RunRow.id == run_id)
    claimed = exists().where(QueueEntry.claim_id == run_id)
    recent = func.now() - KEEP_REFUSED
    at_work = exists().where(
        JobRow.run_id == run_id,
        or_(JobRow.finished_at.is_(None), JobRow.finished_at > recent),
    )
    return not conn.execute(select(stored | claimed | at_work)).scalar_one()
