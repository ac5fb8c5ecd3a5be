"""How entries come into the queue, one or many in a statement, and the rule for those there.

:class:`janitor.queue.Queue` adds one; :mod:`janitor.schedule` adds many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple, get_args
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
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

from janitor.errors import Failure
from janitor.names import checked_slug
from janitor.queue.item import ENTRY
from janitor.state.codebase import Codebase
from janitor.state.queue import QueueEntry
from janitor.state.types import QUEUE_BUCKET, QueueBucket
from janitor.storable import check_storable

BUCKETS: tuple[str, ...] = get_args(QueueBucket)
# The table and not the model, whose inserts take no parameters but columns.
_TABLE = cast_type(Table, QueueEntry.__table__)
_MISSING = {"queue_codebase_fkey": "codebase", "queue_change_set_fkey": "change set"}
FARTHEST = 1e15  # of an offset: priorities are whole numbers of 64 bits


class UnknownBucket(Failure):
    """A bucket that the database does not have."""


class ImpossibleEntry(Failure, ValueError):
    """An entry that the queue cannot have."""


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


def checked_offset(offset: float) -> int:
    """Return an offset as the whole number that priorities are.

    Raises:
        ImpossibleEntry: it is no number, or farther than priorities go.
    """
    if not abs(offset) <= FARTHEST:  # not even a number is neither
        raise ImpossibleEntry(f"an offset of {offset} is too far; {FARTHEST:.0f} is the most")
    return round(offset)


def checked_command(command: str) -> str:
    """Return ``command`` if it says anything to run.

    Raises:
        ImpossibleEntry: it is empty, or the database cannot keep it.
    """
    if not command.strip():
        raise ImpossibleEntry("the command is empty; say what to run")
    check_storable(command)
    return command


def checked_entry(entry: NewEntry) -> NewEntry:
    """Return ``entry`` if the queue can have it; whether its codebase is there is not looked up.

    Raises:
        UnsafeName: the codebase or campaign is no name of one.
        ImpossibleEntry: there is nothing to run, or a run would take less than no time.
    """
    checked_slug(entry.codebase, "codebase")
    checked_slug(entry.campaign, "campaign")
    checked_command(entry.command or "")
    if entry.estimated_duration is not None and entry.estimated_duration < timedelta():
        raise ImpossibleEntry(f"a run cannot take {entry.estimated_duration}: less than no time")
    return entry


@contextmanager
def naming_what_is_missing() -> Iterator[None]:
    """Say what new entries name and is not there; the transaction is to be rolled back then.

    Raises:
        ImpossibleEntry: there is no such codebase or change set.
    """
    try:
        yield
    except IntegrityError as error:
        told = getattr(error.orig, "diag", None)
        missing = _MISSING.get(getattr(told, "constraint_name", ""))
        if missing is None:
            raise
        raise ImpossibleEntry(
            f"there is no such {missing}; add it first ({getattr(told, 'message_detail', '')})"
        ) from None


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
