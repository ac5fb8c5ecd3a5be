"""The review pool: verdicts, what policies make of them, and the news that follow."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy.orm import Session

from janitor.announcements import ANNOUNCE, Announce, deliver
from janitor.deployment import Deployment
from janitor.errors import Failure
from janitor.review import (
    RECORD,
    SET_PUBLISH_STATUS,
    RecordVerdict,
    SetPublishStatus,
    follow_up,
    is_superseded,
    note_change,
    one_at_a_time,
    reconsider,
    record_verdicts,
    runs_to_reconsider,
    tell_runner,
)
from janitor.review.policy import InvalidPolicy
from tasks.base import Work, ticks
from tasks.together import carries_together
from tasks.turn import carries_in_turn

logger = logging.getLogger(__name__)

BATCH = 100  # runs that are looked at in one transaction


@carries_together(RECORD, most=50)
def record(
    session: Session, here: Deployment, asks: Sequence[RecordVerdict]
) -> Sequence[Failure | None]:
    """Record reviewers' verdicts on runs."""
    return record_verdicts(session, asks, here.config.runner_url)


@carries_in_turn(SET_PUBLISH_STATUS)
def set_publish_status(work: Work[SetPublishStatus]) -> None:
    """Tell the runner service of a publish status, unless a later verdict decided anew."""
    here = work.deployment
    with one_at_a_time(here.engine, work.ask.run_id):
        with here.sessions() as session:
            superseded = is_superseded(session, work.ask)
        if superseded:
            # An answer of the runner to an earlier attempt may have been lost.
            with work.finish() as session:
                follow_up(session, work.ask, here.config.runner_url, told=False)
            return
        tell_runner(work.ask, here.config.runner_url)
        with work.finish() as session:
            note_change(session, work.ask)
            follow_up(session, work.ask, here.config.runner_url)


@carries_together(ANNOUNCE, most=200, at_once=True)
def announce(
    session: Session, here: Deployment, asks: Sequence[Announce]
) -> Sequence[Failure | None]:
    """Publish news on their channels."""
    return deliver(session, here.redis, [ask.announcement for ask in asks])


@ticks("janitor.review.reconsider")
def reconsider_runs(deployment: Deployment) -> str:
    """Let publish statuses follow policies where no verdict comes: low values, lapsed approvals."""
    with deployment.sessions() as session:
        run_ids = runs_to_reconsider(session)
    batches = [run_ids[start : start + BATCH] for start in range(0, len(run_ids), BATCH)]
    changed = sum(_reconsider(deployment, batch) for batch in batches)
    return f"{changed} of {len(run_ids)} runs decided anew"


def _reconsider(deployment: Deployment, run_ids: Sequence[str]) -> int:
    try:
        with deployment.sessions.begin() as session:
            return reconsider(session, run_ids, deployment.config.runner_url)
    except InvalidPolicy as error:  # of one campaign: the runs of others are decided all the same
        if len(run_ids) == 1:
            logger.warning("run %s is not decided anew: %s", run_ids[0], error)
            return 0
    return sum(_reconsider(deployment, [run_id]) for run_id in run_ids)
