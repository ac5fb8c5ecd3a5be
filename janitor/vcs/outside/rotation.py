"""Looking at codebases' branches in turn: where they are now, which have moved, which are gone.

:mod:`.visitor` asks; here is who is asked when, and what comes of it. Each host is asked one
thing at a time, with a pause in between, and not at all while it is limited
(:mod:`.rests`). A codebase whose branch moved gets runs soon
(:mod:`janitor.schedule`).
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Row, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from janitor.errors import Failure
from janitor.queue.hosts import closed_hosts
from janitor.redaction import redact
from janitor.schedule import do_schedule
from janitor.state import Conn
from janitor.state.branch import BranchFailure
from janitor.state.candidate import Candidate
from janitor.vcs.branch_failures import branch_failure
from janitor.vcs.errors import BranchOpenFailure
from janitor.vcs.outside.rests import let_rest
from janitor.vcs.outside.visitor import Visitor

logger = logging.getLogger(__name__)

REQUESTER = "the branch moved"

_AT_ONCE = 8  # hosts
_SPARE = 2  # times the patience: the last look begins when the time is almost over
_MOST_OF_A_HOST = 100  # in one go; more do not fit in its time with the pauses
_MOST_FAILURES = 3  # in a row, of the host's own; then it is left for the next time
_OF_THE_HOST = frozenset(
    {"branch-unavailable", "branch-temporarily-unavailable", "502-bad-gateway", "unknown"}
)


@dataclass(frozen=True)
class Pace:
    """How fast it goes.

    Args:
        every: how long a codebase rests between two looks.
        pause: seconds between two questions to the same host.
        time: seconds after which no other question is begun.
    """

    every: timedelta
    pause: float = 1.0
    time: float = 45.0


@dataclass(frozen=True)
class _Look:
    """What came of one: the same, moved, or a failure's code; and which host wants a rest."""

    what: str
    closed: str | None = None


@dataclass(frozen=True)
class Rotation:
    """One go through what is due.

    Args:
        sessions: the state database; each finding is a transaction of its own.
        visitor: who goes there.
        pace: how fast.
    """

    sessions: sessionmaker[Session]
    visitor: Visitor
    pace: Pace

    def go(self) -> Counter[str]:
        """Look at what is due, host by host, as far as the time allows.

        Returns:
            How many were the ``same``, had ``moved``, or failed, by the failure's code; and how
            many hosts were not finished in time, for one that has no end.
        """
        with self.sessions() as session:
            due = due_codebases(session, self.pace.every)
        until = time.monotonic() + self.pace.time
        hosts = [list(rows) for _, rows in groupby(due, key=lambda row: row.host)]
        # Whose turn is longest overdue, first.
        hosts.sort(key=lambda rows: rows[0].last_scanned or datetime.min.replace(tzinfo=UTC))
        threads = ThreadPoolExecutor(_AT_ONCE)
        going = [threads.submit(self._look_at_host, rows, until) for rows in hosts]
        # Whoever still waits for a name or a connection by then is not waited for.
        done, left = wait(going, timeout=self.pace.time + _SPARE * self.visitor.patience)
        threads.shutdown(wait=False, cancel_futures=True)
        found = sum((each.result() for each in done), Counter[str]())
        return found + Counter({"hosts not finished": len(left)})

    def _look_at_host(self, codebases: Sequence[Row[Any]], until: float) -> Counter[str]:
        outcome: Counter[str] = Counter()
        failures = 0
        for number, codebase in enumerate(codebases):
            if number:
                time.sleep(self.pace.pause)
            if time.monotonic() > until or failures >= _MOST_FAILURES:
                break
            try:
                look = self._look_at(codebase)
            except Exception as error:  # noqa: BLE001 - ours, and none of the branch or its host
                said = f"{type(error).__name__}: {redact(str(error))}"
                logger.warning("%s is not looked at: %s", codebase.name, said)
                outcome["not recorded"] += 1
                continue
            outcome[look.what] += 1
            if look.closed == codebase.host:
                break
            failures = failures + 1 if look.closed or look.what in _OF_THE_HOST else 0
        return outcome

    def _look_at(self, codebase: Row[Any]) -> _Look:
        # Before it is gone to: whatever comes of it, others are next.
        with self.sessions.begin() as session:
            take_turn(session, codebase)
        try:
            revision = self._find(codebase)
        except BranchOpenFailure as failure:
            with self.sessions.begin() as session:
                return _Look(failure.code, note_failure(session, codebase, failure))
        with self.sessions.begin() as session:
            return _Look("moved" if note_place(session, codebase, revision) else "same")

    def _find(self, codebase: Row[Any]) -> bytes:
        try:
            return self.visitor.find(codebase.branch_url, codebase.vcs_type).revision
        except BranchOpenFailure:
            raise
        except Exception as error:  # noqa: BLE001 - one odd branch does not stop the rotation
            logger.warning("%s: %s: %s", codebase.name, type(error).__name__, redact(str(error)))
            raise branch_failure("unknown", codebase.branch_url, type(error).__name__) from None


def due_codebases(conn: Conn, every: timedelta) -> Sequence[Row[Any]]:
    """Return codebases to look at: of each host that may be asked, those that wait longest.

    Each has ``name``, ``branch_url``, ``vcs_type``, ``host`` and ``last_scanned``; those of a
    host are together.

    Args:
        conn: the caller's transaction.
        every: how long a codebase rests between two looks.
    """
    closed = sorted(closed_hosts(conn))
    values = {"every": every, "closed": closed, "most": _MOST_OF_A_HOST}
    return conn.execute(_DUE, values).all()


def take_turn(conn: Conn, codebase: Row[Any]) -> None:
    """Record that a codebase is looked at now.

    Args:
        conn: the caller's transaction.
        codebase: as :func:`due_codebases` returned it.
    """
    conn.execute(_TURN, {"name": codebase.name, "url": codebase.branch_url})


def note_place(conn: Conn, codebase: Row[Any], revision: bytes) -> bool:
    """Record where a branch is; if it is not where it was, its candidates get runs soon.

    Args:
        conn: the caller's transaction.
        codebase: as :func:`due_codebases` returned it.
        revision: where its branch is.

    Returns:
        Whether it had moved. A first look finds no branch moved.
    """
    now = revision.decode()
    before = _held(conn, codebase)
    if before is None:  # it has another URL by now, or is gone
        return False
    conn.execute(delete(BranchFailure).where(BranchFailure.codebase == codebase.name))
    if before.vcs_last_revision == now:
        return False
    conn.execute(_NOW_AT, {"name": codebase.name, "now": now})
    if before.vcs_last_revision is None:
        return False
    _ask_for_runs(conn, codebase.name)
    return True


def note_failure(conn: Conn, codebase: Row[Any], failure: BranchOpenFailure) -> str | None:
    """Record that a branch could not be seen, and if its host wants to be left alone.

    Args:
        conn: the caller's transaction.
        codebase: as :func:`due_codebases` returned it.
        failure: why.

    Returns:
        The host that is left alone from now on, or None.
    """
    closed = let_rest(conn, failure, codebase.host)
    if _held(conn, codebase) is not None:
        said = {"code": failure.code, "description": failure.description}
        row = insert(BranchFailure).values(codebase=codebase.name, **said)
        again = BranchFailure.times + 1
        conn.execute(
            row.on_conflict_do_update(
                index_elements=["codebase"], set_=said | {"times": again, "last_at": func.now()}
            )
        )
    return closed


def _held(conn: Conn, codebase: Row[Any]) -> Row[Any] | None:
    """Return what is known of a codebase, and keep others from it; None if its URL has changed."""
    return conn.execute(_HELD, {"name": codebase.name, "url": codebase.branch_url}).one_or_none()


def _ask_for_runs(conn: Conn, codebase: str) -> None:
    """Put the candidates of a codebase in the bucket of what somebody pushed to."""
    candidates = select(Candidate.suite, Candidate.change_set).where(
        Candidate.codebase == codebase, Candidate.publish_policy.is_not(None)
    )
    for campaign, change_set in conn.execute(candidates).all():
        try:
            with conn.begin_nested():
                do_schedule(
                    conn, campaign, codebase, "hook", change_set=change_set, requester=REQUESTER
                )
        except Failure as failure:  # of this campaign: that the branch moved is true all the same
            logger.warning("%s of %s gets no run: %s", campaign, codebase, failure)


_ACTIVE = "NOT inactive AND branch_url IS NOT NULL AND name IS NOT NULL"
# Host by host along the index: what a closed host has costs nothing, however much it is.
_DUE = text(f"""
WITH RECURSIVE host (name) AS (
    (SELECT coalesce(hostname, '') FROM codebase WHERE {_ACTIVE}
     ORDER BY coalesce(hostname, '') LIMIT 1)
    UNION ALL
    SELECT (SELECT coalesce(hostname, '') FROM codebase
            WHERE {_ACTIVE} AND coalesce(hostname, '') > host.name
            ORDER BY coalesce(hostname, '') LIMIT 1)
    FROM host WHERE host.name IS NOT NULL
)
SELECT due.name, due.branch_url, due.vcs_type, due.last_scanned, host.name AS host
FROM host
CROSS JOIN LATERAL (
    SELECT name, branch_url, vcs_type::text, last_scanned AT TIME ZONE 'UTC' AS last_scanned
    FROM codebase
    WHERE {_ACTIVE} AND coalesce(hostname, '') = host.name
        AND (last_scanned IS NULL OR last_scanned < now() AT TIME ZONE 'UTC' - :every)
    ORDER BY codebase.last_scanned NULLS FIRST
    LIMIT :most
) AS due
WHERE host.name <> ALL (:closed)
ORDER BY host.name, due.last_scanned NULLS FIRST
""")  # noqa: S608 - made of constants

_TURN = text("""
UPDATE codebase SET last_scanned = now() AT TIME ZONE 'UTC'
WHERE name = :name AND branch_url = :url
""")
_HELD = text("""
SELECT vcs_last_revision FROM codebase WHERE name = :name AND branch_url = :url FOR UPDATE
""")
_NOW_AT = text("UPDATE codebase SET vcs_last_revision = :now WHERE name = :name")
