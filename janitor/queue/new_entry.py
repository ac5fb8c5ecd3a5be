"""An entry that is asked for, and what the queue refuses; :mod:`.adding` puts it in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple, get_args

from sqlalchemy.exc import IntegrityError

from janitor.errors import Failure
from janitor.names import checked_slug
from janitor.state.types import QueueBucket
from janitor.storable import check_storable

BUCKETS: tuple[str, ...] = get_args(QueueBucket)
FARTHEST = 1e15  # of an offset: priorities are whole numbers of 64 bits
_MISSING = {"queue_codebase_fkey": "codebase", "queue_change_set_fkey": "change set"}


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
        Unstorable: the context or the change set is no text that the database takes.
        ImpossibleEntry: there is nothing to run, or a run would take less than no time.
    """
    checked_slug(entry.codebase, "codebase")
    checked_slug(entry.campaign, "campaign")
    checked_command(entry.command or "")
    check_storable([entry.context, entry.change_set])
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
