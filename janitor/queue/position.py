"""How far an item is from being served: its place, and how long that may take.

Triggers count what waits, band by band of the order of service (``additions/queue.sql``), so
that neither a place nor a claim costs more in a long queue. Their counts grow by a row with
each change until :func:`keep_counts` adds them up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, text

from janitor.queue.hosts import closed_hosts
from janitor.queue.item import ENTRY
from janitor.queue.pace import EVERY_CAMPAIGN, paused_campaigns
from janitor.state import Conn

LARGEST_BAND = 1000  # items; those of one band are counted when somebody asks


@dataclass(frozen=True)
class Waiting:
    """How far an item is from being served.

    ``position`` counts from 1, ``ahead`` is the estimated duration of all before it, ``workers``
    how many are at work. ``at_most`` is how long the item may wait if estimates hold and no
    worker goes: they share what is ahead and what is under way. It is less where workers come
    or items ahead are held back, more where other items come in ahead. None is unknown: nobody
    is at work, or ``held`` says why nobody may take the item now.
    """

    position: int
    ahead: timedelta
    workers: int
    at_most: timedelta | None
    held: str | None = None


def place_of(conn: Conn, campaign: str, codebase: str) -> tuple[int, timedelta, str] | None:
    """Return an item's place from 1, the summed duration before it, and its host.

    Args:
        conn: the caller's transaction.
        campaign: the item's.
        codebase: the item's; of several entries the first one counts.
    """
    found = conn.execute(_PLACE, {"suite": campaign, "codebase": codebase}).one_or_none()
    return None if found is None else (found.items + 1, found.duration, found.host)


def waiting_time(conn: Conn, campaign: str, codebase: str) -> Waiting | None:
    """Return how far an item is from being served; None where there is no such item.

    Args:
        conn: the caller's transaction.
        campaign: the item's.
        codebase: the item's; of several entries the first one counts.
    """
    place = place_of(conn, campaign, codebase)
    if place is None:
        return None
    position, ahead, host = place
    under_way = conn.execute(
        select(
            func.count(ENTRY.claimed_by.distinct()).label("workers"),
            func.coalesce(func.sum(ENTRY.estimated_duration), timedelta()).label("duration"),
        ).where(ENTRY.claim_id.is_not(None), ENTRY.claimed_until > func.now())
    ).one()
    held = _what_holds(conn, campaign, host)
    at_most = None
    if under_way.workers and held is None:
        at_most = (ahead + under_way.duration) / under_way.workers
    return Waiting(position, ahead, under_way.workers, at_most, held)


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


def _what_holds(conn: Conn, campaign: str, host: str) -> str | None:
    paused = paused_campaigns(conn)
    if EVERY_CAMPAIGN in paused:
        return "all campaigns are paused"
    if campaign in paused:
        return f"the campaign {campaign} is paused"
    if host in closed_hosts(conn):
        return f"the host {host} is rate-limited, or has as many items under way as it may have"
    return None


_PLACE = text("""
SELECT own.host, ahead.items, ahead.duration
FROM (
    SELECT bucket, priority, id, host FROM queue
    WHERE suite = :suite AND codebase = :codebase
    ORDER BY bucket, priority, id
    LIMIT 1
) AS own
CROSS JOIN LATERAL queue_ahead(own.bucket, own.priority, own.id) AS ahead
""")
