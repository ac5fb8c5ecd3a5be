"""Candidates' places in the queue, in a fixed number of statements.

An entry keeps the place where it came in (``base``) and changes only its offset, so that
waiting counts; a pass that changes nothing writes nothing. Entries in an earlier bucket,
entries that somebody asked for and entries that a worker has claimed are left alone.
:mod:`.whole` does this for all candidates, a part beside the other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from janitor.schedule.dependencies import satisfied_runs
from janitor.schedule.estimates import Scope, with_estimates
from janitor.schedule.options import PARITY, Options
from janitor.schedule.places import placed
from janitor.schedule.recomputation import Difference, Recomputation
from janitor.state import Conn

REQUESTER = "scheduler"
# Advisory locks are told apart by number. One pass at a time has the first. The second is shared
# by the transactions that write for it, and had alone by others who write as many entries: a
# circle of these with locks of rows is one that the server sees and breaks.
_PASS = 0x7363686564  # "sched"
_WRITING = _PASS + 1
# Whether somebody writes is only looked at: a lock kept would be one more that a part waits for.
_STEP_IN = text(
    f"SELECT pg_try_advisory_xact_lock({_PASS}) AND CASE"
    f" WHEN pg_try_advisory_lock_shared({_WRITING}) THEN pg_advisory_unlock_shared({_WRITING})"
    " ELSE false END"
)
_WRITE_ALONE = text(f"SELECT pg_advisory_xact_lock({_WRITING})")
_SHARE_WRITING = f"SELECT pg_advisory_xact_lock_shared({_WRITING})"

# Until the transaction's end: hash tables of a whole pass in memory (all of it about 1 kB a
# candidate), no compiling, and no waiting for the disk: what a crash loses, the next pass does.
_SETTINGS = "SET LOCAL work_mem = '256MB'; SET LOCAL jit = off; SET LOCAL synchronous_commit = off"
_FOR_SOME = text(f"{_SHARE_WRITING}; {_SETTINGS}")
# With statistics of the queue from when it was short (the pass before this one filled it), the
# planner would compare each entry with each candidate, and that does not end.
_FOR_ALL = text(f"{_SHARE_WRITING}; {_SETTINGS}; SET LOCAL enable_nestloop = off")


@dataclass(frozen=True)
class Beginning:
    """What all parts of a pass go by, as it was when the pass began.

    Args:
        lowest: the priority that new entries come in at.
        satisfied: the runs that :func:`.satisfied_runs` finds.
    """

    lowest: int
    satisfied: list[str]

    @classmethod
    def of_now(cls, conn: Conn) -> Beginning:
        """Return it for a pass over all candidates that begins now."""
        lowest = conn.execute(text("SELECT coalesce(min(priority), 0) FROM queue")).scalar_one()
        return cls(lowest, satisfied_runs(conn, None, None))


def recompute(
    conn: Conn,
    scope: Scope | None = None,
    *,
    dry_run: bool = False,
    options: Options = PARITY,
) -> Recomputation:
    """Give every candidate with a publish policy its place in the queue.

    Args:
        conn: a transaction of its own; a second pass at the same time steps aside.
        scope: which candidates; all of them unless given.
        dry_run: change nothing, and say of each entry what would become of it.
        options: how places are given.

    Returns:
        What was done, or would be.
    """
    if not steps_in(conn):
        return Recomputation(stepped_aside=True)
    began = time.perf_counter()
    scope = scope or Scope()
    prepare(conn, scope)
    done = _rehearse(conn, scope, options) if dry_run else place(conn, scope, options=options)
    return replace(done, seconds=round(time.perf_counter() - began, 3))


def steps_in(conn: Conn) -> bool:
    """Keep other passes aside until the transaction ends, unless somebody is at it.

    Args:
        conn: the caller's transaction.

    Returns:
        False where another pass is under way, or somebody is writing many entries.
    """
    return bool(conn.execute(_STEP_IN).scalar_one())


def keep_passes_aside(conn: Conn) -> None:
    """Wait for what a pass is writing, if one is; others step aside until the transaction ends.

    For whoever is about to call :func:`place` for many candidates: two that write the same
    entries in different orders would wait for each other.

    Args:
        conn: the caller's transaction.
    """
    conn.execute(_WRITE_ALONE)


def prepare(conn: Conn, scope: Scope) -> None:
    """Set a transaction up for :func:`place` with many candidates, as part of a pass.

    Args:
        conn: the caller's transaction.
        scope: which candidates.
    """
    conn.execute(_FOR_ALL if scope.is_of_all else _FOR_SOME)


def place(
    conn: Conn, scope: Scope, *, options: Options = PARITY, beginning: Beginning | None = None
) -> Recomputation:
    """Give the candidates of a scope their places, and take out entries of those that are gone.

    Args:
        conn: the caller's transaction.
        scope: which candidates.
        options: how places are given.
        beginning: that of the pass that this is a part of; as it is now unless given.
    """
    row = _execute(conn, scope, options, _COUNTS, beginning)[0]
    return Recomputation(row.candidates, row.added, row.changed, row.removed)


def _rehearse(conn: Conn, scope: Scope, options: Options) -> Recomputation:
    rehearsal = conn.begin_nested()
    try:
        rows = _execute(conn, scope, options, _DIFFERENCES)
    finally:
        rehearsal.rollback()
    differences = tuple(Difference(*row[1:]) for row in rows if row.codebase is not None)
    return Recomputation(
        candidates=rows[0].candidates,
        added=sum(difference.before is None for difference in differences),
        removed=sum(difference.after is None for difference in differences),
        changed=sum(None not in {each.before, each.after} for each in differences),
        differences=differences,
    )


def _execute(
    conn: Conn, scope: Scope, options: Options, told: str, beginning: Beginning | None = None
) -> Sequence[Any]:
    compared = _COMPARE + placed(options, everything=scope == Scope())
    parameters = scope.parameters(conn, beginning.satisfied if beginning else None)
    parameters |= {"who": REQUESTER, "lowest": beginning and beginning.lowest}

    def write(unless_there: str) -> Sequence[Any]:
        writing = _WRITE.format(unless_there=unless_there, still_free=_STILL_FREE)
        statement = with_estimates(compared + writing + told, options=options)
        return conn.execute(statement, parameters).all()

    if scope.is_of_all:
        # To look for each entry before it is put in takes a tenth of a first pass, and finds
        # one only where somebody has put it in since the pass began.
        with suppress(IntegrityError), conn.begin_nested():
            return write("")
    return write("ON CONFLICT DO NOTHING")


_COMPARE = """
, wanted AS (
    SELECT codebase, suite, change_set, host, command, context, duration, cooling_until,
        -- Never 0: an entry that adds nothing to the lowest priority could be first for ever.
        greatest(cast(round("offset") AS bigint), 1) AS distance,
        coalesce(cast(:lowest AS bigint), (SELECT min(priority) FROM queue), 0) AS now_lowest
    FROM estimate
),
there AS (
    SELECT ctid AS place, queue.* FROM queue
    WHERE (cast(:codebases AS text[]) IS NULL OR codebase = ANY (:codebases))
        AND (cast(:campaigns AS text[]) IS NULL OR suite = ANY (:campaigns))
        AND codebase >= :first
        AND (cast(:beyond AS text) IS NULL OR codebase < :beyond)
),
-- The queue is read once, and whole before anything is written: what is wanted and not there,
-- there and not wanted, or both.
compared AS MATERIALIZED (
    SELECT wanted.*, there.place, there.id, there.base, there.priority AS before,
        there.bucket = 'default' AND there.claim_id IS NULL AS free,
        there.requester,
        (there.command, there.context, there.estimated_duration)
            IS DISTINCT FROM (wanted.command, wanted.context, wanted.duration) AS differs
    FROM wanted
    FULL JOIN there ON there.codebase = wanted.codebase AND there.suite = wanted.suite
        AND coalesce(there.change_set, '') = coalesce(wanted.change_set, '')
)
"""

# For an entry that was changed since it was read. Comparisons and no "=" and "IS NULL": without
# statistics of the queue the planner takes those for rare, and compares each pair of entries.
_STILL_FREE = "queue.bucket >= 'default' AND num_nulls(queue.claim_id) > 0"

_WRITE = """
, changed AS (
    UPDATE queue
    SET base = new_base,
        priority = new_priority,
        command = placed.command,
        context = placed.context,
        estimated_duration = duration
    FROM placed
    -- By its physical place: an entry that somebody changes meanwhile is left alone.
    WHERE queue.ctid = place AND distance IS NOT NULL AND free AND {still_free}
        -- What somebody asked for stays as it was asked for.
        AND coalesce(placed.requester, :who) = :who
        AND (placed.base IS DISTINCT FROM new_base OR before <> new_priority OR differs)
    RETURNING queue.codebase, queue.suite, queue.change_set, before, queue.priority
),
added AS (
    INSERT INTO queue (
        codebase, suite, change_set, command, context, estimated_duration, bucket, base, priority,
        requester, host
    )
    SELECT codebase, suite, change_set, command, context, duration, 'default', new_base,
        new_priority, :who, host
    FROM placed
    WHERE place IS NULL AND cooling_until IS NULL
    ORDER BY new_priority -- what is inserted in the order of an index is inserted faster
    {unless_there}
    RETURNING codebase, suite, change_set, priority
),
removed AS (
    DELETE FROM queue USING compared
    WHERE queue.ctid = place AND distance IS NULL AND free AND {still_free}
        AND compared.requester = :who
    RETURNING queue.codebase, queue.suite, queue.change_set, queue.priority
)
"""

_COUNTS = """
SELECT (SELECT count(distance) FROM compared) AS candidates,
    (SELECT count(*) FROM added) AS added,
    (SELECT count(*) FROM changed) AS changed,
    (SELECT count(*) FROM removed) AS removed
"""

_DIFFERENCES = """
SELECT counted.candidates, each.codebase, each.suite, each.change_set, each.before, each.after
FROM (SELECT count(distance) AS candidates FROM compared) AS counted
LEFT JOIN (
    SELECT codebase, suite, change_set, NULL::bigint AS before, priority AS after FROM added
    UNION ALL
    SELECT codebase, suite, change_set, before, priority FROM changed
    UNION ALL
    SELECT codebase, suite, change_set, priority, NULL FROM removed
) AS each ON true
ORDER BY each.after NULLS LAST, each.codebase, each.suite
"""
