"""Storing a run that a worker handed in, whole or not at all, and asking for what follows.

The run's claim in the queue (:mod:`janitor.queue`) is the permission: its ``claim_id`` is
the run's id, and a result whose claim was lost is refused by name. One transaction stores
the change set, the run and its result branches, takes the item out of the queue, gives the
candidate its next place, asks for logs, artifacts and diffs, and announces the news.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from janitor.artifacts.upload import UPLOAD, UploadArtifacts
from janitor.errors import Failure
from janitor.jobs import JobKind, Payload, submit
from janitor.logs.ingest import INGEST, IngestLog
from janitor.logs.naming import is_log_filename
from janitor.names import RunId
from janitor.queue import ClaimLost, Queue
from janitor.runs.change_set import change_set_of
from janitor.runs.news import announce_run
from janitor.runs.result import CONTINUED, SUCCESS, InvalidResult, RunResult
from janitor.schedule import PARITY, Options, schedule_next
from janitor.spool import Spool
from janitor.state import Conn
from janitor.state.candidate import Candidate
from janitor.state.job import JobRow
from janitor.state.queue import QueueEntry
from janitor.state.run import ResultBranch, ResultTag, RunRow
from janitor.state.worker import Worker
from janitor.vcs.branches.publishing import PUBLISH, PublishRun
from janitor.vcs.run_diff import DIFF, MakeDiff

RESULT_FILE = "result.json"
LONGEST_RESULT = 16 * 1024 * 1024  # bytes; a result.json beyond this is not one
TIME_TO_TAKE_IN = timedelta(hours=1)  # how long a result that was handed in may wait for us
DIFFABLE = ("git", "bzr")


class FinishRun(Payload):
    """Which run to take in from the spool."""

    run_id: RunId


def _let_claim_run_out(conn: Conn, ask: FinishRun, _reason: str) -> None:
    """A result was refused, so the item is to be done anew, and soon."""
    Queue(conn).let_run_out(ask.run_id)


FINISH = JobKind(
    "janitor.schedule.finish",
    FinishRun,
    key=lambda ask: ask.run_id,
    run=lambda ask: ask.run_id,
    when_failed=_let_claim_run_out,
)

_SPOOLED = (FINISH.name, INGEST.name, UPLOAD.name)  # the jobs that read the spool


@dataclass(frozen=True)
class HandedIn:
    """What lies in the spool for a run."""

    result: RunResult
    logs: tuple[str, ...]
    artifacts: tuple[str, ...]


def hand_in(conn: Conn, run_id: str) -> None:
    """Ask for a run to be taken in; its files are complete in the spool already.

    The claim lasts on for a while without heartbeats: a result that came in time is not lost
    because the pool is busy. Safe to repeat.

    Args:
        conn: the caller's transaction.
        run_id: the claim's id, which names the run's directory in the spool.

    Raises:
        ClaimLost: the claim is gone; the result came too late.
    """
    _, new = submit(conn, FINISH, FinishRun(run_id=run_id))
    if new:
        Queue(conn).heartbeat(run_id, TIME_TO_TAKE_IN)


def read_handed_in(spool: Spool, run_id: str) -> HandedIn:
    """Read what a worker left in the spool for a run.

    Raises:
        InvalidResult: ``result.json`` is missing or can't be taken in.
    """
    names = spool.files(run_id)
    if RESULT_FILE not in names:
        raise InvalidResult(
            f"run {run_id}: there is no {RESULT_FILE} in the spool; write it before handing in"
        )
    file, status = spool.open(run_id, RESULT_FILE)
    with file:
        if status.st_size > LONGEST_RESULT:
            raise InvalidResult(
                f"run {run_id}: {RESULT_FILE} has {status.st_size} bytes; {LONGEST_RESULT} is"
                " the most"
            )
        result = RunResult.read(file.read(), f"run {run_id}")
    logs = tuple(name for name in names if is_log_filename(name))
    others = (name for name in names if name != RESULT_FILE and not is_log_filename(name))
    return HandedIn(result, logs, tuple(others))


def store_run(conn: Conn, run_id: str, handed_in: HandedIn, *, options: Options = PARITY) -> bool:
    """Store a run and everything that follows from it, in the caller's transaction.

    Args:
        conn: the transaction; nothing is stored unless it commits.
        run_id: the claim's id.
        handed_in: what the worker left.
        options: how the candidate's next place is given.

    Returns:
        False where the run is stored already.

    Raises:
        ClaimLost: the run's claim on its queue item is gone.
        Failure: the result contradicts the item, or what the database knows.
    """
    item = _claimed_item(conn, run_id)
    if item is None:
        if _is_stored(conn, run_id, handed_in.result):
            return False
        raise ClaimLost(
            f"run {run_id}: its claim on the queue is gone (expired and given to somebody else"
            " or given up, or never given); the result is not stored"
        )
    _check_belongs(conn, run_id, item, handed_in.result)
    change_set = change_set_of(conn, item, run_id)
    _insert_run(conn, run_id, item, handed_in, change_set)
    _insert_branches(conn, run_id, handed_in.result)
    conn.execute(delete(QueueEntry).where(QueueEntry.claim_id == run_id))
    schedule_next(conn, item.codebase, item.suite, options=options)
    _ask_for_what_follows(conn, run_id, item, handed_in)
    announce_run(conn, run_id)
    return True


def spool_is_done(conn: Conn, run_id: str) -> bool:
    """Return whether a run is stored and no job needs its spooled files any more.

    A job that failed keeps them: the spool may be the only place where they are.
    """
    stored = exists().where(RunRow.id == run_id)
    needed = exists().where(
        JobRow.run_id == run_id, JobRow.kind.in_(_SPOOLED), JobRow.state != "done"
    )
    return bool(conn.execute(select(stored & ~needed)).scalar_one())


def _claimed_item(conn: Conn, run_id: str) -> Row[Any] | None:
    columns = QueueEntry.__table__.c
    item: Row[Any] | None = conn.execute(
        select(*columns).where(columns.claim_id == run_id).with_for_update()
    ).one_or_none()
    return item


def _is_stored(conn: Conn, run_id: str, result: RunResult) -> bool:
    """Whether it is this result that is stored: a run that was given up has other times."""
    this = exists().where(
        RunRow.id == run_id,
        RunRow.start_time == result.start_time,
        RunRow.finish_time == result.finish_time,
    )
    return bool(conn.execute(select(this)).scalar_one())


def _check_belongs(conn: Conn, run_id: str, item: Row[Any], result: RunResult) -> None:
    if result.queue_id is not None and result.queue_id != item.id:
        raise ClaimLost(
            f"run {run_id}: the result speaks of queue item {result.queue_id}, the claim is on"
            f" item {item.id}"
        )
    if result.codebase is not None and result.codebase != item.codebase:
        raise Failure(
            f"run {run_id}: the result speaks of codebase {result.codebase}, the claim is on"
            f" {item.codebase}"
        )
    worker = result.worker_name or item.claimed_by
    if not conn.execute(select(exists().where(Worker.name == worker))).scalar_one():
        raise Failure(f"run {run_id}: there is no worker {worker!r}; add it to the table worker")


def _insert_run(
    conn: Conn, run_id: str, item: Row[Any], handed_in: HandedIn, change_set: str
) -> None:
    result = handed_in.result
    resumed = _resumed_from(conn, item, result)
    if result.result_code == CONTINUED and resumed is None:
        raise Failure(
            f"run {run_id}: {CONTINUED} continues an earlier success of {item.codebase} in"
            f" {item.suite}, and there is none"
        )
    worker = result.worker_name or item.claimed_by
    conn.execute(
        insert(RunRow).values(
            id=run_id,
            command=item.command,
            description=result.description,
            start_time=result.start_time,
            finish_time=result.finish_time,
            result_code=result.result_code,
            instigated_context=item.context,
            context=result.context,
            main_branch_revision=result.main_branch_revision,
            revision=result.revision,
            result=result.codemod,
            suite=item.suite,
            vcs_type=result.vcs_type,
            branch_url=result.branch_url,
            logfilenames=list(handed_in.logs),
            publish_status=_publish_status(conn, item, result),
            value=result.value,
            worker=worker,
            worker_link=select(Worker.link).where(Worker.name == worker).scalar_subquery(),
            result_tags=[ResultTag(tag.name, tag.revision) for tag in result.tags],
            subpath=result.subpath,
            failure_stage=result.failure_stage,
            failure_details=result.failure_details,
            target_branch_url=result.target_branch_url,
            failure_transient=result.transient,
            resume_from=resumed,
            change_set=change_set,
            codebase=item.codebase,
        )
    )


def _resumed_from(conn: Conn, item: Row[Any], result: RunResult) -> str | None:
    """The run that this one went on from: the last unabsorbed success, unless it began anew.

    Not by way of ``last_run``: a failure in between does not take away what a worker goes on
    from, the campaign's branch.
    """
    if result.refreshed:
        return None
    unabsorbed = exists().where(
        ResultBranch.run_id == RunRow.id, ResultBranch.absorbed.is_not(True)
    )
    found: str | None = conn.execute(
        select(RunRow.id)
        .where(RunRow.codebase == item.codebase, RunRow.suite == item.suite)
        .where(RunRow.result_code == SUCCESS, unabsorbed)
        .order_by(RunRow.start_time.desc(), RunRow.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return found


def _publish_status(conn: Conn, item: Row[Any], result: RunResult) -> str:
    """A success that a publish policy waits for needs a review; nothing else does."""
    # A run that was sent back has a change set of its own, and its candidate often none.
    awaited = (
        exists()
        .where(Candidate.codebase == item.codebase, Candidate.suite == item.suite)
        .where((Candidate.change_set == item.change_set) | Candidate.change_set.is_(None))
        .where(Candidate.publish_policy.is_not(None))
    )
    if result.result_code != SUCCESS or result.revision is None:
        return "unknown"
    return "needs-manual-review" if conn.execute(select(awaited)).scalar_one() else "unknown"


def _insert_branches(conn: Conn, run_id: str, result: RunResult) -> None:
    if result.branches:
        rows = [{"run_id": run_id, **branch._asdict()} for branch in result.branches]
        conn.execute(insert(ResultBranch).values(rows))


def _ask_for_what_follows(conn: Conn, run_id: str, item: Row[Any], handed_in: HandedIn) -> None:
    for name in handed_in.logs:
        submit(conn, INGEST, IngestLog(run_id=run_id, codebase=item.codebase, name=name))
    if handed_in.artifacts:
        submit(conn, UPLOAD, UploadArtifacts(run_id=run_id, names=list(handed_in.artifacts)))
    if handed_in.result.vcs_type in DIFFABLE:
        if any(branch.revision for branch in handed_in.result.branches):
            submit(conn, PUBLISH, PublishRun(run_id=run_id))
        for branch in handed_in.result.branches:
            if branch.base_revision and branch.revision:
                submit(conn, DIFF, MakeDiff(run_id=run_id, role=branch.role))
