"""Runs whose files must stay, and why; and pins, by which people say so."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Exists, Text, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute

from janitor.files.index import check_run
from janitor.files.shelf import Shelf
from janitor.state import Conn
from janitor.state.expiry import RunPin

# A run that a newer one replaced is neither reviewed nor published any more. A run that another
# resumed from counts for as long as anything is stored of that other one.
_NEEDED = """
SELECT run_id, 'pinned' AS why FROM run_pin
UNION ALL
SELECT id, 'to be published' FROM publish_ready
UNION ALL
SELECT id, 'under review' FROM run
WHERE publish_status IN ('needs-manual-review', 'blocked') AND id IN (
    SELECT last_run_id FROM last_run
    UNION SELECT last_effective_run_id FROM last_run
    UNION SELECT last_unabsorbed_run_id FROM last_run)
UNION ALL
SELECT run_id, 'under review' FROM review_claim WHERE claimed_until > now()
UNION ALL
SELECT later.resume_from, 'run ' || later.id || ' resumed from it' FROM run AS later
WHERE later.resume_from IS NOT NULL AND (
    EXISTS (SELECT FROM run_log WHERE run_id = later.id)
    OR EXISTS (SELECT FROM run_artifact WHERE run_id = later.id))
"""


_ROWS = text(_NEEDED).columns(run_id=Text, why=Text)


def is_needed(run_id: ColumnElement[str] | InstrumentedAttribute[str]) -> Exists:
    """Return the condition that the files of a run must stay; its negation is an anti-join."""
    rows = _ROWS.subquery("needed")
    return exists().where(rows.c.run_id == run_id)


def needed_among(conn: Conn, run_ids: Collection[str]) -> set[str]:
    """Return those of some runs whose files must stay."""
    rows = _ROWS.subquery("needed")
    return set(conn.execute(select(rows.c.run_id).where(rows.c.run_id.in_(run_ids))).scalars())


def why_needed(conn: Conn, run_id: str) -> list[str]:
    """Return why the files of a run must stay; nothing if they need not."""
    rows = _ROWS.subquery("needed")
    return list(conn.execute(select(rows.c.why).where(rows.c.run_id == run_id)).scalars())


def pin(conn: Conn, shelves: tuple[Shelf, ...], run_id: str, reason: str | None) -> None:
    """Keep the files of a run until somebody unpins it, in the caller's transaction.

    Files that are being deleted just now are waited for; they are gone then.

    Args:
        conn: the transaction.
        shelves: whose rows are no longer to expire.
        run_id: the run.
        reason: why, for people.

    Raises:
        NoSuchRun: there is no such run.
    """
    check_run(conn, run_id)
    pinned = insert(RunPin).values(run_id=run_id, reason=reason)
    conn.execute(
        pinned.on_conflict_do_update(
            index_elements=["run_id"], set_={"reason": reason, "pinned_at": func.now()}
        )
    )
    for shelf in shelves:
        conn.execute(
            update(shelf.table).where(shelf.table.run_id == run_id).values(expires_at=None),
            execution_options={"synchronize_session": False},
        )


def unpin(conn: Conn, run_id: str) -> bool:
    """Let policies decide about a run's files again; returns whether it was pinned."""
    gone = conn.execute(delete(RunPin).where(RunPin.run_id == run_id).returning(RunPin.run_id))
    return gone.first() is not None
