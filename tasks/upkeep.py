"""The upkeep of the house, on the schedule pool: one duty a task, each safe to run twice."""

from __future__ import annotations

from janitor.deployment import Deployment
from janitor.jobs.upkeep import prune, ring_again, take_back_expired
from janitor.kinds import KINDS
from janitor.runs import settle_expired_claims
from tasks.base import ticks
from tasks.spool import discard_if_done


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
        return str(settle_expired_claims(session))


@ticks("janitor.schedule.sweep_spool")
def sweep_spool(deployment: Deployment) -> str:
    """Empty the spool of runs that are stored and that no job needs files of."""
    swept = sum(discard_if_done(deployment, run_id) for run_id in deployment.spool.run_ids())
    return f"{swept} runs swept"


@ticks("janitor.schedule.prune_jobs")
def prune_jobs(deployment: Deployment) -> str:
    """Delete rows of jobs that ended long ago."""
    with deployment.sessions.begin() as session:
        return f"{prune(session)} rows deleted"
