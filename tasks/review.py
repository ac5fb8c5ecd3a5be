"""The review pool: verdicts, what policies make of them, and the news that follow."""

from __future__ import annotations

from janitor.announcements import ANNOUNCE, Announce, deliver
from janitor.deployment import Deployment
from janitor.review import (
    RECORD,
    SET_PUBLISH_STATUS,
    RecordVerdict,
    SetPublishStatus,
    is_superseded,
    note_change,
    reconsider,
    record_verdict,
    runs_to_reconsider,
    tell_runner,
)
from tasks.base import Work, carries, ticks

BATCH = 100  # runs that are looked at in one transaction


@carries(RECORD)
def record(work: Work[RecordVerdict]) -> None:
    """Record a reviewer's verdict on a run."""
    with work.finish() as session:
        record_verdict(session, work.ask, work.deployment.config.runner_url)


@carries(SET_PUBLISH_STATUS)
def set_publish_status(work: Work[SetPublishStatus]) -> None:
    """Tell the runner service of a publish status, unless a later verdict decided anew."""
    here = work.deployment
    with here.sessions() as session:
        superseded = is_superseded(session, work.ask)
    if superseded:
        return
    tell_runner(work.ask, here.config.runner_url)
    with work.finish() as session:
        note_change(session, work.ask)


@carries(ANNOUNCE, at_once=True)
def announce(work: Work[Announce]) -> None:
    """Publish one piece of news on its channel."""
    here = work.deployment
    with work.finish() as session:
        deliver(session, here.redis, work.ask.announcement)


@ticks("janitor.review.reconsider")
def reconsider_runs(deployment: Deployment) -> str:
    """Let publish statuses follow policies where no verdict comes: low values, lapsed approvals."""
    with deployment.sessions() as session:
        run_ids = runs_to_reconsider(session)
    changed = 0
    for start in range(0, len(run_ids), BATCH):
        with deployment.sessions.begin() as session:
            batch = run_ids[start : start + BATCH]
            changed += reconsider(session, batch, deployment.config.runner_url)
    return f"{changed} of {len(run_ids)} runs decided anew"
