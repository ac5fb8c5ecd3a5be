"""Candidates placed one by one, by the numbers that a recomputation would give them.

:mod:`.recompute` places them all at once; this is for callers who bring values of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select

from janitor.queue import Queue
from janitor.schedule.candidates import Todo, policy_value
from janitor.schedule.estimates import Scope, with_estimates
from janitor.schedule.offset import calculate_offset
from janitor.schedule.recompute import REQUESTER
from janitor.schedule.requests import CandidateUnavailable
from janitor.state import Conn
from janitor.state.candidate import Candidate
from janitor.state.publish_policy import NamedPublishPolicy


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
    row = _estimate(conn, codebase, campaign, context)
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
        CandidateUnavailable: something is to be looked up, and there is no such candidate.
    """
    if candidate_value is None or success_chance is None or command is None:
        known = _candidate(conn, codebase, campaign, change_set)
        command = command or known.command
        context = known.context if context is None else context
        success_chance = known.success_chance if success_chance is None else success_chance
        if candidate_value is None:
            candidate_value = (known.value or 0) + policy_value(known.publish)
    estimate = _estimate(conn, codebase, campaign, context)
    if normalized_codebase_value is None:
        normalized_codebase_value = estimate.codebase_value
    offset = default_offset + calculate_offset(
        estimated_duration=estimate.duration,
        normalized_codebase_value=normalized_codebase_value,
        estimated_probability_of_success=estimate.probability,
        candidate_value=candidate_value,
        total_previous_runs=estimate.previous_runs,
        success_chance=success_chance,
    )
    bucket = bucket or "default"
    if dry_run:
        return offset, estimate.duration, -1, bucket
    queue_id, actual = Queue(conn).add(
        codebase=codebase,
        command=command,
        campaign=campaign,
        change_set=change_set,
        offset=offset,
        bucket=bucket,
        context=context,
        estimated_duration=estimate.duration,
        refresh=refresh,
        requester=requester or REQUESTER,
    )
    return offset, estimate.duration, queue_id, actual


def bulk_add_to_queue(
    conn: Conn,
    todo: Iterable[Todo],
    dry_run: bool = False,
    default_offset: float = 0.0,
    bucket: str = "default",
) -> None:
    """Give candidates their places, each by the values that it comes with.

    Args:
        conn: the caller's transaction.
        todo: codebase, context, command, campaign, value and success chance of each.
        dry_run: add nothing.
        default_offset: added to each offset.
        bucket: the bucket to wait in.
    """
    for codebase, context, command, campaign, value, success_chance in todo:
        do_schedule_regular(
            conn,
            codebase=codebase,
            campaign=campaign,
            command=command,
            candidate_value=value,
            success_chance=success_chance,
            default_offset=default_offset,
            context=context,
            dry_run=dry_run,
            bucket=bucket,
        )


def _candidate(conn: Conn, codebase: str, campaign: str, change_set: str | None) -> Row[Any]:
    columns = Candidate.__table__.c
    row = conn.execute(
        select(
            columns.command,
            columns.context,
            columns.value,
            columns.success_chance,
            NamedPublishPolicy.per_branch_policy.label("publish"),
        )
        .outerjoin(NamedPublishPolicy, NamedPublishPolicy.name == columns.publish_policy)
        .where(columns.codebase == codebase, columns.suite == campaign)
        .where(columns.change_set.is_not_distinct_from(change_set))
    ).one_or_none()
    if row is None:
        raise CandidateUnavailable(campaign, codebase)
    return row


def _estimate(conn: Conn, codebase: str, campaign: str, context: str | None) -> Row[Any]:
    asked = {"codebase": codebase, "suite": campaign, "context": context, "publish_policy": ""}
    scope = Scope([codebase], [campaign])
    return conn.execute(
        with_estimates("SELECT * FROM estimate", instead=_ASKED),
        scope.parameters(conn) | {"asked": json.dumps(asked), "codebase": codebase},
    ).one()


# One candidate as it would be, whatever the tables say: these names hide theirs.
_ASKED = """
candidate AS (
    SELECT * FROM jsonb_populate_record(cast(NULL AS candidate), cast(:asked AS jsonb))
),
named_publish_policy AS (
    SELECT '' AS name, cast(NULL AS branch_publish_policy[]) AS per_branch_policy
),
codebase AS (
    SELECT * FROM jsonb_populate_record(
        (SELECT codebase FROM codebase WHERE name = :codebase),
        jsonb_build_object('name', cast(:codebase AS text), 'inactive', false)
    )
    UNION ALL -- and the highest value of all, which the own one is measured by
    SELECT highest.* FROM jsonb_populate_record(
        cast(NULL AS codebase), (SELECT jsonb_build_object('value', max(value)) FROM codebase)
    ) AS highest
)"""
