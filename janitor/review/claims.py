"""Handing runs to reviewers, so that no two look at the same one at the same time.

A claim ends with a verdict of its reviewer, when it is given back, or by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from janitor.review.waiting import Waiting, Wanted, waiting, waits
from janitor.state import Conn
from janitor.state.review_claim import ReviewClaim

LEASE = timedelta(minutes=30)  # to look at one run
_PAGE = 20  # runs that are looked through at once for one that is free


@dataclass(frozen=True)
class Claimed:
    """A run that is one reviewer's to look at until a moment."""

    waiting: Waiting
    until: datetime


def claim_next(
    conn: Conn, reviewer: str, wanted: Wanted, *, lease: timedelta = LEASE
) -> Claimed | None:
    """Claim the first run that waits and that nobody else looks at.

    Who asks again while a claim lasts, gets the same run for another lease, unless others came
    to stand far ahead of it.

    Args:
        conn: the caller's transaction; nothing is claimed unless it commits.
        reviewer: who wants to look.
        wanted: which runs.
        lease: how long it stays the reviewer's.

    Returns:
        The claim, or None where nothing is left to look at.
    """
    _forget_expired(conn)
    after = None
    while page := waiting(conn, wanted, limit=_PAGE, after=after):
        for each in sorted(page, key=lambda each: each.claimed_by != reviewer):
            if until := _take(conn, each.run.id, reviewer, lease):
                if waits(conn, wanted, each.run):  # nobody has judged it meanwhile
                    return Claimed(each, until)
                release(conn, each.run.id, reviewer)
        after = page[-1].place
    return None


def release(conn: Conn, run_id: str, reviewer: str) -> bool:
    """Give a run back without a verdict; returns whether the reviewer had it."""
    gone = delete(ReviewClaim).where(ReviewClaim.run_id == run_id, ReviewClaim.reviewer == reviewer)
    return conn.execute(gone.returning(ReviewClaim.run_id)).scalar_one_or_none() is not None


def _forget_expired(conn: Conn) -> None:
    expired = (
        select(ReviewClaim.run_id)
        .where(ReviewClaim.claimed_until < func.now())
        .with_for_update(skip_locked=True)
    )
    conn.execute(
        delete(ReviewClaim).where(ReviewClaim.run_id.in_(expired.scalar_subquery())),
        execution_options={"synchronize_session": False},
    )


def _take(conn: Conn, run_id: str, reviewer: str, lease: timedelta) -> datetime | None:
    """Claim a run unless it is somebody else's; waits for whoever is just claiming it."""
    until = func.now() + lease
    taken: datetime | None = conn.execute(
        insert(ReviewClaim)
        .values(run_id=run_id, reviewer=reviewer, claimed_until=until)
        .on_conflict_do_update(
            index_elements=["run_id"],
            set_={"reviewer": reviewer, "claimed_until": until},
            where=(ReviewClaim.reviewer == reviewer) | (ReviewClaim.claimed_until < func.now()),
        )
        .returning(ReviewClaim.claimed_until)
    ).scalar_one_or_none()
    return taken
