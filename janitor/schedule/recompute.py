"""Every candidate's place in the queue, in a fixed number of statements.

An entry keeps the place where it came in (``base``) and changes only its offset, so that
waiting counts; a pass that changes nothing writes nothing. Entries in an earlier bucket and
entries that a worker has claimed are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from janitor.schedule.estimates import Scope, with_estimates
from janitor.state import Conn

REQUESTER = "scheduler"
_LOCK = 0x7363686564  # "sched"; advisory locks are told apart by number


@dataclass(frozen=True)
class Recomputation:
    """What a pass did; ``stepped_aside`` means that another one was under way."""

    candidates: int = 0
    added: int = 0
    changed: int = 0
    stepped_aside: bool = False

    @property
    def unchanged(self) -> int:
        """How many entries were right already."""
        return self.candidates - self.added - self.changed

    def __str__(self) -> str:
        if self.stepped_aside:
            return "another recomputation is under way"
        return (
            f"{self.candidates} candidates: {self.added} added, {self.changed} changed,"
            f" {self.unchanged} unchanged"
        )


def recompute(conn: Conn) -> Recomputation:
    """Give every candidate with a publish policy its place in the queue.

    Args:
        conn: a transaction of its own; a second pass at the same time steps aside.
    """
    alone = conn.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if not alone.scalar_one():
        return Recomputation(stepped_aside=True)
    return place(conn, Scope())


def place(conn: Conn, scope: Scope) -> Recomputation:
    """Give the candidates of a scope their places.

    Args:
        conn: the caller's transaction.
        scope: which candidates.
    """
    row = conn.execute(with_estimates(_PLACE), scope.parameters(conn) | {"who": REQUESTER}).one()
    return Recomputation(row.candidates, row.added, row.changed)


_PLACE = """
, wanted AS MATERIALIZED (
    SELECT *, -- Never 0: an entry that adds nothing to the lowest priority could be first for ever.
        greatest(cast(round("offset") AS bigint), 1) AS distance,
        (SELECT coalesce(min(priority), 0) FROM queue) AS now_lowest
    FROM estimate
),
-- Where an entry has no base (other services know nothing of it), its place is kept.
there AS (
    SELECT queue.id, wanted.*,
        coalesce(queue.base, queue.priority - wanted.distance) AS base
    FROM queue JOIN wanted
        ON queue.codebase = wanted.codebase AND queue.suite = wanted.suite
        AND coalesce(queue.change_set, '') = coalesce(wanted.change_set, '')
    WHERE queue.bucket = 'default' AND queue.claim_id IS NULL
        -- What somebody asked for stays as it was asked for.
        AND coalesce(queue.requester, :who) = :who
        AND (
            queue.base IS NULL
            OR (queue.priority, queue.command, queue.context, queue.estimated_duration)
                IS DISTINCT FROM
                (queue.base + wanted.distance, wanted.command, wanted.context, wanted.duration)
        )
),
changed AS (
    UPDATE queue
    SET base = there.base,
        priority = there.base + there.distance,
        command = there.command,
        context = there.context,
        estimated_duration = there.duration
    FROM there
    WHERE queue.id = there.id AND queue.claim_id IS NULL
    RETURNING queue.id
),
added AS (
    INSERT INTO queue (
        codebase, suite, change_set, command, context, estimated_duration, bucket, base, priority,
        requester
    )
    SELECT codebase, suite, change_set, command, context, duration, 'default', now_lowest,
        now_lowest + distance, :who
    FROM wanted
    WHERE NOT EXISTS (
        SELECT FROM queue
        WHERE queue.codebase = wanted.codebase AND queue.suite = wanted.suite
            AND coalesce(queue.change_set, '') = coalesce(wanted.change_set, '')
    )
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT (SELECT count(*) FROM wanted) AS candidates,
    (SELECT count(*) FROM added) AS added,
    (SELECT count(*) FROM changed) AS changed
"""
