"""What is served before an entry: how much of which bucket and campaign, and why.

To tell campaigns apart, all of it has to be read. With that read, what limited hosts have of it
is known as well, which :mod:`janitor.queue.load` can tell of the nearest entries only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Row, text

from janitor.queue.holds import Holds
from janitor.state import Conn
from janitor.times import duration_in_words


@dataclass(frozen=True)
class HeldBack:
    """Some of the entries ahead, which nobody may take now: until then they keep nobody waiting."""

    entries: int
    duration: timedelta
    because: str

    def __str__(self) -> str:
        return f"{self.entries} held back ({duration_in_words(self.duration)}): {self.because}"


@dataclass(frozen=True)
class Ahead:
    """Entries of one bucket and campaign that are served earlier; ``held`` are some of them."""

    bucket: str
    campaign: str
    entries: int
    duration: timedelta
    because: str
    held: tuple[HeldBack, ...] = ()

    def __str__(self) -> str:
        said = (
            f"{self.entries} of {self.campaign} in {self.bucket}"
            f" ({duration_in_words(self.duration)}): {self.because}"
        )
        if [part.entries for part in self.held] == [self.entries]:
            return f"{said}\n  all held back: {self.held[0].because}"
        return "\n".join([said, *(f"  of them {part}" for part in self.held)])


def read_before(conn: Conn, place: Row[Any], holds: Holds) -> list[Row[Any]]:
    """Return what is ahead of an entry by ``bucket``, ``suite`` and limited ``host``.

    Args:
        conn: a connection or session.
        place: the entry's, of :func:`janitor.queue.position.find_place`.
        holds: which hosts have limits.

    Returns:
        For each, the number of ``entries``, their ``duration`` and that of the ``longest``, first
        the bucket served first, and of that the largest campaign.
    """
    own = {"bucket": place.bucket, "priority": place.priority, "id": place.id}
    return list(conn.execute(_BEFORE, own | {"limited": list(holds.limits)}))


def what_is_ahead(before: Iterable[Row[Any]], own_bucket: str, holds: Holds) -> tuple[Ahead, ...]:
    """Return what is ahead in an order of service, campaign by campaign.

    Args:
        before: of :func:`read_before`.
        own_bucket: that of the entry.
        holds: what is held back.
    """
    groups = groupby(before, lambda row: (row.bucket, row.suite))
    found = [
        _of_campaign(bucket, campaign, list(rows), own_bucket, holds)
        for (bucket, campaign), rows in groups
    ]
    return tuple(found)


def _of_campaign(
    bucket: str, campaign: str, rows: list[Row[Any]], own_bucket: str, holds: Holds
) -> Ahead:
    entries = sum(row.entries for row in rows)
    duration = sum((row.duration for row in rows), timedelta())
    paused = holds.of_campaign(campaign)
    if paused:
        held = [HeldBack(entries, duration, paused[0])]
    else:
        held = [
            HeldBack(row.entries, row.duration, why)
            for row in rows
            for why in holds.of_host(row.host)[:1]
        ]
    return Ahead(bucket, campaign, entries, duration, _because(bucket, own_bucket), tuple(held))


def _because(bucket: str, own: str) -> str:
    if bucket != own:
        return f"{bucket} is served before {own}"
    return "a lower priority, or the same and longer in the queue"


# "Before" as one comparison of (bucket, priority, id) is read through the index, entry by
# entry, in three times the time: the planner takes the groups to be as many as the entries.
_BEFORE = text("""
SELECT bucket, suite, CASE WHEN host = ANY (cast(:limited AS text[])) THEN host END AS host,
    count(*) AS entries,
    coalesce(sum(estimated_duration), interval '0') AS duration,
    coalesce(max(estimated_duration), interval '0') AS longest
FROM queue
WHERE claim_id IS NULL
    AND (bucket < :bucket OR (bucket = :bucket AND (priority, id) < (:priority, :id)))
GROUP BY 1, 2, 3
ORDER BY bucket, sum(count(*)) OVER (PARTITION BY bucket, suite) DESC, suite, entries DESC, 3
""")
