"""A verdict is recorded once, and has the consequences that it must have and no others."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.review import RECORD, RecordVerdict, record_verdicts, store_review
from janitor.review.recording import Said, VerdictRefused
from janitor.schedule import CandidateUnavailable
from janitor.state.announcement import AnnouncementRow
from janitor.state.candidate import Candidate
from janitor.state.job import JobRow
from janitor.state.queue import QueueEntry
from janitor.state.review import ReviewHistory, ReviewRow
from janitor.state.run import RunRow
from tests.integration.review.scenario import CAMPAIGN, CODEBASE, COMMAND, add_run

RUNNER = "http://runner.example.com/"


@pytest.fixture
def house(reviewed_house: Session) -> Session:
    """One run, ``r1``, that needs a review; the queue is empty."""
    add_run(reviewed_house, "r1")
    reviewed_house.commit()
    return reviewed_house


def judge(
    session: Session,
    verdict: Said,
    reviewer: str = "ada",
    *,
    run_id: str = "r1",
    qa: bool = True,
    runner: str | None = None,
    comment: str | None = None,
    **more: Any,
) -> None:
    with session.begin():
        store_review(session, None, runner, run_id, verdict, comment, reviewer, qa, **more)


def status(session: Session, run_id: str = "r1") -> str:
    with session.begin():
        return session.scalars(select(RunRow.publish_status).where(RunRow.id == run_id)).one()


def counting(session: Session) -> list[tuple[str | None, str, str | None]]:
    with session.begin():
        rows = session.scalars(select(ReviewRow).order_by(ReviewRow.reviewer))
        return [(row.reviewer, row.verdict, row.comment) for row in rows]


def news(session: Session) -> list[tuple[str, Any]]:
    with session.begin():
        told = select(AnnouncementRow.channel, AnnouncementRow.message).order_by(AnnouncementRow.id)
        return [(channel, message) for channel, message in session.execute(told)]


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
def test_a_verdict_of_a_qa_reviewer_becomes_the_publish_status(
    house: Session, verdict: Said
) -> None:
    judge(house, verdict, comment="I looked")
    assert counting(house) == [("ada", verdict, "I looked")]
    assert status(house) == verdict
    assert news(house) == [
        (
            "publish-status",
            {
                "codebase": CODEBASE,
                "run_id": "r1",
                "publish_status": verdict,
                "campaign": CAMPAIGN,
            },
        )
    ]
    assert house.scalars(select(QueueEntry)).all() == []


@pytest.mark.parametrize(("verdict", "qa"), [("approved", False), ("abstained", True)])
def test_who_does_not_decide_changes_no_status(house: Session, verdict: Said, qa: bool) -> None:
    judge(house, verdict, qa=qa)
    judge(house, verdict, "bob", qa=qa, runner=RUNNER)
    assert counting(house) == [("ada", verdict, None), ("bob", verdict, None)]
    assert status(house) == "needs-manual-review"
    assert news(house) == []
    assert house.scalars(select(JobRow)).all() == []


@pytest.mark.parametrize("verdict", ["reschedule", "rescheduled"])
def test_a_run_that_is_sent_back_is_rejected_and_queued_again(
    house: Session, verdict: Said
) -> None:
    judge(house, verdict, comment="Again, please")
    assert counting(house) == [("ada", "rejected", "Again, please")]
    assert status(house) == "rejected"
    entry = house.scalars(select(QueueEntry)).one()
    assert (entry.codebase, entry.suite, entry.command) == (CODEBASE, CAMPAIGN, COMMAND)
    assert (entry.bucket, entry.refresh, entry.priority) == ("default", True, -1)
    assert (entry.requester, entry.change_set) == ("reviewer (ada)", "r1")
    assert entry.estimated_duration is not None


def test_anybody_may_send_a_run_back(house: Session) -> None:
    judge(house, "reschedule", "bob", qa=False)
    assert status(house) == "needs-manual-review"
    assert house.scalars(select(QueueEntry.requester)).all() == ["reviewer (bob)"]


def test_what_nothing_says_how_to_run_is_not_sent_back(house: Session) -> None:
    house.execute(delete(Candidate))
    house.commit()
    with pytest.raises(CandidateUnavailable, match=f"{CODEBASE} is no candidate"):
        judge(house, "reschedule")
    assert counting(house) == []
    assert status(house) == "needs-manual-review"


def test_a_new_verdict_replaces_the_old_one_which_stays_in_the_history(house: Session) -> None:
    judge(house, "approved", comment="fine")
    judge(house, "rejected", "bob", qa=False)
    before = house.scalars(select(ReviewRow.reviewed_at).where(ReviewRow.reviewer == "ada")).one()
    house.rollback()
    judge(house, "rejected", comment="on second thoughts")
    assert counting(house) == [("ada", "rejected", "on second thoughts"), ("bob", "rejected", None)]
    assert status(house) == "rejected"
    after = house.scalars(select(ReviewRow.reviewed_at).where(ReviewRow.reviewer == "ada")).one()
    assert after > before
    history = house.scalars(select(ReviewHistory).order_by(ReviewHistory.id)).all()
    assert [(h.run_id, h.reviewer, h.verdict, h.comment, h.qa_reviewer) for h in history] == [
        ("r1", "ada", "approved", "fine", True),
        ("r1", "bob", "rejected", None, False),
        ("r1", "ada", "rejected", "on second thoughts", True),
    ]


def test_the_same_submission_twice_is_recorded_once(house: Session) -> None:
    ask = RecordVerdict(
        run_id="r1", verdict="approved", reviewer="ada", is_qa_reviewer=True, submission="form-1"
    )
    later = ask.model_copy(update={"verdict": "rejected", "submission": "form-2"})
    for each in (ask, later, ask):
        assert record_verdicts(house, [each], None) == [None]
        house.commit()
    assert status(house) == "rejected", "the repeated first one does not undo the second"
    assert house.scalars(select(ReviewHistory.verdict).order_by(ReviewHistory.id)).all() == [
        "approved",
        "rejected",
    ]
    assert [message["publish_status"] for _, message in _again(house)] == ["approved", "rejected"]


def test_a_submission_with_another_verdict_is_told(house: Session) -> None:
    add_run(house, "r2", "hello-2")
    house.commit()
    judge(house, "approved", submission="form 1")
    with pytest.raises(VerdictRefused, match="submission 'form 1' of ada is recorded as approved"):
        judge(house, "rejected", submission="form 1")
    assert status(house) == "approved"


def test_a_submission_is_one_reviewers_on_one_run(house: Session) -> None:
    add_run(house, "r2", "hello-2")
    house.commit()
    for run_id, reviewer in (("r1", "ada"), ("r1", "bob"), ("r2", "ada")):
        judge(house, "approved", reviewer, run_id=run_id, submission="1")
    assert len(counting(house)) == 3


def test_what_has_no_revision_is_not_approved(house: Session) -> None:
    add_run(house, "r2", "hello-2", revision=None)
    house.commit()
    with pytest.raises(VerdictRefused, match="run r2 can't be approved: it has no revision"):
        judge(house, "approved", run_id="r2")
    assert counting(house) == []
    judge(house, "rejected", run_id="r2")
    assert status(house, "r2") == "rejected"


@pytest.mark.parametrize(
    ("run_id", "comment", "reviewer", "told"),
    [
        ("r1", "a\0b", "ada", "can't be kept: a NUL"),
        ("r1", "\udcff", "ada", "can't be kept"),
        ("r\0", None, "ada", "can't be kept"),
        ("\udcff", None, "ada", "can't be kept"),
        ("r1", None, "a\0", "can't be kept"),
        ("r1", None, " ", "the reviewer is empty"),
    ],
)
def test_what_can_not_be_kept_is_told_before_anything_changes(
    house: Session, run_id: str, comment: str | None, reviewer: str, told: str
) -> None:
    with pytest.raises(VerdictRefused, match=told):
        judge(house, "rejected", run_id=run_id, comment=comment, reviewer=reviewer)
    assert counting(house) == []
    assert status(house, "r1") == "needs-manual-review"


def test_a_run_that_there_is_not_can_not_be_judged(house: Session) -> None:
    with pytest.raises(VerdictRefused, match="there is no run r9"):
        judge(house, "rejected", run_id="r9")


def test_what_is_no_verdict_is_refused(house: Session) -> None:
    with pytest.raises(VerdictRefused, match="'splendid' is no verdict; there are approved, "):
        judge(house, "splendid")  # type: ignore[arg-type]  # what a form may say


def test_a_message_that_the_database_would_refuse_is_refused_by_field() -> None:
    good = {"run_id": "r1", "verdict": "approved", "reviewer": "ada", "submission": "1"}
    for field, value in (("comment", "a\0b"), ("reviewer", "\0"), ("verdict", "splendid")):
        with pytest.raises(Failure, match=f"janitor.review.record: {field}: "):
            RECORD.read(good | {field: value})


def test_where_there_is_a_runner_it_is_asked_and_the_row_is_left_alone(house: Session) -> None:
    judge(house, "approved", runner=RUNNER)
    judge(house, "rejected", runner=RUNNER)
    assert status(house) == "needs-manual-review"
    assert news(house) == [], "the runner tells of what it changes"
    jobs = house.scalars(select(JobRow).order_by(JobRow.id)).all()
    history = house.scalars(select(ReviewHistory.id).order_by(ReviewHistory.id)).all()
    assert {job.kind for job in jobs} == {"janitor.review.set_publish_status"}
    assert [job.payload for job in jobs] == [
        {
            "run_id": "r1",
            "publish_status": verdict,
            "because": number,
            "since": 1,
            "actor": "ada",
            "why": f"{verdict} by ada",
        }
        for verdict, number in zip(("approved", "rejected"), history, strict=True)
    ]
    assert {job.run_id for job in jobs} == {None}, "the run's spool need not wait for it"


def test_a_verdict_that_is_rolled_back_leaves_nothing(house: Session) -> None:
    store_review(house, None, RUNNER, "r1", "reschedule", None, "ada", True)
    house.rollback()
    for table in (ReviewRow, ReviewHistory, JobRow, QueueEntry, AnnouncementRow):
        assert house.scalars(select(table)).all() == []


def _again(session: Session) -> list[tuple[str, Any]]:
    session.rollback()
    return news(session)
