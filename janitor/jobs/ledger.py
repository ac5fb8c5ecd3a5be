"""How a job's row moves: pending, leased, done or failed; each step one guarded statement.

A step that finds the row in another state than it expects changes nothing, so a message
that comes twice, a worker that lost its lease and an upkeep that runs beside it each do
no harm. What was lost on the way is found by :mod:`.upkeep`.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Result, Update, func, select, text, update

from janitor.errors import JanitorError, PassingError
from janitor.jobs.doorbell import Ring, ring_after_commit, rings_after_commit
from janitor.jobs.kind import JobKind, Payload
from janitor.state import Conn
from janitor.state.job import JobRow
from janitor.storable import storable_text
from janitor.wording import in_words

P = TypeVar("P", bound=Payload)


class LeaseLost(JanitorError):
    """The work outlived its lease; somebody else may be doing it. Its effects are undone."""


@dataclass(frozen=True)
class Lease:
    """The right to work on a job for a while; the attempt's number is the fencing token."""

    job_id: int
    kind: str
    key: str
    attempt: int
    owner: str
    trace_id: str
    until: datetime


def submit(
    conn: Conn, kind: JobKind[P], payload: P, *, trace_id: str | None = None
) -> tuple[int, bool]:
    """Ask for work, in the caller's transaction; the message goes out after commit.

    Args:
        conn: the transaction of the change that the work belongs to.
        kind: what is asked for.
        payload: with what.
        trace_id: the thread that the work belongs to; a new one where there is none.

    Returns:
        The job's id, and whether it is new: asking twice is asking once.
    """
    arguments = payload.model_dump(mode="json")
    trace_id = trace_id or uuid.uuid4().hex
    will_ring = rings_after_commit(conn)
    asked = _asked(kind, payload, arguments, trace_id)
    job_id = conn.execute(_SUBMIT, asked | {"rung": will_ring}).scalar_one_or_none()
    if job_id is None:
        return _existing(conn, kind.name, kind.key(payload)), False
    ring_after_commit(conn, Ring(kind.name, arguments, trace_id))
    return int(job_id), True


def lease(
    conn: Conn, kind: JobKind[P], payload: P, *, owner: str, duration: timedelta, trace_id: str
) -> Lease | None:
    """Take a job before working on it; the caller commits before the work begins.

    A message that no row belongs to (sent by a service without database access) gets its
    row here. The attempt counts from now on, whatever becomes of the worker.

    Args:
        conn: a short transaction of its own.
        kind: what the message asks for.
        payload: with what.
        owner: who works: host, process, task.
        duration: how long the lease lasts unless it is renewed.
        trace_id: the message's thread, for a row that is made here.

    Returns:
        The lease, or None where the job is done, failed, leased or not due yet.
    """
    asked = _asked(kind, payload, payload.model_dump(mode="json"), trace_id)
    taken = conn.execute(_LEASE, asked | {"owner": owner, "duration": duration}).one_or_none()
    if taken is None:
        return None
    return Lease(
        job_id=taken.id,
        kind=kind.name,
        key=kind.key(payload),
        attempt=taken.attempts,
        owner=owner,
        trace_id=taken.trace_id,
        until=taken.lease_until,
    )


def renew(conn: Conn, held: Sequence[Lease], duration: timedelta) -> int:
    """Extend leases; returns how many are still held, the others were lost or have ended."""
    renewed = conn.execute(
        _RENEW,
        {
            "ids": [lease.job_id for lease in held],
            "attempts": [lease.attempt for lease in held],
            "duration": duration,
        },
    )
    return renewed.rowcount if isinstance(renewed, CursorResult) else 0


def finish(conn: Conn, held: Lease) -> None:
    """End a job as done, in the transaction of its effects.

    Raises:
        LeaseLost: the lease is gone; the caller's transaction must not commit.
    """
    if not _happened(conn.execute(_FINISH, {"id": held.job_id, "attempt": held.attempt})):
        raise LeaseLost(
            f"{held.kind} {held.key}: the lease of attempt {held.attempt} was lost before the"
            " work ended; its effects are not stored"
        )


def fail(
    conn: Conn, held: Lease, kind: JobKind[P], payload: P | None, *, reason: str, why: str
) -> bool:
    """End a job as failed, with the reason and what its kind says of failed jobs.

    Args:
        conn: a transaction of its own.
        held: the lease of the attempt.
        kind: the job's kind; its ``when_failed`` runs in the same transaction.
        payload: what was asked; None where that can't be read, and then nothing more follows.
        reason: what went wrong, for people.
        why: ``failure`` for a final answer, ``error`` for what did not pass in time, ``invalid``
            for what can't be read.

    Returns:
        False where the lease was lost; nothing has changed then.
    """
    reason = storable_text(reason)
    ended = _held(held).values(
        state="failed", finished_at=func.now(), last_error=reason, error_kind=why, **_NO_LEASE
    )
    if not _moved(conn, ended):
        return False
    if kind.when_failed is not None and payload is not None:
        kind.when_failed(conn, payload, reason)
    return True


def retry_later(conn: Conn, held: Lease, kind: JobKind[P], error: Exception) -> bool:
    """Put a job back until its next attempt is due; upkeep rings for it then."""
    asked = error.retry_after if isinstance(error, PassingError) else None
    # Jitter, not cryptography.
    pause = kind.retry.pause(held.attempt, random.random(), asked)  # noqa: S311
    return _moved(
        conn,
        _held(held).values(
            state="pending",
            not_before=func.now() + pause,
            last_error=storable_text(in_words(error)),
            error_kind="error",
            **_NO_LEASE,
        ),
    )


def hand_back(conn: Conn, held: Lease) -> bool:
    """Put a job back at once, its attempt not counted: the worker was told to stop."""
    return _moved(
        conn,
        _held(held).values(
            state="pending", attempts=JobRow.attempts - 1, rung_at=None, **_NO_LEASE
        ),
    )


_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until": None}


def _held(held: Lease) -> Update:
    return update(JobRow).where(
        JobRow.id == held.job_id, JobRow.state == "leased", JobRow.attempts == held.attempt
    )


def _moved(conn: Conn, statement: Update) -> bool:
    return _happened(conn.execute(statement, execution_options={"synchronize_session": False}))


def _happened(result: Result[Any]) -> bool:
    return isinstance(result, CursorResult) and result.rowcount == 1


def _asked(
    kind: JobKind[P], payload: P, arguments: dict[str, Any], trace_id: str
) -> dict[str, Any]:
    """What a job's row says of what is asked."""
    return {
        "kind": kind.name,
        "key": kind.key(payload),
        "payload": json.dumps(arguments),
        "run_id": kind.run(payload) if kind.run else None,
        "max_attempts": kind.retry.max_attempts,
        "trace_id": trace_id,
    }


# The steps of a job that goes well are plain SQL: building them anew for each job would cost more
# than the database does.
_SUBMIT = text("""
INSERT INTO job (kind, key, payload, run_id, max_attempts, trace_id, rung_at)
VALUES (:kind, :key, cast(:payload AS jsonb), :run_id, :max_attempts, :trace_id,
    CASE WHEN :rung THEN now() END)
ON CONFLICT (kind, key) DO NOTHING
RETURNING id
""")

# The commit need not wait for the disk: should the server lose it in a crash, nobody has the job,
# and it is done anew.
_LEASE = text("""
INSERT INTO job AS here (kind, key, payload, run_id, max_attempts, trace_id, rung_at,
    state, attempts, lease_owner, lease_until, started_at)
VALUES (:kind, :key, cast(:payload AS jsonb), :run_id, :max_attempts, :trace_id, now(),
    'leased', 1, :owner, now() + :duration, now())
ON CONFLICT (kind, key) DO UPDATE SET
    state = 'leased',
    attempts = here.attempts + 1,
    lease_owner = excluded.lease_owner,
    lease_until = excluded.lease_until,
    started_at = coalesce(here.started_at, now())
WHERE here.state = 'pending' AND here.not_before <= now()
RETURNING id, attempts, trace_id, lease_until, set_config('synchronous_commit', 'off', true)
""")

_RENEW = text("""
UPDATE job SET lease_until = now() + :duration
FROM unnest(cast(:ids AS bigint[]), cast(:attempts AS int[])) AS held (id, attempts)
WHERE job.id = held.id AND job.state = 'leased' AND job.attempts = held.attempts
""")

_FINISH = text("""
UPDATE job
SET state = 'done', finished_at = now(), lease_owner = NULL, lease_until = NULL
WHERE id = :id AND state = 'leased' AND attempts = :attempt
""")


def _existing(conn: Conn, kind: str, key: str) -> int:
    found = conn.execute(select(JobRow.id).where(JobRow.kind == kind, JobRow.key == key))
    return int(found.scalar_one())
