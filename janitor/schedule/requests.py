"""One place in the queue because somebody asks, or because a run has just ended."""

from __future__ import annotations

import shlex
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field
from sqlalchemy import ColumnElement, exists, select, true

from janitor.errors import Failure
from janitor.jobs import JobKind, Payload
from janitor.names import CampaignName, CodebaseName, checked_slug
from janitor.queue import Queue
from janitor.queue.new_entry import checked_command
from janitor.schedule.estimates import Scope, estimate_duration
from janitor.schedule.options import PARITY, Options
from janitor.schedule.recompute import place
from janitor.state import Conn
from janitor.state.candidate import Candidate
from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase
from janitor.state.types import QueueBucket
from janitor.storable import check_storable

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
    command: Annotated[str, AfterValidator(checked_command)] | None = None
    change_set: str | None = None
    refresh: bool = False
    requester: str | None = None


REQUEST = JobKind("janitor.schedule.request", RequestRun, key=lambda ask: ask.request)


def request_run(conn: Conn, ask: RequestRun) -> None:
    """Put what somebody asked for at the front of its bucket.

    Raises:
        Failure: the codebase or the change set is unknown, or no candidate and no command says
            what to run.
    """
    if not _is_there(conn, Codebase.name == ask.codebase):
        raise Failure(f"there is no codebase {ask.codebase}; add it before asking for runs on it")
    if ask.change_set is not None and not _is_there(conn, ChangeSet.id == ask.change_set):
        raise Failure(f"there is no change set {ask.change_set}; add it, or ask without one")
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
        change_set: the change set that the run belongs to; that of the candidate whose command
            is taken unless given.
        offset: added to the lowest priority now in the queue; -1 unless given.
        refresh: begin anew instead of going on from an earlier run.
        requester: who asks.
        estimated_duration: how long it may take; estimated unless given.
        command: what to run; the candidate's unless given.

    Returns:
        The offset, the estimated duration, the entry's id and the bucket that it is in.

    Raises:
        CandidateUnavailable: no candidate and no command says what to run.
        UnsafeName: the codebase or campaign is no name of one.
        Failure: the queue cannot have it (:meth:`janitor.queue.Queue.add`).
    """
    checked_slug(codebase, "codebase")
    checked_slug(campaign, "campaign")
    check_storable(change_set)
    offset = DEFAULT_SCHEDULE_OFFSET if offset is None else offset
    if not command:
        command, change_set = _of_candidate(conn, campaign, codebase, change_set)
    if estimated_duration is None:
        estimated_duration = estimate_duration(conn, codebase, campaign)
    queue_id, actual = Queue(conn).add(
        codebase=codebase,
        command=command,
        campaign=campaign,
        change_set=change_set,
        offset=offset,
        bucket=bucket,
        estimated_duration=estimated_duration,
        refresh=refresh,
        requester=requester,
    )
    return offset, estimated_duration, queue_id, actual


def do_schedule_control(
    conn: Conn,
    codebase: str,
    *,
    change_set: str | None = None,
    main_branch_revision: bytes | None = None,
    offset: float | None = None,
    refresh: bool = False,
    bucket: str = "control",
    requester: str | None = None,
    estimated_duration: timedelta | None = None,
) -> tuple[float, timedelta, int, str]:
    """Put a run that changes nothing in the queue, to compare others with.

    Args:
        conn: the caller's transaction.
        codebase: where to run.
        change_set: the change set that the run belongs to.
        main_branch_revision: what to build; the newest unless given.
        offset: as for :func:`do_schedule`, like all that follows.
        refresh: begin anew.
        bucket: the bucket to wait in.
        requester: who asks.
        estimated_duration: how long it may take.

    Returns:
        The offset, the estimated duration, the entry's id and the bucket that it is in.

    Raises:
        Failure: the queue cannot have it, or the revision is no text.
    """
    words = ["brz", "up"]
    if main_branch_revision is not None:
        try:
            words += [f"--revision={main_branch_revision.decode()}"]
        except UnicodeDecodeError:
            raise Failure(f"{main_branch_revision!r} is no revision: it is not UTF-8") from None
    return do_schedule(
        conn,
        "control",
        codebase,
        bucket,
        change_set=change_set,
        offset=offset,
        refresh=refresh,
        requester=requester,
        estimated_duration=estimated_duration,
        command=shlex.join(words),
    )


def schedule_next(conn: Conn, codebase: str, campaign: str, *, options: Options = PARITY) -> None:
    """Give a codebase's candidates of a campaign their next places.

    This happens in the transaction that stores a run; where there is no candidate with a
    publish policy, nothing is scheduled.

    Args:
        conn: the caller's transaction; the entry of the run is out of the queue already.
        codebase: where the run was.
        campaign: what it was for.
        options: how places are given.
    """
    place(conn, Scope([codebase], [campaign]), options=options)


def _is_there(conn: Conn, condition: ColumnElement[bool]) -> bool:
    return conn.execute(select(exists().where(condition))).scalar_one()


def _of_candidate(
    conn: Conn, campaign: str, codebase: str, change_set: str | None
) -> tuple[str, str | None]:
    """The command and change set of the candidate that fits best.

    That is the change set's own, or else the one without any; where no change set is asked
    for, one that belongs to some will do, the oldest first.
    """
    columns = Candidate.__table__.c
    own = columns.change_set.is_not_distinct_from(change_set)
    row = conn.execute(
        select(columns.command, columns.change_set)
        .where(columns.codebase == codebase, columns.suite == campaign)
        .where(true() if change_set is None else own | columns.change_set.is_(None))
        .order_by(own.desc(), columns.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        raise CandidateUnavailable(campaign, codebase)
    return row.command, row.change_set if change_set is None else change_set
