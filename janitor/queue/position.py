"""How far an entry is from the front of the queue; :mod:`.waiting` tells how long that is.

Triggers count what waits, band by band of the order of service (``additions/queue.sql``), so
that neither a place nor a claim costs more in a long queue. Their counts grow by a row with
each change until :func:`keep_counts` adds them up.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, select, text

from janitor.state import Conn
from janitor.storable import check_storable

LARGEST_BAND = 1000  # entries; those of one band are counted when somebody asks


def find_place(
    conn: Conn, campaign: str, codebase: str, change_set: str | None = None
) -> Row[Any] | None:
    """Return an entry's row, with the number of ``items`` before it and their ``duration``.

    Args:
        conn: the caller's transaction.
        campaign: the entry's.
        codebase: the entry's.
        change_set: the entry's; ``""`` for the one without. None is any: of several the first.

    Raises:
        Unstorable: one of them is no text that the database takes.
    """
    check_storable([campaign, codebase, change_set])
    named = {"suite": campaign, "codebase": codebase, "change_set": change_set}
    return conn.execute(_PLACE, named).one_or_none()


def keep_counts(conn: Conn) -> str:
    """Add up the counts of each band, and cut bands that have grown too large.

    Args:
        conn: a transaction of its own; cutting keeps others from changing the queue for a
            moment, or steps aside if the queue is busy.

    Returns:
        What was done, in words.
    """
    conn.execute(select(func.fold_queue_count()))
    cut = conn.execute(select(func.cut_queue_count(LARGEST_BAND))).scalar_one()
    return "the queue is busy, nothing was cut" if cut is None else f"{cut} bands cut"


_PLACE = text("""
SELECT own.*, ahead.items, ahead.duration
FROM (
    SELECT * FROM queue
    WHERE suite = :suite AND codebase = :codebase
        AND (cast(:change_set AS text) IS NULL OR coalesce(change_set, '') = :change_set)
    ORDER BY bucket, priority, id
    LIMIT 1
) AS own
CROSS JOIN LATERAL queue_ahead(own.bucket, own.priority, own.id) AS ahead
""")
