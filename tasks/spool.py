"""Letting go of a run's spooled files after its last job; :mod:`tasks.upkeep` sweeps the rest."""

from __future__ import annotations

import logging

from janitor.deployment import Deployment
from janitor.runs import spool_is_done
from janitor.runs.abandoned import spool_is_abandoned

logger = logging.getLogger(__name__)


def discard_if_done(deployment: Deployment, run_id: str) -> bool:
    """Empty a run's spool if no job needs its files; returns whether it did."""
    with deployment.sessions() as session:
        done = spool_is_done(session, run_id)
    if done:
        deployment.spool.discard(run_id)
    return done


def discard_if_abandoned(deployment: Deployment, run_id: str) -> bool:
    """Empty a run's spool if nobody will take the run in any more; returns whether it did."""
    changed_at = deployment.spool.changed_at(run_id)
    with deployment.sessions() as session:
        abandoned = changed_at is not None and spool_is_abandoned(session, run_id, changed_at)
    if abandoned:
        logger.warning("run %s was never taken in; its files in the spool are deleted", run_id)
        deployment.spool.discard(run_id)
    return abandoned
