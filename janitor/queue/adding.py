"""How entries come into the queue, one or many in a statement, and the rule for those there.

What may come in at all is said by :mod:`.new_entry`.
:class:`janitor.queue.Queue` adds one; :mod:`janitor.schedule` adds many.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from typing import cast as cast_type

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Boolean,
    ColumnClause,
    FromClause,
    Interval,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

from janitor.queue.item import ENTRY
from janitor.queue.new_entry import NewEntry
from janitor.state.codebase import Codebase
from janitor.state.queue import QueueEntry
from janitor.state.types import QUEUE_BUCKET

# The table and not the model, whose inserts take no parameters but columns.
_TABLE = cast_type(Table, QueueEntry.__table__)


COLUMNS: dict[str, type[TypeEngine[Any]]] = dict(
    zip(NewEntry._fields, (Text, Text, Text, Text, Text, Interval, BigInteger), strict=True)
)


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


@cache
def adding_one() -> ReturningInsert[tuple[int, str]]:
    """Return the insert of one entry, which takes :func:`one_as_parameters`.

    Built once: that takes longer than the insert.
    """
    asked = (cast(bindparam(f"new_{name}"), kind).label(name) for name, kind in COLUMNS.items())
    new = entering(
        select(*asked, literal(1).label("number")).subquery("asked"),
        bucket=bindparam("new_bucket", type_=Text),
        refresh=bindparam("new_refresh", type_=Boolean),
        requester=bindparam("new_requester", type_=Text),
    )
    return new.returning(ENTRY.id, ENTRY.bucket)


def one_as_parameters(
    entry: NewEntry, *, bucket: str, refresh: bool, requester: str | None
) -> dict[str, Any]:
    """Return what :func:`adding_one` takes; the arguments are those of :func:`entering`."""
    asked = entry._asdict() | {"bucket": bucket, "refresh": refresh, "requester": requester}
    return {f"new_{name}": value for name, value in asked.items()}


def entering(
    rows: FromClause,
    *,
    bucket: str | BindParameter[str],
    refresh: bool | BindParameter[bool] = False,
    requester: str | BindParameter[str] | None = None,
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
        "bucket": cast(_bound(bucket), QUEUE_BUCKET),
        "host": func.coalesce(host.scalar_subquery(), ""),
        "refresh": _bound(refresh),
        "requester": _bound(requester),
    }
    chosen = select(*entry.values()).order_by(asked.number)
    return _unless_further_on(insert(_TABLE).from_select(list(entry), chosen))


def _bound(value: object) -> BindParameter[Any]:
    return value if isinstance(value, BindParameter) else literal(value)


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
