"""How reviewing goes: what waits and since when, who said what, how long decisions took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from janitor.review.waiting import WAITING, Wanted, nothing_before, wishes
from janitor.state import Conn


@dataclass(frozen=True)
class Backlog:
    """What waits in a campaign; ``oldest`` is when the first of it was finished."""

    campaign: str
    runs: int
    oldest: datetime | None


@dataclass(frozen=True)
class Reviewer:
    """What somebody said in the time that is looked at."""

    name: str
    approved: int
    rejected: int
    abstained: int


@dataclass(frozen=True)
class Decided:
    """Runs that became approved or rejected; ``median`` from their end to that moment."""

    status: str
    runs: int
    median: timedelta | None


@dataclass(frozen=True)
class Statistics:
    """All of it."""

    since: datetime
    backlog: tuple[Backlog, ...]
    reviewers: tuple[Reviewer, ...]
    decided: tuple[Decided, ...]


def statistics(conn: Conn, since: datetime) -> Statistics:
    """Return how reviewing goes.

    Args:
        conn: a connection or session.
        since: from when on verdicts and decisions count; what waits counts in any case.
    """
    spoken = {"since": since}
    return Statistics(
        since,
        backlog(conn),
        tuple(Reviewer(*row) for row in conn.execute(text(_REVIEWERS), spoken)),
        tuple(Decided(*row) for row in conn.execute(text(_DECIDED), spoken)),
    )


def backlog(conn: Conn) -> tuple[Backlog, ...]:
    """Return what waits in each campaign, the most first; no run is loaded for it."""
    everything = wishes(Wanted()) | nothing_before() | {"limit": None}
    return tuple(Backlog(*row) for row in conn.execute(text(_BACKLOG), everything))


_BACKLOG = f"""
SELECT run.suite, count(*), min(run.finish_time) AT TIME ZONE 'UTC'
FROM ({WAITING}) AS waiting JOIN run ON run.id = waiting.id
GROUP BY run.suite
ORDER BY count(*) DESC, run.suite
"""  # noqa: S608 - a constant of ours

_REVIEWERS = """
SELECT coalesce(reviewer, 'somebody'),
    count(*) FILTER (WHERE verdict = 'approved'),
    count(*) FILTER (WHERE verdict = 'rejected'),
    count(*) FILTER (WHERE verdict = 'abstained')
FROM review_history
WHERE reviewed_at >= :since
GROUP BY 1
ORDER BY count(*) DESC, 1
"""

_DECIDED = """
SELECT change.after::text, count(*),
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY change.changed_at - run.finish_time AT TIME ZONE 'UTC'
    )
FROM publish_status_change AS change JOIN run ON run.id = change.run_id
WHERE change.changed_at >= :since AND change.after IN ('approved', 'rejected')
GROUP BY change.after
ORDER BY change.after
"""
