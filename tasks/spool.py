"""Letting go of a run's spooled files after its last job; :mod:`tasks.upkeep` sweeps the rest."""

from __future__ import annotations

from janitor.deployment import Deployment
from janitor.runs import spool_is_done


def discard_if_done(deployment: Deployment, run_id: str) -> bool:
    """Empty a run's spool if no job needs its files; returns whether it did."""
    with deployment.sessions() as session:
        done = spool_is_done(session, run_id)
    if done:
        deployment.spool.discard(run_id)
    return done
