"""Entries as somebody sees them who looks at the queue: where each stands, and what holds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from janitor.queue.holds import Holds
from janitor.queue.item import ENTRY, QueueItem
from janitor.queue.waiting import who_works_on
from janitor.state import Conn
from janitor.times import in_json


@dataclass(frozen=True)
class Listed:
    """An entry and its place; ``held`` is why nobody may take it now, empty if somebody may."""

    item: QueueItem
    bucket: str
    priority: int
    claimed_by: str | None
    claimed_until: datetime | None
    held: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON says it, durations in seconds, the item's fields among the others."""
        said: dict[str, Any] = in_json(asdict(self))
        item: dict[str, Any] = said.pop("item")
        return item | said


def in_order(
    limit: int | None = None,
    campaign: str | None = None,
    codebase: str | None = None,
    bucket: str | None = None,
) -> Select[Any]:
    """Return a statement for entries, claimed ones too, in the order of service.

    Args:
        limit: how many at most.
        campaign: only this one.
        codebase: only this one.
        bucket: only this one.
    """
    found = select(*ENTRY).order_by(ENTRY.bucket, ENTRY.priority, ENTRY.id).limit(limit)
    wanted = {ENTRY.suite: campaign, ENTRY.codebase: codebase, ENTRY.bucket: bucket}
    return found.where(*(column == name for column, name in wanted.items() if name is not None))


def list_entries(conn: Conn, entries: Select[Any]) -> Iterator[Listed]:
    """Yield what there is to see of entries.

    Args:
        conn: the caller's transaction.
        entries: of :func:`in_order`.
    """
    holds = Holds.of_now(conn)
    for row in conn.execute(entries):
        yield Listed(
            QueueItem.from_row(row),
            row.bucket,
            row.priority,
            row.claimed_by,
            row.claimed_until,
            _held(row, holds),
        )


def _held(row: Row[Any], holds: Holds) -> tuple[str, ...]:
    if row.claim_id is not None:
        return (who_works_on(row),)
    return holds.why(row.suite, row.host)
