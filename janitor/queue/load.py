"""The work that stands before an entry: how much is sure to be begun first, and how much may be.

Where little is ahead, or something of it is held back, the nearest entries are read. Otherwise
whole bands of :mod:`.position` answer. Either costs the same however long the queue is.
:mod:`.waiting` makes a range of time of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select, text

from janitor.queue.holds import Holds
from janitor.queue.item import ENTRY
from janitor.state import Conn

NEAR = 3000  # entries before another that are read; more than those are only counted


@dataclass(frozen=True)
class Crew:
    """Who is at work: those with a claim that has not run out, and what they took in all."""

    workers: int
    under_way: timedelta

    @classmethod
    def of_now(cls, conn: Conn) -> Crew:
        """Return those that are at work now."""
        found = conn.execute(
            select(
                func.count(ENTRY.claimed_by.distinct()),
                func.coalesce(func.sum(ENTRY.estimated_duration), timedelta()),
            ).where(ENTRY.claim_id.is_not(None), ENTRY.claimed_until > func.now())
        )
        return cls(*found.one())


@dataclass(frozen=True)
class Part:
    """Entries ahead of another that share their fate; ``host`` only if it has a limit."""

    campaign: str
    host: str | None
    duration: timedelta


@dataclass(frozen=True)
class Load:
    """Estimated work ahead of an entry, before it can begin.

    ``certain`` is done by then in any case. ``possible`` may be: all that is not held back.
    ``later`` is what hosts add that are rate-limited: in how long, and how much. If the load
    ``is_partial``, only the nearest entries were read, and all of them could tell more.
    """

    certain: timedelta
    possible: timedelta
    later: tuple[tuple[timedelta, timedelta], ...] = ()
    is_partial: bool = False

    @classmethod
    def of(cls, parts: Iterable[Part], unfinished: timedelta, holds: Holds) -> Load:
        """Return what all parts ahead of an entry amount to.

        Args:
            parts: all that is ahead.
            unfinished: at least as much as the other workers may have left of what is free
                when the entry begins.
            holds: what may hold a part back that does not hold the entry back.
        """
        certain, possible, later = -unfinished, timedelta(), []
        for part in parts:
            limit = None if part.host is None else holds.limits.get(part.host)
            if part.campaign in holds.paused or (limit and limit.never_opens):
                continue
            if limit and limit.opens_in:
                later.append((limit.opens_in, part.duration))
                continue
            possible += part.duration
            certain += timedelta() if limit else part.duration
        return cls(max(certain, timedelta()), possible, tuple(sorted(later)))


def load_before(conn: Conn, place: Row[Any], holds: Holds, workers: int) -> Load:
    """Return the work ahead of an entry, however much that is, at the same cost.

    When the entry begins, all that is sure to be served first was begun, and one of it each may
    be unfinished with the other workers. So what is certain is the sum without the longest
    ``workers - 1``; or without as many bands, since no entry is longer than its band.

    Args:
        conn: the caller's transaction.
        place: the entry's, of :func:`janitor.queue.position.find_place`.
        holds: what may hold others back and not the entry.
        workers: how many are at work.
    """
    before = {"bucket": place.bucket, "priority": place.priority, "id": place.id}
    others = {"others": max(workers - 1, 0)}
    if place.items > NEAR and not holds:
        unfinished = conn.execute(_BANDS, before | others).scalar_one()
        return Load(max(place.duration - unfinished, timedelta()), place.duration)
    limits = {"paused": list(holds.paused), "limited": list(holds.limits), "near": NEAR}
    near = conn.execute(_NEAR, before | others | limits).all()
    parts = [Part(row.suite, row.host, row.duration) for row in near]
    load = Load.of(parts, near[0].unfinished if near else timedelta(), holds)
    # What is farther ahead may be held back or not: then it is possible, and not certain.
    far = place.items > NEAR
    return Load(load.certain, place.duration, is_partial=True) if far else load


_NEAR = text("""
WITH near AS MATERIALIZED (
    SELECT suite, CASE WHEN host = ANY (cast(:limited AS text[])) THEN host END AS host,
        coalesce(estimated_duration, interval '0') AS duration
    FROM queue
    WHERE claim_id IS NULL AND (bucket, priority, id) < (:bucket, :priority, :id)
    ORDER BY bucket DESC, priority DESC, id DESC
    LIMIT :near
)
SELECT suite, host, sum(duration) AS duration, (
    SELECT coalesce(sum(duration), interval '0')
    FROM (
        SELECT duration FROM near
        WHERE host IS NULL AND suite <> ALL (cast(:paused AS text[]))
        ORDER BY duration DESC
        LIMIT :others
    ) AS longest
) AS unfinished
FROM near
GROUP BY suite, host
""")

_BANDS = text("""
SELECT coalesce(sum(duration), interval '0')
FROM (
    SELECT sum(duration) AS duration FROM queue_count
    WHERE (bucket, priority, id) <= (:bucket, :priority, :id)
    GROUP BY bucket, priority, id
    ORDER BY 1 DESC
    LIMIT :others
) AS band
""")
