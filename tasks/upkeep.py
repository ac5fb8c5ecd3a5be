"""The upkeep of the house, on the schedule pool: one duty a task, each safe to run twice."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from janitor.announcements import prune_sent
from janitor.deployment import Deployment
from janitor.jobs.upkeep import prune, ring_again, take_back_expired
from janitor.kinds import KINDS
from janitor.notifications.delivery import prune_deliveries
from janitor.queue import keep_counts
from janitor.runs import settle_expired_claims
from tasks.base import ticks
from tasks.spool import discard_if_abandoned, discard_if_done

MOST_BATCHES = 1000  # in one go; the pool has other work


@ticks("janitor.schedule.mend_jobs")
def mend_jobs(deployment: Deployment) -> str:
    """Take back jobs whose worker is gone; ring for those that nobody came for."""
    with deployment.sessions.begin() as session:
        taken = take_back_expired(session, KINDS)
    with deployment.sessions.begin() as session:
        rung = ring_again(session, deployment.lease)
    return f"{taken.waiting} taken back, {taken.failed} given up, {rung} rung again"


@ticks("janitor.schedule.mend_claims")
def mend_claims(deployment: Deployment) -> str:
    """Put queue items back whose worker is gone."""
    with deployment.sessions.begin() as session:
        return str(settle_expired_claims(session, options=deployment.scheduling))


@ticks("janitor.schedule.count_queue")
def count_queue(deployment: Deployment) -> str:
    """Add up what was counted of the queue."""
    with deployment.sessions.begin() as session:
        return keep_counts(session)


@ticks("janitor.schedule.sweep_spool")
def sweep_spool(deployment: Deployment) -> str:
    """Empty the spool of runs that are stored, and of what nobody will take in any more."""
    swept = abandoned = 0
    run_ids = deployment.spool.run_ids()
    for run_id in run_ids:
        if discard_if_done(deployment, run_id):
            swept += 1
        elif discard_if_abandoned(deployment, run_id):
            abandoned += 1
    waiting = len(run_ids) - swept - abandoned
    return f"{swept} runs swept, {abandoned} given up, {waiting} wait or failed"


@ticks("janitor.schedule.prune_jobs")
def prune_jobs(deployment: Deployment) -> str:
    """Delete rows of jobs that ended, and of news that went out, long ago."""
    jobs = _in_batches(deployment, prune)
    news = _in_batches(deployment, prune_sent)
    deliveries = _in_batches(deployment, prune_deliveries)
    return f"{jobs} jobs, {news} announcements and {deliveries} deliveries deleted"


def _in_batches(deployment: Deployment, step: Callable[[Session], int]) -> int:
    """Repeat a step, each time in a transaction of its own, until it finds nothing."""
    total = 0
    for _ in range(MOST_BATCHES):
        with deployment.sessions.begin() as session:
            done = step(session)
        if not done:
            break
        total += done
    return total
