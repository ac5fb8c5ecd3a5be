"""Handing an entry out to one worker at a time, for as long as the worker shows signs of life.

A claim's id is the fencing token, and the id of the run that comes of it: a result that
arrives under an id that no entry has any more is refused (:mod:`janitor.runs`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Row, Select, func, or_, select, update

from janitor.errors import Failure
from janitor.queue.item import ENTRY, QueueItem, VcsInfo, in_order_of_service, vcs_info
from janitor.state import Conn
from janitor.state.codebase import Codebase
from janitor.state.queue import QueueEntry

MOST_CLAIMS = 3  # an item whose worker vanishes so often ends as a run with worker-failure
BATCH = 500  # expired claims looked after in one transaction

_FREE: dict[str, Any] = {"claimed_by": None, "claim_id": None, "claimed_until": None}


class ClaimLost(Failure):
    """A claim that is gone: expired and handed to somebody else, released, or finished."""


@dataclass(frozen=True)
class Claim:
    """An item that is one worker's to do until a moment, unless a heartbeat extends it."""

    claim_id: str
    item: QueueItem
    vcs_info: VcsInfo
    until: datetime


@dataclass(frozen=True)
class Expired:
    """Claims that ran out: how many items wait again, and those that were tried enough."""

    put_back: int
    worn_out: tuple[Row[Any], ...]


class Claims:
    """The part of the queue that hands items out.

    Args:
        conn: the caller's transaction; nothing is handed out unless it commits.
    """

    def __init__(self, conn: Conn) -> None:
        self.conn = conn

    def claim(
        self,
        *,
        worker: str,
        lease: timedelta,
        codebase: str | None = None,
        campaign: str | None = None,
        exclude_hosts: Iterable[str] | None = None,
    ) -> Claim | None:
        """Take the next item, so that nobody else can.

        Args:
            worker: who takes it.
            lease: how long the worker may be silent.
            codebase: take only items of this one.
            campaign: take only items of this one.
            exclude_hosts: leave out items of codebases on these hosts.

        Returns:
            The claim, or None where there is nothing to do.
        """
        free = waiting(codebase, campaign, exclude_hosts).limit(1)
        row = self.conn.execute(
            free.with_for_update(of=QueueEntry.__table__, skip_locked=True)
        ).one_or_none()
        if row is None:
            return None
        claim_id = str(uuid.uuid4())
        until = self.conn.execute(
            update(QueueEntry)
            .where(ENTRY.id == row.id)
            .values(
                claimed_by=worker,
                claim_id=claim_id,
                claimed_until=func.now() + lease,
                claims=ENTRY.claims + 1,
            )
            .returning(ENTRY.claimed_until)
        ).scalar_one()
        return Claim(claim_id, QueueItem.from_row(row), vcs_info(row), until)

    def heartbeat(self, claim_id: str, lease: timedelta) -> datetime:
        """Extend a claim, never shorten it; returns until when.

        Raises:
            ClaimLost: it is gone; whoever worked on it should stop.
        """
        until: datetime | None = self.conn.execute(
            update(QueueEntry)
            .where(ENTRY.claim_id == claim_id)
            .values(claimed_until=func.greatest(ENTRY.claimed_until, func.now() + lease))
            .returning(ENTRY.claimed_until)
        ).scalar_one_or_none()
        if until is None:
            raise ClaimLost(f"claim {claim_id} is gone: it expired, was released or is finished")
        return until

    def release(self, claim_id: str) -> None:
        """Give an item back as if it had never been taken; safe to repeat."""
        self.conn.execute(
            update(QueueEntry)
            .where(ENTRY.claim_id == claim_id)
            .values(claims=ENTRY.claims - 1, **_FREE)
        )

    def let_run_out(self, claim_id: str) -> None:
        """End a claim's time now, if it is there: the item is put back as one that was tried."""
        self.conn.execute(
            update(QueueEntry).where(ENTRY.claim_id == claim_id).values(claimed_until=func.now())
        )

    def held_by(self, worker: str) -> list[str]:
        """Return the ids of a worker's claims, for one that comes back after a crash."""
        held = self.conn.execute(select(ENTRY.claim_id).where(ENTRY.claimed_by == worker))
        return [str(claim_id) for claim_id in held.scalars()]

    def take_back_expired(self) -> Expired:
        """Put items back whose worker has been silent for too long.

        Returns:
            What was put back, and the rows of items that were claimed too often; those stay
            claimed and locked until :mod:`janitor.runs` has settled them in this transaction.
        """
        expired = self.conn.execute(
            select(*ENTRY)
            .where(ENTRY.claim_id.is_not(None), ENTRY.claimed_until < func.now())
            .order_by(ENTRY.claimed_until)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        again = [row.id for row in expired if row.claims < MOST_CLAIMS]
        put_back = self.conn.execute(
            update(QueueEntry).where(ENTRY.id.in_(again)).values(**_FREE),
            execution_options={"synchronize_session": False},
        )
        assert isinstance(put_back, CursorResult)  # noqa: S101 - what an UPDATE gives
        worn_out = tuple(row for row in expired if row.claims >= MOST_CLAIMS)
        return Expired(put_back.rowcount, worn_out)


def waiting(
    codebase: str | None, campaign: str | None, exclude_hosts: Iterable[str] | None
) -> Select[Any]:
    """Return the statement of the items that nobody has claimed, first to be served first."""
    found = in_order_of_service().where(ENTRY.claim_id.is_(None))
    if codebase is not None:
        found = found.where(ENTRY.codebase == codebase)
    if campaign is not None:
        found = found.where(ENTRY.suite == campaign)
    hosts = sorted(exclude_hosts or ())
    if hosts:
        found = found.where(or_(Codebase.hostname.is_(None), Codebase.hostname.not_in(hosts)))
    return found
