"""Recording a verdict: the one that counts, the history beside it, and what follows.

One review counts for each run and reviewer; a new one replaces it and the old one stays in
the history. A verdict of a QA reviewer changes the run's publish status
(:mod:`.publish_status`); one that sends the run back puts it in the queue again.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field
from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from janitor.errors import Failure
from janitor.jobs import JobKind, Payload
from janitor.names import RunId
from janitor.review.publish_status import change_publish_status
from janitor.schedule import do_schedule
from janitor.state import Conn
from janitor.state.review import ReviewHistory, ReviewRow
from janitor.state.run import RunRow
from janitor.state.types import Verdict

Said = Literal["approved", "rejected", "abstained", "reschedule", "rescheduled"]
_Reviewed = Row[str, str, str, str | None]  # codebase, campaign, change set, revision
SENT_BACK = {"reschedule", "rescheduled"}  # a form in the field uses the second spelling


class VerdictRefused(Failure):
    """A verdict that cannot be given on that run."""


class RecordVerdict(Payload):
    """A verdict as it was given; ``submission`` tells a repeated message from a new verdict."""

    run_id: RunId
    verdict: Said
    reviewer: str = Field(min_length=1, max_length=200)
    comment: str | None = None
    is_qa_reviewer: bool = False
    submission: str = Field(min_length=1, max_length=200)


RECORD = JobKind(
    "janitor.review.record",
    RecordVerdict,
    key=lambda ask: f"{ask.run_id}/{ask.reviewer}/{ask.submission}",
)


def record_verdict(conn: Conn, ask: RecordVerdict, runner_url: str | None) -> None:
    """Record what a job asks; see :func:`store_review`."""
    store_review(
        conn,
        None,
        runner_url,
        ask.run_id,
        ask.verdict,
        ask.comment,
        ask.reviewer,
        ask.is_qa_reviewer,
        submission=ask.submission,
    )


def store_review(  # noqa: PLR0917 - callers in the field give them by position
    conn: Conn,
    session: object,  # noqa: ARG001 - callers in the field pass their HTTP session
    runner_url: str | None,
    run_id: str,
    verdict: Said,
    comment: str | None,
    reviewer: str,
    is_qa_reviewer: bool,
    *,
    submission: str | None = None,
) -> None:
    """Record a reviewer's verdict on a run.

    Args:
        conn: the caller's transaction.
        session: not used: the runner is told by a job, after commit.
        runner_url: the runner service, if publish statuses are its to change.
        run_id: the run.
        verdict: approved, rejected or abstained; ``reschedule`` is a rejection that also puts
            the codebase back in the queue.
        comment: what the reviewer says.
        reviewer: who.
        is_qa_reviewer: whether the verdict decides on publishing.
        submission: what tells a repeated request from a new verdict, if the caller knows.

    Raises:
        VerdictRefused: there is no such run or verdict, or the run has nothing that could be
            approved.
        CandidateUnavailable: it is to be sent back and nothing says what to run.
    """
    run = _reviewable(conn, run_id, verdict)
    kept: Verdict = "rejected" if verdict in SENT_BACK else verdict  # type: ignore[assignment]  # what is left of Said
    row = {"run_id": run_id, "reviewer": reviewer, "verdict": kept, "comment": comment}
    history_id = conn.execute(
        insert(ReviewHistory)
        .values(**row, qa_reviewer=is_qa_reviewer, submission=submission)
        .on_conflict_do_nothing(index_elements=["run_id", "reviewer", "submission"])
        .returning(ReviewHistory.id)
    ).scalar_one_or_none()
    if history_id is None:
        return
    conn.execute(
        insert(ReviewRow)
        .values(**row)
        .on_conflict_do_update(
            index_elements=["run_id", "reviewer"],
            set_={"verdict": kept, "comment": comment, "reviewed_at": func.now()},
        )
    )
    if is_qa_reviewer and kept != "abstained":
        change_publish_status(conn, run_id, kept, runner_url, because=history_id)
    if verdict in SENT_BACK:
        _send_back(conn, run, reviewer)


def _reviewable(conn: Conn, run_id: str, verdict: Said) -> _Reviewed:
    """The run, locked, so that verdicts on it come one after the other."""
    if verdict not in get_args(Said):  # callers in the field pass what a form says
        raise VerdictRefused(f"{verdict!r} is no verdict; there are {', '.join(get_args(Said))}")
    run = conn.execute(
        select(RunRow.codebase, RunRow.suite, RunRow.change_set, RunRow.revision)
        .where(RunRow.id == run_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if run is None:
        raise VerdictRefused(f"there is no run {run_id}, so there can be no verdict on it")
    if verdict == "approved" and run.revision is None:
        raise VerdictRefused(
            f"run {run_id} can't be approved: it has no revision that could be published"
        )
    return run


def _send_back(conn: Conn, run: _Reviewed, reviewer: str) -> None:
    do_schedule(
        conn,
        run.suite,
        run.codebase,
        "default",
        change_set=run.change_set,
        refresh=True,
        requester=f"reviewer ({reviewer})",
    )
