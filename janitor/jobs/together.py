"""Jobs of a kind that are worked off together: put, leased and ended many in one statement.

The steps are those of :mod:`.ledger`, which does them for one job; how a worker goes about it is
said in :mod:`tasks.together`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import CursorResult, text

from janitor.jobs.doorbell import Ring, ring_after_commit, rings_after_commit
from janitor.jobs.kind import JobKind, Payload
from janitor.jobs.ledger import Lease, LeaseLost
from janitor.state import Conn

P = TypeVar("P", bound=Payload)


@dataclass(frozen=True)
class Leased:
    """A job that was leased with others, and its payload as the row has it."""

    lease: Lease
    arguments: dict[str, Any]


def submit_all(conn: Conn, kind: JobKind[P], payloads: Sequence[P]) -> None:
    """Ask for several jobs of a kind at once; as :func:`~janitor.jobs.submit` does for one."""
    if not payloads:
        return
    asked = {kind.key(each): (each.model_dump(mode="json"), uuid.uuid4().hex) for each in payloads}
    run_ids = {kind.key(each): kind.run(each) if kind.run else None for each in payloads}
    rows = [
        {"key": key, "payload": arguments, "run_id": run_ids[key], "trace_id": trace_id}
        for key, (arguments, trace_id) in asked.items()
    ]
    new = conn.execute(
        _SUBMIT,
        {
            "kind": kind.name,
            "max_attempts": kind.retry.max_attempts,
            "rung": rings_after_commit(conn),
            "rows": json.dumps(rows),
        },
    )
    for key in sorted(new.scalars(), key=list(asked).index):
        ring_after_commit(conn, Ring(kind.name, *asked[key]))


def put(conn: Conn, kind: JobKind[P], payload: P, trace_id: str) -> None:
    """Make the row of a job that a message asks for, unless it is there.

    Args:
        conn: a short transaction of its own; once it is committed the message may go.
        kind: what the message asks for.
        payload: with what.
        trace_id: the message's thread.
    """
    conn.execute(
        _PUT,
        {
            "kind": kind.name,
            "key": kind.key(payload),
            "payload": payload.model_dump_json(),
            "run_id": kind.run(payload) if kind.run else None,
            "max_attempts": kind.retry.max_attempts,
            "trace_id": trace_id,
        },
    )


def lease_due(
    conn: Conn, kind: JobKind[Any], *, most: int, owner: str, duration: timedelta
) -> list[Leased]:
    """Take the jobs of a kind that are due, those that wait longest first.

    Args:
        conn: a short transaction of its own.
        kind: the kind.
        most: how many at most.
        owner: who works.
        duration: how long the leases last.

    Returns:
        The jobs, in the order in which they were asked for.
    """
    asked = {"kind": kind.name, "most": most, "owner": owner, "duration": duration}
    return [
        Leased(
            Lease(
                job_id=row.id,
                kind=kind.name,
                key=row.key,
                attempt=row.attempts,
                owner=owner,
                trace_id=row.trace_id,
                until=row.lease_until,
            ),
            row.payload,
        )
        for row in sorted(conn.execute(_LEASE_DUE, asked), key=lambda row: int(row.id))
    ]


def first_due(conn: Conn, kind: JobKind[Any]) -> Ring | None:
    """Return the ring for a job of a kind that is due, if there is one."""
    row = conn.execute(_FIRST_DUE, {"kind": kind.name}).one_or_none()
    return None if row is None else Ring(kind.name, row.payload, row.trace_id)


def finish_all(conn: Conn, held: Sequence[Lease]) -> None:
    """End jobs as done, in the transaction of their effects.

    Raises:
        LeaseLost: one of the leases is gone; the caller's transaction must not commit.
    """
    ended = conn.execute(
        _FINISH_ALL,
        {
            "ids": [lease.job_id for lease in held],
            "attempts": [lease.attempt for lease in held],
        },
    )
    if not isinstance(ended, CursorResult) or ended.rowcount != len(held):
        raise LeaseLost(
            f"{held[0].kind}: one of {len(held)} leases was lost before the work ended; nothing"
            " of it is stored"
        )


_SUBMIT = text("""
INSERT INTO job (kind, key, payload, run_id, max_attempts, trace_id, rung_at)
SELECT :kind, asked.key, asked.payload, asked.run_id, :max_attempts, asked.trace_id,
    CASE WHEN :rung THEN now() END
FROM jsonb_to_recordset(cast(:rows AS jsonb))
    AS asked (key text, payload jsonb, run_id text, trace_id text)
ON CONFLICT (kind, key) DO NOTHING
RETURNING key
""")

_PUT = text("""
INSERT INTO job (kind, key, payload, run_id, max_attempts, trace_id, rung_at)
VALUES (:kind, :key, cast(:payload AS jsonb), :run_id, :max_attempts, :trace_id, now())
ON CONFLICT (kind, key) DO NOTHING
""")

# As for a single lease, the commit need not wait for the disk.
_LEASE_DUE = text("""
UPDATE job SET
    state = 'leased',
    attempts = attempts + 1,
    lease_owner = :owner,
    lease_until = now() + :duration,
    started_at = coalesce(started_at, now())
WHERE id = ANY (ARRAY(
    SELECT id FROM job
    WHERE kind = :kind AND state = 'pending' AND not_before <= now()
    ORDER BY not_before
    LIMIT :most
    FOR UPDATE SKIP LOCKED
))
RETURNING id, key, payload, attempts, trace_id, lease_until,
    set_config('synchronous_commit', 'off', true)
""")

_FIRST_DUE = text("""
SELECT payload, trace_id FROM job
WHERE kind = :kind AND state = 'pending' AND not_before <= now()
ORDER BY not_before
LIMIT 1
""")

_FINISH_ALL = text("""
UPDATE job
SET state = 'done', finished_at = now(), lease_owner = NULL, lease_until = NULL
FROM unnest(cast(:ids AS bigint[]), cast(:attempts AS int[])) AS held (id, attempts)
WHERE job.id = held.id AND job.state = 'leased' AND job.attempts = held.attempts
""")
