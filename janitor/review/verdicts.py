"""Recording a verdict: the one that counts, the history beside it, and what follows.

One review counts for each run and reviewer; a new one replaces it and the old one stays in
the history. What all of them come to is said by the campaign's policy (:mod:`.decision`), and
the run's publish status follows it (:mod:`.publish_status`). A verdict that sends the run back
puts it in the queue again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import Field
from sqlalchemy import Row, text

from janitor.errors import Failure
from janitor.jobs import JobKind, Payload
from janitor.names import RunId
from janitor.notifications import notify
from janitor.review.considered import Considered, consider
from janitor.review.decision import Decision, Given
from janitor.review.publish_status import Cause, follow
from janitor.schedule import do_schedule
from janitor.state import Conn
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


@dataclass(frozen=True)
class Recorded:
    """What became of a verdict.

    Args:
        verdict_id: its number in the history.
        decision: what the verdicts on the run come to with it.
        warning: what the reviewer should be told beside that.
    """

    verdict_id: int
    decision: Decision
    warning: str | None


def record_verdict(conn: Conn, ask: RecordVerdict, runner_url: str | None) -> Recorded | None:
    """Record what a job asks; see :func:`give_verdict`."""
    return give_verdict(
        conn,
        ask.run_id,
        ask.verdict,
        reviewer=ask.reviewer,
        is_qa_reviewer=ask.is_qa_reviewer,
        comment=ask.comment,
        submission=ask.submission,
        runner_url=runner_url,
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
    """Record a reviewer's verdict on a run; :func:`give_verdict` also says what became of it.

    Args:
        conn: the caller's transaction.
        session: not used: the runner is told by a job, after commit.
        runner_url: the runner service, if publish statuses are its to change.
        run_id: the run.
        verdict: as for :func:`give_verdict`, like all that follows, and what it raises.
        comment: what the reviewer says.
        reviewer: who.
        is_qa_reviewer: whether the reviewer is one of quality assurance.
        submission: what tells a repeated request from a new verdict, if the caller knows.
    """
    give_verdict(
        conn,
        run_id,
        verdict,
        reviewer=reviewer,
        is_qa_reviewer=is_qa_reviewer,
        comment=comment,
        submission=submission,
        runner_url=runner_url,
    )


def give_verdict(
    conn: Conn,
    run_id: str,
    verdict: Said,
    *,
    reviewer: str,
    is_qa_reviewer: bool,
    comment: str | None = None,
    submission: str | None = None,
    runner_url: str | None = None,
) -> Recorded | None:
    """Record a reviewer's verdict on a run, and do what follows from it.

    A verdict on a run that a newer one replaced is recorded like any other, with a warning: it
    is what the reviewer says of that run, and today's services take it too.

    Args:
        conn: the caller's transaction.
        run_id: the run.
        verdict: approved, rejected or abstained; ``reschedule`` is a rejection that also puts
            the codebase back in the queue.
        reviewer: who.
        is_qa_reviewer: whether the reviewer is one of quality assurance.
        comment: what the reviewer says.
        submission: what tells a repeated request from a new verdict, if the caller knows.
        runner_url: the runner service, if publish statuses are its to change.

    Returns:
        What became of it, or None where this submission is recorded already.

    Raises:
        VerdictRefused: there is no such run or verdict, or the run has nothing that could be
            approved.
        CandidateUnavailable: it is to be sent back and nothing says what to run.
        InvalidPolicy: the campaign's policy was written past its check.
    """
    run = _reviewable(conn, run_id, verdict)
    kept: Verdict = "rejected" if verdict in SENT_BACK else verdict  # type: ignore[assignment]  # what is left of Said
    (considered,) = consider(conn, [run_id])  # after the lock: no verdict is given meanwhile
    warning = _warning(considered)
    row = {
        "run_id": run_id,
        "reviewer": reviewer,
        "verdict": kept,
        "comment": comment,
        "qa_reviewer": is_qa_reviewer,
        "submission": submission,
        "warning": warning,
    }
    verdict_id = conn.execute(_RECORD, row).scalar_one_or_none()
    if verdict_id is None:
        return None
    decision = considered.decide(Given(reviewer, kept, is_qa_reviewer))
    notify(
        conn,
        f"verdict.{kept}",
        run_id=run_id,
        verdict=verdict,
        reviewer=reviewer,
        comment=comment,
        why=decision.why,
    )
    follow(conn, considered, decision, Cause(reviewer, decision.why, verdict_id), runner_url)
    if verdict in SENT_BACK:
        _send_back(conn, run, reviewer)
    return Recorded(verdict_id, decision, warning)


def _warning(run: Considered) -> str | None:
    newer = run.facts.replaced_by
    if newer is None:
        return None
    return (
        f"run {run.run_id} was replaced by run {newer}, which has another result: the verdict is"
        " recorded, but it is the newer run that waits to be published"
    )


def _reviewable(conn: Conn, run_id: str, verdict: Said) -> _Reviewed:
    """The run, locked, so that verdicts on it come one after the other."""
    if verdict not in get_args(Said):  # callers in the field pass what a form says
        raise VerdictRefused(f"{verdict!r} is no verdict; there are {', '.join(get_args(Said))}")
    run = conn.execute(_LOCK, {"run_id": run_id}).one_or_none()
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


# Plain SQL: somebody waits for a verdict, and building these anew each time would take longer than
# the database does.
_LOCK = text("""
SELECT codebase, suite, change_set, revision FROM run WHERE id = :run_id FOR NO KEY UPDATE
""")

_RECORD = text("""
WITH given AS (
    INSERT INTO review_history
        (run_id, reviewer, verdict, comment, qa_reviewer, submission, warning)
    VALUES (:run_id, :reviewer, :verdict, :comment, :qa_reviewer, :submission, :warning)
    ON CONFLICT (run_id, reviewer, submission) DO NOTHING
    RETURNING id, run_id, reviewer, verdict, comment
), counting AS (
    INSERT INTO review (run_id, reviewer, verdict, comment)
    SELECT run_id, reviewer, verdict, comment FROM given
    ON CONFLICT (run_id, reviewer) DO UPDATE SET
        verdict = excluded.verdict, comment = excluded.comment, reviewed_at = now()
), looked_at AS (
    DELETE FROM review_claim WHERE run_id = :run_id AND reviewer = :reviewer
)
SELECT id FROM given
""")
