"""Jobs that one child of a worker at a time works off: a message puts a row, the turn does it.

What waits for servers of others keeps one child busy so (:func:`carries_in_turn`), and leaves the
rest to those who wait for us; what is short is done many at once (:mod:`tasks.together`). Who has
the turn does what is due of the kind and looks again; who does not get it goes on to the next
message: the row is the job. Order and safety are the ledger's (leases, SKIP LOCKED), not the
turn's, so several workers do no harm.
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
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any, TypeVar

from janitor import jobs
from janitor.deployment import Deployment
from janitor.jobs import InvalidPayload, JobKind, Lease, Payload, Ring
from janitor.jobs.together import Leased, first_due, lease_due, put
from tasks.base import JobTask, LedgerTask, Work
from tasks.patience import patiently, safe

logger = logging.getLogger(__name__)

P = TypeVar("P", bound=Payload)

GATHER = 0.1  # seconds in which jobs come together while they arrive faster than they are done
LONGEST = 10.0  # seconds at it for one message; less than the soft limit of each pool


@dataclass(frozen=True)
class InTurn(JobTask):
    """A kind of job of which a worker does one at a time."""

    def celery_task(self, deployment: Deployment) -> TurnTask:
        """Return what Celery runs."""
        return TurnTask(self, deployment)


def carries_in_turn(kind: JobKind[P]) -> Callable[[Callable[[Work[P]], None]], InTurn]:
    """Bind a kind of job to the function that does one; a worker does one of the kind at a time."""
    return lambda body: InTurn(kind, body)


class TurnTask(LedgerTask):
    """Carries a kind of job, one after the other, by one child of a worker at a time."""

    most = 1  # jobs that are leased at once

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
            full = len(leased) == self.most

    def _leave(self, more: Ring) -> None:
        if self.deployment.doorbell is not None:
            self.deployment.doorbell.ring([more])

    def _do(self, leased: Sequence[Leased]) -> None:
        for work in self._read_all(leased):
            self._work(work)

    def _read_all(self, leased: Sequence[Leased]) -> list[Work[Any]]:
        return [work for each in leased if (work := self._read(each)) is not None]

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
                most=self.most,
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
