"""Runs of many candidates at once because somebody asks, counted before they are asked for.

Each entry becomes what :func:`janitor.schedule.do_schedule` would make of it. Which candidates
are meant is said by :mod:`.selection`, what came of them by :mod:`.bulk_outcome`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import Field
from sqlalchemy import CTE, Integer, Select, Text, and_, case, func, select

from janitor.errors import Failure
from janitor.jobs import JobKind
from janitor.queue.adding import COLUMNS, entering
from janitor.queue.item import ENTRY
from janitor.queue.new_entry import FARTHEST
from janitor.schedule.bulk_outcome import Example, Outcome
from janitor.schedule.estimates import with_estimates
from janitor.schedule.recompute import keep_passes_aside
from janitor.schedule.requests import DEFAULT_SCHEDULE_OFFSET
from janitor.schedule.selection import SELECTED, Selection, check
from janitor.state import Conn
from janitor.state.types import QueueBucket

MOST_EXAMPLES = 5


class NothingSelected(Failure):
    """A selection that no candidate fits."""


class BulkRequest(Selection):
    """Runs of all candidates of a selection, each with its own command and change set.

    ``offset`` counts from the lowest priority in the queue; -1 is the front of the bucket. There
    must be a requester: what nobody asked for, the next recomputation places anew.
    """

    requester: str = Field(min_length=1)
    bucket: QueueBucket = "manual"
    offset: float = Field(default=DEFAULT_SCHEDULE_OFFSET, ge=-FARTHEST, le=FARTHEST)
    refresh: bool = False


class RequestInBulk(BulkRequest):
    """A request in bulk as a message; ``request`` tells one from the next."""

    request: str = Field(min_length=1, max_length=200)


REQUEST_IN_BULK = JobKind(
    "janitor.schedule.request_in_bulk", RequestInBulk, key=lambda ask: ask.request
)


def foresee(conn: Conn, ask: BulkRequest) -> Outcome:
    """Return what a request would do now, with the first candidates; changes nothing.

    Args:
        conn: a connection or session.
        ask: what is asked for.

    Raises:
        UnknownChoice: the selection names what there is not.
        NothingSelected: no candidate fits it.
    """
    check(conn, ask)
    planned = _planned(ask).c
    done = _counted(conn, ask, select(planned.outcome, func.count()).group_by(planned.outcome))
    named = select(planned.codebase, planned.campaign, planned.change_set, planned.outcome)
    first = conn.execute(named.order_by(planned.number).limit(MOST_EXAMPLES))
    return replace(done, examples=tuple(Example(*row) for row in first))


def request_in_bulk(conn: Conn, ask: BulkRequest) -> Outcome:
    """Put runs of all candidates of a selection in the queue, in one statement.

    Args:
        conn: the caller's transaction; until it ends, recomputations step aside.
        ask: what is asked for.

    Raises:
        UnknownChoice: the selection names what there is not.
        NothingSelected: no candidate fits it.
    """
    check(conn, ask)
    keep_passes_aside(conn)
    planned = _planned(ask)
    writes = planned.c.outcome.in_(["added", "moved"])
    rows = select(planned).where(writes).subquery("asked")
    new = entering(rows, bucket=ask.bucket, refresh=ask.refresh, requester=ask.requester)
    written = new.returning(ENTRY.codebase, ENTRY.suite, ENTRY.change_set).cte("written")
    same = and_(
        written.c.codebase == planned.c.codebase,
        written.c.suite == planned.c.campaign,
        func.coalesce(written.c.change_set, "") == func.coalesce(planned.c.change_set, ""),
    )
    overtaken = and_(writes, written.c.codebase.is_(None))
    outcome = case((overtaken, "overtaken"), else_=planned.c.outcome)
    counted = select(outcome, func.count()).select_from(planned.outerjoin(written, same))
    return _counted(conn, ask, counted.group_by(outcome))


def _planned(ask: BulkRequest) -> CTE:
    # Dependencies that are there by now make a success likelier, but no run longer.
    unused = {"codebases": None, "first": "", "beyond": None, "satisfied": list[str]()}
    asked = {"bucket": ask.bucket, "offset": round(ask.offset)}
    statement = with_estimates(_PLANNED, instead=SELECTED)
    bound = statement.bindparams(**ask.parameters(), **unused, **asked)
    return bound.columns(number=Integer, outcome=Text, **COLUMNS).cte("planned")


def _counted(conn: Conn, ask: BulkRequest, counted: Select[Any]) -> Outcome:
    counts: dict[str, Any] = {row[0]: row[1] for row in conn.execute(counted)}
    if not counts:
        raise NothingSelected(
            "no candidate fits all that was asked for; look at each of campaign, codebase and"
            " result code alone"
        )
    return Outcome(ask.bucket, **counts)


# What do_schedule and Queue.add would do with each. A queue that somebody changes meanwhile is
# seen by the insert; the reasons here are for people.
_PLANNED = """
SELECT candidate.id AS number, candidate.codebase, candidate.suite AS campaign,
    candidate.change_set, candidate.command, cast(NULL AS text) AS context,
    estimate.duration AS estimated_duration, cast(:offset AS bigint) AS "offset",
    CASE
        WHEN estimate.codebase IS NULL THEN 'inactive'
        WHEN there.id IS NULL THEN 'added'
        WHEN there.claim_id IS NOT NULL THEN 'claimed'
        WHEN there.bucket < cast(:bucket AS queue_bucket) THEN 'earlier'
        ELSE 'moved'
    END AS outcome
FROM candidate
LEFT JOIN estimate ON estimate.codebase = candidate.codebase AND estimate.suite = candidate.suite
    AND coalesce(estimate.change_set, '') = coalesce(candidate.change_set, '')
LEFT JOIN queue AS there
    ON there.codebase = candidate.codebase AND there.suite = candidate.suite
    AND coalesce(there.change_set, '') = coalesce(candidate.change_set, '')
"""
