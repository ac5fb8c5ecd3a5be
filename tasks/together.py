"""Jobs that are done together: what has come of a kind meanwhile is one transaction.

One child of a worker at a time has the turn (:mod:`tasks.turn`). The more arrives the more is done
at once; a single job is done right away.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from janitor import jobs
from janitor.deployment import Deployment
from janitor.errors import Failure, PassingError
from janitor.jobs import JobKind, Payload
from janitor.jobs.together import Leased, finish_all
from tasks.base import JobTask, Work
from tasks.keeping import kept_alive
from tasks.patience import safe
from tasks.turn import TurnTask

logger = logging.getLogger(__name__)

P = TypeVar("P", bound=Payload)


@dataclass(frozen=True)
class Together(JobTask):
    """A kind of job of which many are done in one transaction.

    Args:
        many: the code that does them; ``body`` does one alone.
        most: how many at once.
        at_once: whether a worker of its pool that asks for some in the course of its own work does
            them itself, right after the commit. For what takes less than a message would.
    """

    many: Callable[[Session, Deployment, Sequence[Any]], Sequence[Failure | None]]
    most: int
    at_once: bool

    def celery_task(self, deployment: Deployment) -> TogetherTask:
        """Return what Celery runs."""
        return TogetherTask(self, deployment)


def carries_together(
    kind: JobKind[P], *, most: int, at_once: bool = False
) -> Callable[[Callable[[Session, Deployment, Sequence[P]], Sequence[Failure | None]]], Together]:
    """Bind a kind of job to the function that does many of them in one transaction.

    The function returns for each job why it is refused, or None, and must have done nothing for
    those that it refuses. What it raises concerns all: a passing error lets all wait, after any
    other each is done alone.

    Args:
        kind: the kind.
        most: as for :class:`Together`.
        at_once: likewise.
    """

    def bind(
        many: Callable[[Session, Deployment, Sequence[P]], Sequence[Failure | None]],
    ) -> Together:
        def alone(work: Work[P]) -> None:
            with work.finish() as session:
                (refusal,) = many(session, work.deployment, [work.ask])
                if refusal is not None:
                    raise refusal

        return Together(kind, alone, many, most, at_once)

    return bind


class TogetherTask(TurnTask):
    """Carries a kind of job, many at once."""

    def __init__(self, job: Together, deployment: Deployment) -> None:
        super().__init__(job, deployment)
        self.most = job.most
        self.at_once = job.at_once
        self._many = job.many

    def _do(self, leased: Sequence[Leased]) -> None:
        works = self._read_all(leased)
        if works:
            with kept_alive([work.lease for work in works], self.deployment):
                self._do_all(works)

    def _do_all(self, works: Sequence[Work[Any]]) -> None:
        try:
            refused = self._all_at_once(works)
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

    def _all_at_once(self, works: Sequence[Work[Any]]) -> list[tuple[Work[Any], Failure]]:
        """Do jobs in one transaction; returns those that are refused."""
        with self.deployment.sessions.begin() as session:
            answers = self._many(session, self.deployment, [work.ask for work in works])
            judged = list(zip(works, answers, strict=True))
            done = [work.lease for work, refusal in judged if refusal is None]
            if done:
                finish_all(session, done)
        return [(work, refusal) for work, refusal in judged if refusal is not None]
