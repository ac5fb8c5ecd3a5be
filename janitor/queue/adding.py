"""How entries come into the queue, one or many in a statement, and the rule for those there.

:class:`janitor.queue.Queue` adds one; :mod:`janitor.schedule` adds many.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple, get_args

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnClause,
    FromClause,
    Interval,
    Text,
    and_,
    cast,
    column,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.types import TypeEngine

from janitor.errors import Failure
from janitor.queue.item import ENTRY
from janitor.state.codebase import Codebase
from janitor.state.queue import QueueEntry
from janitor.state.types import QUEUE_BUCKET, QueueBucket

BUCKETS: tuple[str, ...] = get_args(QueueBucket)


class UnknownBucket(Failure):
    """A bucket that the database does not have."""


class NewEntry(NamedTuple):
    """What is asked for, and how far behind the lowest priority it comes in."""

    codebase: str
    campaign: str
    change_set: str | None
    command: str | None
    context: str | None
    estimated_duration: timedelta | None
    offset: int


COLUMNS: dict[str, type[TypeEngine[Any]]] = dict(
    zip(NewEntry._fields, (Text, Text, Text, Text, Text, Interval, BigInteger), strict=True)
)


def checked_bucket(bucket: str) -> str:
    """Return ``bucket`` if there is such a one.

    Raises:
        UnknownBucket: there is none.
    """
    if bucket not in BUCKETS:
        raise UnknownBucket(f"there is no bucket {bucket!r}; there are {', '.join(BUCKETS)}")
    return bucket


def rows_of(entries: Sequence[NewEntry]) -> FromClause:
    """Return new entries as rows for :func:`entering`; of equal offsets the earlier go first.

    Args:
        entries: at least one.
    """
    columns: list[ColumnClause[Any]] = [column(name, kind) for name, kind in COLUMNS.items()]
    arrays: list[BindParameter[Any]] = [
        literal(list(values), ARRAY(kind))
        for values, kind in zip(zip(*entries, strict=True), COLUMNS.values(), strict=True)
    ]
    unnested = func.unnest(*arrays).table_valued(*columns, with_ordinality="number", name="asked")
    return unnested.render_derived()


def entering(
    rows: FromClause, *, bucket: str, refresh: bool = False, requester: str | None = None
) -> Insert:
    """Return the insert of an entry for each row, all from the same lowest priority on.

    An entry that is there is brought up to date, and keeps its base if that is further on. One
    in an earlier bucket stays as it is, and so does one that a worker has claimed.

    Args:
        rows: the fields of :class:`NewEntry`, and a ``number`` for their order; no two about
            the same codebase, campaign and change set.
        bucket: the bucket to wait in.
        refresh: begin anew instead of going on from earlier runs.
        requester: who asks.
    """
    asked = rows.c
    lowest = select(func.coalesce(func.min(ENTRY.priority), 0)).scalar_subquery()
    # The trigger would find the same, but with a call for each row.
    host = select(Codebase.hostname).where(Codebase.__table__.c.name == asked.codebase)
    entry = {
        "codebase": asked.codebase,
        "suite": asked.campaign,
        "change_set": asked.change_set,
        "command": asked.command,
        "context": asked.context,
        "estimated_duration": asked.estimated_duration,
        "base": lowest,
        "priority": lowest + asked.offset,
        "bucket": cast(literal(bucket), QUEUE_BUCKET),
        "host": func.coalesce(host.scalar_subquery(), ""),
        "refresh": literal(refresh),
        "requester": literal(requester),
    }
    chosen = select(*entry.values()).order_by(asked.number)
    return _unless_further_on(insert(QueueEntry).from_select(list(entry), chosen))


def _unless_further_on(new: Insert) -> Insert:
    wins = new.excluded
    # The place where an entry once came in is kept, if it is further on than a new one's.
    base = func.least(func.coalesce(ENTRY.base, wins.base), wins.base)
    changed = ("command", "bucket", "context", "estimated_duration", "refresh", "requester")
    return new.on_conflict_do_update(
        index_elements=[ENTRY.codebase, ENTRY.suite, func.coalesce(ENTRY.change_set, text("''"))],
        set_={name: wins[name] for name in changed}
        | {"base": base, "priority": base + wins.priority - wins.base},
        where=and_(ENTRY.bucket >= wins.bucket, ENTRY.claim_id.is_(None)),
    )
