"""One place in the queue because somebody asks, or because a run has just ended."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from sqlalchemy import select

from janitor.errors import Failure
from janitor.jobs import JobKind, Payload
from janitor.names import CampaignName, CodebaseName
from janitor.queue import Queue
from janitor.schedule.estimates import Scope, estimate_duration
from janitor.schedule.recompute import place
from janitor.state import Conn
from janitor.state.candidate import Candidate
from janitor.state.codebase import Codebase
from janitor.state.types import QueueBucket

DEFAULT_SCHEDULE_OFFSET = -1.0


class CandidateUnavailable(Failure):
    """There is no such candidate, and no command was given in its place.

    Args:
        campaign: the campaign that was asked for.
        codebase: the codebase that it was asked for.
    """

    def __init__(self, campaign: str, codebase: str) -> None:
        super().__init__(
            f"{codebase} is no candidate of campaign {campaign}; add the candidate, or give a"
            " command"
        )
        self.campaign = campaign
        self.codebase = codebase


class RequestRun(Payload):
    """Which run is asked for, and by whom; ``request`` tells one request from the next."""

    request: str = Field(min_length=1, max_length=200)
    codebase: CodebaseName
    campaign: CampaignName
    bucket: QueueBucket = "manual"
    command: str | None = Field(default=None, min_length=1)
    change_set: str | None = None
    refresh: bool = False
    requester: str | None = None


REQUEST = JobKind("janitor.schedule.request", RequestRun, key=lambda ask: ask.request)


def request_run(conn: Conn, ask: RequestRun) -> None:
    """Put what somebody asked for at the front of its bucket.

    Raises:
        Failure: the codebase is unknown, or no candidate and no command says what to run.
    """
    known = conn.execute(select(Codebase.__table__.c.name).where(Codebase.name == ask.codebase))
    if known.one_or_none() is None:
        raise Failure(f"there is no codebase {ask.codebase}; add it before asking for runs on it")
    do_schedule(
        conn,
        ask.campaign,
        ask.codebase,
        ask.bucket,
        change_set=ask.change_set,
        refresh=ask.refresh,
        requester=ask.requester,
        command=ask.command,
    )


def do_schedule(
    conn: Conn,
    campaign: str,
    codebase: str,
    bucket: str,
    *,
    change_set: str | None = None,
    offset: float | None = None,
    refresh: bool = False,
    requester: str | None = None,
    estimated_duration: timedelta | None = None,
    command: str | None = None,
) -> tuple[float, timedelta, int, str]:
    """Put one run in the queue, by default at the front of its bucket.

    Args:
        conn: the caller's transaction.
        campaign: what for.
        codebase: where to run.
        bucket: the bucket to wait in.
        change_set: the change set that the run belongs to.
        offset: added to the lowest priority now in the queue; -1 unless given.
        refresh: begin anew instead of going on from an earlier run.
        requester: who asks.
        estimated_duration: how long it may take; estimated unless given.
        command: what to run; the candidate's unless given.

    Returns:
        The offset, the estimated duration, the entry's id and the bucket that it is in.

    Raises:
        CandidateUnavailable: no candidate and no command says what to run.
    """
    offset = DEFAULT_SCHEDULE_OFFSET if offset is None else offset
    command = command or _command_of(conn, campaign, codebase, change_set)
    duration = estimated_duration or estimate_duration(conn, codebase, campaign)
    queue_id, actual = Queue(conn).add(
        codebase=codebase,
        command=command,
        campaign=campaign,
        change_set=change_set,
        offset=offset,
        bucket=bucket,
        estimated_duration=duration,
        refresh=refresh,
        requester=requester,
    )
    return offset, duration, queue_id, actual


def schedule_next(conn: Conn, codebase: str, campaign: str) -> None:
    """Give a codebase's candidates of a campaign their next places.

    This happens in the transaction that stores a run; where there is no candidate with a
    publish policy, nothing is scheduled.

    Args:
        conn: the caller's transaction; the entry of the run is out of the queue already.
        codebase: where the run was.
        campaign: what it was for.
    """
    place(conn, Scope([codebase], [campaign]))


def _command_of(conn: Conn, campaign: str, codebase: str, change_set: str | None) -> str:
    """The command of the change set's own candidate, or else of the one without any."""
    command = conn.execute(
        select(Candidate.__table__.c.command)
        .where(Candidate.codebase == codebase, Candidate.suite == campaign)
        .where((Candidate.change_set == change_set) | Candidate.change_set.is_(None))
        .order_by(Candidate.change_set.is_(None))
        .limit(1)
    ).scalar_one_or_none()
    if command is None:
        raise CandidateUnavailable(campaign, codebase)
    return str(command)
