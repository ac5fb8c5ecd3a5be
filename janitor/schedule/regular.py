"""Candidates placed by values that a caller brings, with the numbers of a recomputation.

:mod:`.recompute` places all that there are, by the values that they have.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from janitor.queue import Queue
from janitor.queue.adding import entering, rows_of
from janitor.queue.new_entry import (
    NewEntry,
    checked_bucket,
    checked_entry,
    checked_offset,
    naming_what_is_missing,
)
from janitor.schedule.candidates import Todo
from janitor.schedule.recompute import REQUESTER, keep_passes_aside
from janitor.schedule.supposed import Supposed, estimates_of
from janitor.schedule.todo import completed, offset_of
from janitor.state import Conn


def estimate_success_probability_and_duration(
    conn: Conn, codebase: str, campaign: str, context: str | None = None
) -> tuple[float, timedelta, int]:
    """Return what earlier runs say of the next one, candidate or not.

    Args:
        conn: a connection or session.
        codebase: where it would run.
        campaign: what for.
        context: what would tell it from others.

    Returns:
        The probability of success, the duration and the number of runs that count.
    """
    row = _estimate(conn, Supposed(codebase, campaign, context))
    return row.probability, row.duration, row.previous_runs


def do_schedule_regular(
    conn: Conn,
    *,
    codebase: str,
    campaign: str,
    command: str | None = None,
    candidate_value: float | None = None,
    success_chance: float | None = None,
    normalized_codebase_value: float | None = None,
    requester: str | None = None,
    default_offset: float = 0.0,
    context: str | None = None,
    change_set: str | None = None,
    dry_run: bool = False,
    refresh: bool = False,
    bucket: str | None = None,
) -> tuple[float, timedelta, int, str]:
    """Give one candidate its place by its value, cost and chances.

    Args:
        conn: the caller's transaction.
        codebase: where to run.
        campaign: what for.
        command: what to run; this and the next two are the candidate's unless given.
        candidate_value: what a success is worth; the candidate's is taken with its policy's.
        success_chance: what the candidate says of its chances.
        normalized_codebase_value: what the codebase is worth, of 1; looked up unless given.
        requester: who asks; the scheduler unless given.
        default_offset: added to the offset.
        context: what tells this attempt from others; the candidate's unless given.
        change_set: the change set of the candidate and of the run.
        dry_run: add nothing; the id is then -1.
        refresh: begin anew instead of going on from an earlier run.
        bucket: the bucket to wait in; ``default`` unless given.

    Returns:
        The offset, the estimated duration, the entry's id and the bucket that it is in.

    Raises:
        CandidateUnavailable: there is no such candidate to say the command or the value.
        UnknownBucket: there is no such bucket.
        ImpossibleFactor: the value is below zero.
    """
    bucket = checked_bucket(bucket or "default")
    asked = Todo(codebase, context, command, campaign, candidate_value, success_chance)
    (todo,) = completed(conn, [asked], change_set)
    estimate = _estimate(conn, Supposed(codebase, campaign, todo.context))
    offset = default_offset + offset_of(todo, estimate, normalized_codebase_value)
    if dry_run:
        return offset, estimate.duration, -1, bucket
    assert todo.command is not None  # noqa: S101 - it is completed
    queue_id, actual = Queue(conn).add(
        codebase=codebase,
        command=todo.command,
        campaign=campaign,
        change_set=change_set,
        offset=offset,
        bucket=bucket,
        context=todo.context,
        estimated_duration=estimate.duration,
        refresh=refresh,
        requester=requester or REQUESTER,
    )
    return offset, estimate.duration, queue_id, actual


def bulk_add_to_queue(
    conn: Conn,
    todo: Iterable[tuple[str, str | None, str | None, str, float | None, float | None]],
    dry_run: bool = False,
    default_offset: float = 0.0,
    bucket: str = "default",
    *,
    change_set: str | None = None,
) -> None:
    """Give candidates their places all at once, each by the values that it comes with.

    As :func:`do_schedule_regular` would one after the other, but in a fixed number of
    statements: all of them count their offsets from the priority that is the lowest before
    the first one comes in. Nothing is added if anything is wrong.

    Args:
        conn: the caller's transaction; until it ends, recomputations step aside.
        todo: codebase, context, command, campaign, value and success chance of each; of those
            about the same codebase and campaign the last one counts.
        dry_run: add nothing.
        default_offset: added to each offset.
        bucket: the bucket to wait in.
        change_set: the change set of the candidates and of the runs.

    Raises:
        CandidateUnavailable: there is no such candidate to say the command or the value.
        UnknownBucket: there is no such bucket.
        ImpossibleFactor: a value is below zero.
        ImpossibleEntry: there is nothing to run, the offset is no place, or there is no such
            codebase or change set.
    """
    checked_bucket(bucket)
    last = {(one.codebase, one.campaign): one for one in itertools.starmap(Todo, todo)}
    if not last:
        return
    placed = completed(conn, list(last.values()), change_set)
    estimates = estimates_of(
        conn, [Supposed(one.codebase, one.campaign, one.context) for one in placed]
    )
    entries = [
        _entry(one, change_set, estimates[one.codebase, one.campaign], default_offset)
        for one in placed
    ]
    if not dry_run:
        keep_passes_aside(conn)
        with naming_what_is_missing():
            conn.execute(entering(rows_of(entries), bucket=bucket, requester=REQUESTER))


def _entry(
    todo: Todo, change_set: str | None, estimate: Row[Any], default_offset: float
) -> NewEntry:
    entry = NewEntry(
        codebase=todo.codebase,
        campaign=todo.campaign,
        change_set=change_set,
        command=todo.command,
        context=todo.context,
        estimated_duration=estimate.duration,
        offset=checked_offset(default_offset + offset_of(todo, estimate)),
    )
    return checked_entry(entry)


def _estimate(conn: Conn, supposed: Supposed) -> Row[Any]:
    (estimate,) = estimates_of(conn, [supposed]).values()
    return estimate
