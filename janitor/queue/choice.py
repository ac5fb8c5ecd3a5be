"""Finding the items to be served next, from an index however many others there are.

Most of the time the first in the order of service will do. Where all of those are left out,
the hosts that have items are visited instead, one index look-up each. :mod:`.claims` takes
what is found here, :mod:`.run_queue` only looks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, text

from janitor.state import Conn

FRONT = 256  # items that are looked at before the hosts are visited one by one
SPARES = 16, 256, 4096  # items beyond those wanted, for those that others are just taking


@dataclass(frozen=True)
class Choice:
    """Which items may be chosen: of a codebase or campaign, not on some hosts, not by their id.

    Paused campaigns and hosts at their limit are left out in any case.
    """

    codebase: str | None = None
    campaign: str | None = None
    closed: tuple[str, ...] = ()
    without: tuple[int, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether it is of one codebase or campaign, which have indexes of their own."""
        return self.codebase is not None or self.campaign is not None


def first_waiting(conn: Conn, choice: Choice, most: int, *, lock: bool) -> list[Row[Any]]:
    """Return the items of a choice that will be served next, in that order.

    Args:
        conn: the caller's transaction.
        choice: which ones.
        most: how many.
        lock: keep others from them until the transaction's end; pass over those that others
            keep.

    Returns:
        Rows of the queue, with what is known of the codebases' places.
    """
    statements = _NAMED if choice.is_named else _ANY
    for spare in SPARES:
        values: dict[str, Any] = asdict(choice) | {
            "closed": list(choice.closed),
            "without": list(choice.without),
            "most": most,
            "width": most + spare,
            "front": most + FRONT,
        }
        found = list(conn.execute(statements[lock], values))
        if found or not lock or not conn.execute(statements[False], values).first():
            return found
        # There are some, and others are taking them all: look further.
    return []


_OPEN = """
    NOT EXISTS (SELECT FROM paused_campaign WHERE campaign = '*')
    AND suite <> ALL (ARRAY(SELECT campaign FROM paused_campaign))
    AND id <> ALL (cast(:without AS bigint[]))
"""
_OPEN_HOST = """
    host <> ALL (ARRAY(SELECT host FROM closed_host))
    AND host <> ALL (cast(:closed AS text[]))
"""

_OF_A_NAME = f"""
WITH candidate AS MATERIALIZED (
    SELECT bucket, priority, id FROM queue
    WHERE claim_id IS NULL
        AND (cast(:codebase AS text) IS NULL OR codebase = :codebase)
        AND (cast(:campaign AS text) IS NULL OR suite = :campaign)
        AND {_OPEN_HOST}
        AND {_OPEN}
    ORDER BY bucket, priority, id
    LIMIT :width
)
"""  # noqa: S608 - nothing of anybody else's

# From one host to the next by the index on hosts, over all items of the same: only where the
# front of the queue has too few.
_OF_ANY_NAME = f"""
WITH RECURSIVE front AS MATERIALIZED (
    SELECT bucket, priority, id
    FROM (
        SELECT bucket, priority, id, host, suite FROM queue
        WHERE claim_id IS NULL
        ORDER BY bucket, priority, id
        LIMIT :front
    ) AS first
    WHERE {_OPEN_HOST}
        AND {_OPEN}
    ORDER BY bucket, priority, id
    LIMIT :width
),
place (host) AS (
    (
        SELECT host FROM queue
        WHERE claim_id IS NULL AND (SELECT count(*) FROM front) < :most
        ORDER BY host
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT queue.host FROM queue
        WHERE claim_id IS NULL AND queue.host > place.host
        ORDER BY queue.host
        LIMIT 1
    )
    FROM place
    WHERE place.host IS NOT NULL
),
candidate AS MATERIALIZED (
    SELECT first.bucket, first.priority, first.id
    FROM (SELECT host FROM place WHERE {_OPEN_HOST}) AS open_place
    CROSS JOIN LATERAL (
        SELECT bucket, priority, id FROM queue
        WHERE claim_id IS NULL AND queue.host = open_place.host
            AND {_OPEN}
        ORDER BY bucket, priority, id
        LIMIT :width
    ) AS first
    UNION
    SELECT bucket, priority, id FROM front
    ORDER BY bucket, priority, id
    LIMIT :width
)
"""  # noqa: S608 - nothing of anybody else's

_ROWS = """
SELECT queue.*,
    codebase.branch_url AS codebase_branch_url,
    codebase.subpath AS codebase_subpath,
    codebase.vcs_type AS codebase_vcs_type,
    EXISTS (
        SELECT FROM host_limit WHERE host_limit.host = queue.host AND most_active IS NOT NULL
    ) AS is_limited
FROM candidate
JOIN queue ON queue.id = candidate.id
LEFT JOIN codebase ON codebase.name = queue.codebase
WHERE queue.claim_id IS NULL
ORDER BY candidate.bucket, candidate.priority, candidate.id
LIMIT :most
"""

_LOCK = "FOR UPDATE OF queue SKIP LOCKED"


_NAMED, _ANY = (
    {False: text(each + _ROWS), True: text(each + _ROWS + _LOCK)}
    for each in (_OF_A_NAME, _OF_ANY_NAME)
)
