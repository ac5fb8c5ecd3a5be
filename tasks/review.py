"""The review pool: verdicts, and the news that follow from them."""

from __future__ import annotations

from janitor.announcements import ANNOUNCE, Announce, deliver
from janitor.review import (
    RECORD,
    SET_PUBLISH_STATUS,
    RecordVerdict,
    SetPublishStatus,
    is_superseded,
    record_verdict,
    tell_runner,
)
from tasks.base import Work, carries


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
    if not superseded:
        tell_runner(work.ask, here.config.runner_url)


@carries(ANNOUNCE)
def announce(work: Work[Announce]) -> None:
    """Publish one piece of news on its channel."""
    here = work.deployment
    with work.finish() as session:
        deliver(session, here.redis, work.ask.announcement)
