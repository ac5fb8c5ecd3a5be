"""Jobs that are worked off together: a message puts its job's row, whoever has the turn does all.

One child of a worker at a time has the turn. It takes what is due of the kind, does it in one
transaction and looks again, so the more arrives the more is done at once; a single job is done
right away. Or it does one after the other: what waits for servers of others
(:func:`carries_in_turn`) then keeps one child busy, and leaves the rest to those who wait for us.
Who does not get the turn goes on to the next message: the row is the job. Order and
safety are the ledger's (leases, SKIP LOCKED), not the turn's, so several workers do no harm.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import IO, Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from janitor import jobs
from janitor.deployment import Deployment
from janitor.errors import Failure, PassingError
from janitor.jobs import InvalidPayload, JobKind, Lease, Payload, Ring
from janitor.jobs.together import Leased, finish_all, first_due, lease_due, put
from tasks.base import Body, JobTask, LedgerTask, Together, Work
from tasks.keeping import kept_alive
from tasks.patience import patiently, safe

logger = logging.getLogger(__name__)

P = TypeVar("P", bound=Payload)

GATHER = 0.1  # seconds in which jobs come together while they arrive faster than they are done
LONGEST = 10.0  # seconds at it for one message; less than the soft limit of each pool


def carries_together(
    kind: JobKind[P], *, most: int, at_once: bool = False
) -> Callable[[Callable[[Session, Deployment, Sequence[P]], Sequence[Failure | None]]], JobTask]:
    """Bind a kind of job to the function that does many of them in one transaction.

    The function returns for each job why it is refused, or None, and must have done nothing for
    those that it refuses. What it raises concerns all: a passing error lets all wait, after any
    other each is done alone.

    Args:
        kind: the kind.
        most: how many jobs at once.
        at_once: as for :class:`~tasks.base.Together`.
    """

    def bind(
        body: Callable[[Session, Deployment, Sequence[P]], Sequence[Failure | None]],
    ) -> JobTask:
        def alone(work: Work[P]) -> None:
            with work.finish() as session:
                (refusal,) = body(session, work.deployment, [work.ask])
                if refusal is not None:
                    raise refusal

        return JobTask(kind, alone, Together(body, most, at_once))

    return bind


def carries_in_turn(kind: JobKind[P]) -> Callable[[Callable[[Work[P]], None]], JobTask]:
    """Bind a kind of job to the function that does one; a worker does one of the kind at a time."""
    return lambda body: JobTask(kind, body, Together(body=None, most=1))


class TogetherTask(LedgerTask):
    """Carries a kind of job, many at once or one after the other; by one child at a time."""

    def __init__(self, job: JobTask, deployment: Deployment, together: Together) -> None:
        super().__init__(job, deployment)
        self.together = together

    def share(self) -> None:
        """Make what the children take turns by; called before they are forked."""
        _ = self._turns

    def carry(self, ask: Payload, trace_id: str) -> None:
        """Make sure of a job's row, and do what is due unless somebody is at it."""

        def put_row() -> None:
            with self.deployment.one_by_one() as conn:
                put(conn, self.job.kind, ask, trace_id)

        patiently(put_row)
        self.do_what_is_due()

    def do_what_is_due(self) -> None:
        """Do all that is due, unless somebody has the turn.

        Whoever puts a row and does not get the turn relies on the look after it was given back.
        """
        deadline = time.monotonic() + LONGEST
        pause = 0.0
        while True:
            with self._turn() as ours:
                if not ours:
                    return
                time.sleep(pause)
                self._do_until(deadline)
            more = patiently(self._first_due)
            if more is None:
                return
            if time.monotonic() > deadline:
                self._leave(more)
                return
            pause = GATHER

    def _do_until(self, deadline: float) -> None:
        """Do batches until one is not full."""
        full = True
        while full and time.monotonic() < deadline:
            leased = patiently(self._lease_due)
            self._do(leased)
            full = len(leased) == self.together.most

    def _leave(self, more: Ring) -> None:
        if self.deployment.doorbell is not None:
            self.deployment.doorbell.ring([more])

    def _do(self, leased: Sequence[Leased]) -> None:
        works = [work for each in leased if (work := self._read(each)) is not None]
        if self.together.body is None:
            for work in works:
                self._work(work)
            return
        if not works:
            return
        with kept_alive([work.lease for work in works], self.deployment):
            self._do_all(works, self.together.body)

    def _do_all(self, works: Sequence[Work[Any]], body: Body) -> None:
        try:
            refused = self._all_at_once(works, body)
        except (PassingError, SoftTimeLimitExceeded) as error:
            for work in works:
                self._try_later(work, error)
        except Exception as error:  # noqa: BLE001 - one of them may be at fault: each shows alone
            logger.warning("%s: %d, each alone: %s", self.name, len(works), safe(error))
            for work in works:
                self._work(work)
        except BaseException:  # told to stop
            for work in works:
                with self.deployment.sessions.begin() as session:
                    jobs.hand_back(session, work.lease)
            raise
        else:
            for work, refusal in refused:
                self._fail(work, refusal, "failure")

    def _all_at_once(
        self, works: Sequence[Work[Any]], body: Body
    ) -> list[tuple[Work[Any], Failure]]:
        """Do jobs in one transaction; returns those that are refused."""
        with self.deployment.sessions.begin() as session:
            answers = body(session, self.deployment, [work.ask for work in works])
            judged = list(zip(works, answers, strict=True))
            done = [work.lease for work, refusal in judged if refusal is None]
            if done:
                finish_all(session, done)
        return [(work, refusal) for work, refusal in judged if refusal is not None]

    def _read(self, leased: Leased) -> Work[Any] | None:
        try:
            return Work(self.job.kind.read(leased.arguments), self.deployment, leased.lease)
        except InvalidPayload as refusal:
            self._end_unread(leased.lease, refusal)
            return None

    def _end_unread(self, lease: Lease, refusal: InvalidPayload) -> None:
        logger.error("%s %s failed: %s", lease.kind, lease.key, safe(refusal))
        with self.deployment.sessions.begin() as session:
            jobs.fail(session, lease, self.job.kind, None, reason=str(refusal), why="invalid")

    def _lease_due(self) -> list[Leased]:
        with self.deployment.one_by_one() as conn:
            return lease_due(
                conn,
                self.job.kind,
                most=self.together.most,
                owner=f"{socket.gethostname()}:{os.getpid()}",
                duration=self.deployment.lease,
            )

    def _first_due(self) -> Ring | None:
        with self.deployment.one_by_one() as conn:
            return first_due(conn, self.job.kind)

    @cached_property
    def _turns(self) -> IO[bytes]:
        return tempfile.TemporaryFile()  # open as long as the process lives

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Have the turn, if nobody else has it; it ends with the process, however that ends."""
        # A record lock belongs to a process, also where the open file is inherited.
        try:
            fcntl.lockf(self._turns, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._turns, fcntl.LOCK_UN)
