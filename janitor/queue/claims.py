"""Handing an entry out to one worker at a time, for as long as the worker shows signs of life.

A claim's id is the fencing token, and the id of the run that comes of it: a result that
arrives under an id that no entry has any more is refused (:mod:`janitor.runs`). Choosing and
taking is one call of a function of the database (``additions/claiming.sql``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Row, func, select, text, update

from janitor.errors import Failure
from janitor.queue.choice import PLACE
from janitor.queue.item import ENTRY, QueueItem, VcsInfo, vcs_info
from janitor.state import Conn
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
        conn: the caller's transaction; nothing is handed out unless it commits. The commit of a
            claim doesn't wait for the disk, so nothing else belongs in its transaction.
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
        claims = self.claim_several(
            1,
            worker=worker,
            lease=lease,
            codebase=codebase,
            campaign=campaign,
            exclude_hosts=exclude_hosts,
        )
        return claims[0] if claims else None

    def claim_several(
        self,
        most: int,
        *,
        worker: str,
        lease: timedelta,
        codebase: str | None = None,
        campaign: str | None = None,
        exclude_hosts: Iterable[str] | None = None,
    ) -> list[Claim]:
        """Take the next items, in the order of service; each is a claim of its own.

        Paused campaigns and hosts that are at their limit are left out. A host with a limit is
        kept to one transaction at a time; whoever comes meanwhile gets others' items.

        Args:
            most: how many at most, at least 1.
            worker: who takes them.
            lease: how long the worker may be silent.
            codebase: take only items of this one.
            campaign: take only items of this one.
            exclude_hosts: leave out items of codebases on these hosts.
        """
        asked = {
            "most": most,
            "worker": worker,
            "lease": lease,
            "codebase": codebase,
            "campaign": campaign,
            "closed": list(exclude_hosts or ()),
        }
        return [
            Claim(row.claim_id, QueueItem.from_row(row), vcs_info(row), row.claimed_until)
            for row in self.conn.execute(_CLAIM, asked)
        ]

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


# The commit need not wait for the disk: should the server lose it in a crash, the entry waits
# again, and whoever has the claim is told that it is lost, as if it had run out.
_CLAIM = text(f"""
SELECT queue.*, {PLACE}, set_config('synchronous_commit', 'off', true)
FROM claim_from_queue(
    :most, :worker, :lease, :codebase, :campaign, cast(:closed AS text[])
) AS queue
LEFT JOIN codebase ON codebase.name = queue.codebase
ORDER BY queue.bucket, queue.priority, queue.id
""")  # noqa: S608 - nothing of anybody else's
