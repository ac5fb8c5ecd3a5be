"""Where an entry stands in the queue, how it came there, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from janitor.queue.holds import Holds
from janitor.queue.load import Crew, Load, Part, load_before
from janitor.queue.waiting import Waiting
from janitor.schedule.explain.ahead import Ahead, read_before, what_is_ahead
from janitor.schedule.options import Options
from janitor.state import Conn

LISTED = 20  # lines of what is ahead that a person gets


@dataclass(frozen=True)
class Place:
    """Where an entry stands; ``position`` counts from 1 and is None for what is claimed."""

    bucket: str
    priority: int
    base: int | None
    offset: int | None
    requester: str | None
    position: int | None
    waiting: Waiting | None
    ahead: tuple[Ahead, ...]

    def __str__(self) -> str:
        made = "" if self.offset is None else f" = base {self.base} + offset {self.offset}"
        asked = f", asked for by {self.requester}" if self.requester else ""
        lines = [f"bucket {self.bucket}, priority {self.priority}{made}{asked}"]
        if self.waiting is not None:
            lines.append(str(self.waiting))
        lines += [f"ahead: {each}" for each in self.ahead[:LISTED]]
        if more := self.ahead[LISTED:]:
            entries = sum(each.entries for each in more)
            lines.append(f"ahead: {entries} more, in {len(more)} groups; the JSON has them all")
        return "\n".join(lines)


def place_of(conn: Conn, entry: Row[Any], options: Options) -> Place:
    """Return the place of an entry; of one that is claimed, only where it came from.

    Args:
        conn: a connection or session.
        entry: of :func:`janitor.queue.position.find_place`.
        options: how places are given.
    """
    in_line = options.fair_shares and entry.bucket == "default"
    waiting, ahead = (None, ()) if entry.claim_id is not None else _before(conn, entry)
    return Place(
        bucket=entry.bucket,
        priority=entry.priority,
        base=entry.base,
        # With shares the priority is a slot in the campaign's line.
        offset=None if in_line or entry.base is None else entry.priority - entry.base,
        requester=entry.requester,
        position=None if waiting is None else waiting.position,
        waiting=waiting,
        ahead=ahead,
    )


def _before(conn: Conn, entry: Row[Any]) -> tuple[Waiting, tuple[Ahead, ...]]:
    crew, holds = Crew.of_now(conn), Holds.of_now(conn)
    beside = holds.beside(entry.suite, entry.host)
    before = read_before(conn, entry, holds)
    load = load_before(conn, entry, beside, crew.workers)
    if load.is_partial:
        longest = max((row.longest for row in before), default=timedelta())
        parts = [Part(row.suite, row.host, row.duration) for row in before]
        whole = Load.of(parts, longest * (crew.workers - 1), beside)
        # Both are true, and the longest of all may have to stand for the others' unfinished.
        load = replace(whole, certain=max(whole.certain, load.certain))
    return (
        Waiting.of(entry, crew, holds, load),
        what_is_ahead(before, entry.bucket, holds),
    )
