"""How a message becomes work: leased, done within its lease, ended with its effects.

A task module binds a kind of job to a few lines with :func:`carries`, or a periodic duty
with :func:`ticks`. :class:`LedgerTask` is the one Celery class that carries every job
through the ledger (:mod:`janitor.jobs`); no task body touches a job's row.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from celery import Task
from sqlalchemy.orm import Session

from janitor import jobs
from janitor.deployment import Deployment
from janitor.errors import Failure
from janitor.jobs import InvalidPayload, JobKind, Lease, LeaseLost, Payload
from janitor.redaction import redact
from janitor.wording import in_words
from tasks.keeping import kept_alive
from tasks.patience import patiently, safe

logger = logging.getLogger(__name__)

P = TypeVar("P", bound=Payload)

TRACE_HEADER = "trace_id"


@dataclass
class Work(Generic[P]):
    """One attempt at a job, as a task body sees it.

    Args:
        ask: what is asked.
        deployment: the stores and the database to work with.
        lease: the right to do it, renewed in the background while the body runs.
    """

    ask: P
    deployment: Deployment
    lease: Lease
    finished: bool = field(default=False, init=False)

    @contextmanager
    def finish(self) -> Iterator[Session]:
        """Open the one transaction in which the effects and the end of the job are stored.

        Raises:
            LeaseLost: the job was taken back meanwhile; nothing is stored.
        """
        with self.deployment.sessions.begin() as session:
            jobs.finish(session, self.lease)
            yield session
        self.finished = True


@dataclass(frozen=True)
class JobTask:
    """A kind of job and the code that carries it out.

    Args:
        kind: the kind.
        body: the code.
    """

    kind: JobKind[Any]
    body: Callable[[Work[Any]], None]

    @property
    def name(self) -> str:
        """The Celery task's name: the kind's."""
        return self.kind.name

    def celery_task(self, deployment: Deployment) -> LedgerTask:
        """Return what Celery runs."""
        return LedgerTask(self, deployment)


@dataclass(frozen=True)
class ClockTask:
    """A periodic duty: harmless when it runs twice, late or not at all for a while."""

    name: str
    body: Callable[[Deployment], str]


def carries(kind: JobKind[P]) -> Callable[[Callable[[Work[P]], None]], JobTask]:
    """Bind a kind of job to the function that does it."""
    return lambda body: JobTask(kind, body)


def ticks(name: str) -> Callable[[Callable[[Deployment], str]], ClockTask]:
    """Bind a name on the clock to a duty, which returns what it did in a few words."""
    return lambda body: ClockTask(name, body)


class LedgerTask(Task[..., None]):
    """Carries one kind of job: reads, leases, works, ends.

    Arguments are checked by the job's own payload model, so that a wrong message becomes
    a failed job with a reason and not an exception in a worker's log.
    """

    typing = False
    # For a child that dies before it made the job's row; the rest is the ledger's.
    max_retries = 3
    default_retry_delay = 1  # seconds

    def __init__(self, job: JobTask, deployment: Deployment) -> None:
        self.name = job.name
        self.job = job
        self.deployment = deployment

    def run(self, *positional: Any, **arguments: Any) -> None:  # noqa: ANN401 - from outside
        """Do what a message asks, unless it is done or somebody else is at it."""
        trace_id = self._trace_id()
        try:
            if positional:
                raise InvalidPayload(f"{self.name}: arguments go by name, not by position")
            ask = self.job.kind.read(arguments)
        except Failure as refusal:
            reason = str(refusal)
            patiently(lambda: self._refuse(positional, arguments, reason, trace_id))
            return
        self.carry(ask, trace_id)

    def carry(self, ask: Payload, trace_id: str) -> None:
        """Do a job, unless it is done or somebody else is at it."""
        lease = patiently(lambda: self._lease(ask, trace_id))
        if lease is not None:
            self._work(Work(ask, self.deployment, lease))

    def _work(self, work: Work[Any]) -> None:
        with kept_alive([work.lease], self.deployment):
            try:
                self.job.body(work)
                if not work.finished:
                    with work.finish():
                        pass
            except LeaseLost as lost:
                logger.warning("%s", lost)
            except Failure as failure:
                self._fail(work, failure, "failure")
            except Exception as error:  # noqa: BLE001 - every error ends in the job's row; the
                # soft time limit is one of them
                self._try_later(work, error)
            except BaseException:  # told to stop: SystemExit, KeyboardInterrupt
                if not work.finished:
                    with self.deployment.sessions.begin() as session:
                        jobs.hand_back(session, work.lease)
                raise

    def _try_later(self, work: Work[Any], error: Exception) -> None:
        lease = work.lease
        if work.finished:
            # The effects are stored; what broke came after (tidying up), and upkeep does it.
            logger.warning("%s %s: after the end: %s", lease.kind, lease.key, safe(error))
            return
        if lease.attempt >= self.job.kind.retry.max_attempts:
            self._fail(work, error, "error")
            return
        logger.warning("%s %s: attempt %d: %s", lease.kind, lease.key, lease.attempt, safe(error))
        with self.deployment.sessions.begin() as session:
            jobs.retry_later(session, lease, self.job.kind, error)

    def _fail(self, work: Work[Any], error: Exception, why: str) -> None:
        logger.error("%s %s failed: %s", work.lease.kind, work.lease.key, safe(error))
        with self.deployment.sessions.begin() as session:
            jobs.fail(session, work.lease, self.job.kind, work.ask, reason=in_words(error), why=why)

    def _lease(self, ask: Payload, trace_id: str) -> Lease | None:
        with self.deployment.one_by_one() as conn:
            return jobs.lease(
                conn,
                self.job.kind,
                ask,
                owner=f"{socket.gethostname()}:{os.getpid()}",
                duration=self.deployment.lease,
                trace_id=trace_id,
            )

    def _refuse(
        self, positional: tuple[Any, ...], arguments: dict[str, Any], reason: str, trace_id: str
    ) -> None:
        logger.error("refused a message: %s", redact(reason))
        named = {str(place): value for place, value in enumerate(positional)} | arguments
        with self.deployment.sessions.begin() as session:
            jobs.refuse(session, self.name, named, reason, trace_id)

    def _trace_id(self) -> str:
        headers = self.request.headers or {}
        return str(headers.get(TRACE_HEADER) or self.request.id or uuid.uuid4().hex)


class PeriodicTask(Task[..., str]):
    """Runs one duty of the clock; what a message says beside its name is ignored."""

    typing = False

    def __init__(self, clock: ClockTask, deployment: Deployment) -> None:
        self.name = clock.name
        self.clock = clock
        self.deployment = deployment

    def run(self, *_positional: Any, **_arguments: Any) -> str:  # noqa: ANN401 - from outside
        """Do the duty once."""
        outcome = self.clock.body(self.deployment)
        logger.info("%s: %s", self.name, outcome)
        return outcome
