"""Giving a verdict: the one that counts, the history beside it, and what follows.

One review counts for each run and reviewer; a new one replaces it and the old one stays in
the history. What all of them come to is said by the campaign's policy (:mod:`.decision`), and
the run's publish status follows it (:mod:`.publish_status`). A verdict that sends the run back
puts it in the queue again. :mod:`.recording` does all that, for many verdicts at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from janitor.errors import Failure
from janitor.jobs import JobKind, Payload
from janitor.names import RunId
from janitor.review.recording import Ask, Recorded, Said, give_verdicts
from janitor.state import Conn


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


def record_verdicts(
    conn: Conn, asks: Sequence[RecordVerdict], runner_url: str | None
) -> list[Failure | None]:
    """Record what jobs ask; returns for each why it is refused, or None."""
    outcomes = give_verdicts(conn, [Ask(**ask.model_dump()) for ask in asks], runner_url)
    return [outcome if isinstance(outcome, Failure) else None for outcome in outcomes]


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
        VerdictRefused: there is no such run or verdict, the run has nothing that could be
            approved, or the submission is recorded with another verdict.
        CandidateUnavailable: it is to be sent back and nothing says what to run.
        InvalidPolicy: the campaign's policy was written past its check.
    """
    ask = Ask(run_id, verdict, reviewer, is_qa_reviewer, comment, submission)
    (outcome,) = give_verdicts(conn, [ask], runner_url)
    if isinstance(outcome, Failure):
        raise outcome
    return outcome
