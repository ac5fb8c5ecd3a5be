"""Which files go: what policies (:mod:`.policies`) say of runs that nobody needs (:mod:`.needed`).

One statement however many runs there are; :mod:`.expiry` carries it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CTE, Select, func, lateral, literal, select

from janitor.files.needed import is_needed
from janitor.files.policies import ANY
from janitor.files.shelf import Shelf
from janitor.state import Conn
from janitor.state.expiry import ExpiryPolicy
from janitor.state.run import RunRow


@dataclass(frozen=True)
class Expiring:
    """A run whose files go.

    Args:
        run_id, campaign, codebase, result_code: which.
        ended: when it ended.
        files: how many files go.
        size: bytes that they take in the store.
    """

    run_id: str
    campaign: str
    codebase: str
    result_code: str
    ended: datetime
    files: int
    size: int


def iter_expiring(conn: Conn, shelf: Shelf) -> Iterator[Expiring]:
    """Yield the runs whose files would go now, oldest first; nothing changes."""
    expired = expired_runs(shelf)
    table = shelf.table
    rows = conn.execute(
        select(
            RunRow.id,
            RunRow.suite,
            RunRow.codebase,
            RunRow.result_code,
            expired.c.ended,
            func.count(),
            func.sum(table.stored_size),
        )
        .join(expired, expired.c.run_id == RunRow.id)
        .join(table, table.run_id == RunRow.id)
        .group_by(RunRow.id, expired.c.ended)
        .order_by(expired.c.ended, RunRow.id),
        execution_options={"yield_per": 1000},
    )
    for row in rows:
        run_id, campaign, codebase, result_code, ended, files, size = row
        yield Expiring(run_id, campaign, codebase, result_code, ended, files, int(size))


def expired_runs(shelf: Shelf) -> CTE:
    """The runs whose files go, with when they ended."""
    judged = _judged(shelf).cte("judged")
    return (
        select(judged.c.run_id, judged.c.ended)
        .where(judged.c.newness > judged.c.keep_newest)
        .where(judged.c.ended < func.now() - judged.c.keep_for)
        .where(~is_needed(judged.c.run_id))
        .cte("expired")
    )


def _judged(shelf: Shelf) -> Select[tuple[object, ...]]:
    """Each run with files and a policy: how old it is, and how many newer ones there are."""
    table = shelf.table
    stored = (
        select(table.run_id, func.max(table.stored_at).label("at"))
        .group_by(table.run_id)
        .subquery()
    )
    policy = lateral(
        select(ExpiryPolicy)
        .where(ExpiryPolicy.files == shelf.kind)
        .where(ExpiryPolicy.campaign.in_((RunRow.suite, ANY)))
        .where(ExpiryPolicy.result_code.in_((RunRow.result_code, ANY)))
        .order_by(ExpiryPolicy.campaign == ANY, ExpiryPolicy.result_code == ANY)
        .limit(1)
    )
    began = func.coalesce(RunRow.finish_time, RunRow.start_time)
    newness = func.row_number().over(
        partition_by=(RunRow.codebase, RunRow.suite, policy.c.campaign, policy.c.result_code),
        order_by=(RunRow.start_time.desc().nulls_last(), RunRow.id.desc()),
    )
    return (
        select(
            RunRow.id.label("run_id"),
            func.coalesce(func.timezone("UTC", began), stored.c.at).label("ended"),
            newness.label("newness"),
            policy.c.keep_for,
            policy.c.keep_newest,
        )
        .join(stored, stored.c.run_id == RunRow.id)
        .join(policy, literal(True))
    )
