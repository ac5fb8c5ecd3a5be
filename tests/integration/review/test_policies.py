"""Publish statuses follow the policies of campaigns; verdicts are told what came of them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from janitor.config import Config
from janitor.deployment import Deployment
from janitor.review import give_verdict, reconsider, runs_to_reconsider
from janitor.review.campaign_policy import kept_policies, policy_of, set_policy, unset_policy
from janitor.review.considered import consider
from janitor.review.policy import InvalidPolicy, Policy
from janitor.review.recording import Recorded, Said
from janitor.state.announcement import AnnouncementRow
from janitor.state.job import JobRow
from janitor.state.review import ReviewHistory, ReviewRow
from janitor.state.run import RunRow
from tasks.review import reconsider_runs
from tests.integration.review.scenario import (
    CAMPAIGN,
    CODEBASE,
    add_another_run,
    add_change_set,
    add_review,
    add_run,
)
from tests.integration.runs.scenario import wait_until_blocked

TWO = Policy(approvals=2)


@pytest.fixture
def house(reviewed_house: Session) -> Session:
    """One run, ``r1``, that needs a review; it was a day ago."""
    add_run(reviewed_house, "r1", age=1, value=5)
    reviewed_house.commit()
    return reviewed_house


def judge(
    session: Session, verdict: Said, reviewer: str, run_id: str = "r1", *, qa: bool = True
) -> Recorded:
    with session.begin():
        recorded = give_verdict(session, run_id, verdict, reviewer=reviewer, is_qa_reviewer=qa)
    assert recorded is not None
    return recorded


def ask(session: Session, policy: Policy, campaign: str = CAMPAIGN) -> None:
    with session.begin():
        set_policy(session, campaign, policy, actor="ada")


def status(session: Session, run_id: str = "r1") -> str:
    with session.begin():
        return session.scalars(select(RunRow.publish_status).where(RunRow.id == run_id)).one()


def replaced_by(session: Session, run_id: str = "r1") -> str | None:
    session.flush()
    return consider(session, [run_id])[0].facts.replaced_by


def reconsidered(session: Session, runner: str | None = None) -> int:
    with session.begin():
        return reconsider(session, runs_to_reconsider(session), runner)


def test_one_approval_of_two_approves_nothing_yet(house: Session) -> None:
    ask(house, TWO)
    first = judge(house, "approved", "ada")
    assert first.decision.why == "needs 1 more approval by a QA reviewer; approved by ada"
    assert status(house) == "needs-manual-review"
    second = judge(house, "approved", "bob")
    assert second.decision.why == "approved by ada and bob"
    assert status(house) == "approved"


def test_an_approval_that_is_taken_back_takes_the_status_back(house: Session) -> None:
    ask(house, TWO)
    judge(house, "approved", "ada")
    judge(house, "approved", "bob")
    judge(house, "abstained", "ada")
    assert status(house) == "needs-manual-review"
    news = house.scalars(select(AnnouncementRow.message).order_by(AnnouncementRow.id)).all()
    assert [each["publish_status"] for each in news] == ["approved", "needs-manual-review"]


def test_what_others_set_aside_stays_so_until_something_is_decided(house: Session) -> None:
    ask(house, TWO)
    house.execute(update(RunRow).values(publish_status="ignored"))
    house.commit()
    judge(house, "approved", "ada")
    assert status(house) == "ignored"
    judge(house, "rejected", "bob")
    assert status(house) == "rejected"


def test_the_same_decision_again_is_no_news(house: Session) -> None:
    judge(house, "approved", "ada")
    judge(house, "approved", "bob")
    assert len(house.scalars(select(AnnouncementRow)).all()) == 1


def test_a_campaign_has_its_own_policy_or_that_of_all_or_the_default(house: Session) -> None:
    assert policy_of(house, CAMPAIGN) == Policy()
    house.rollback()
    ask(house, TWO, "*")
    assert policy_of(house, CAMPAIGN) == TWO
    house.rollback()
    ask(house, Policy(), CAMPAIGN)
    assert policy_of(house, CAMPAIGN) == Policy()
    assert policy_of(house, "polish") == TWO
    assert kept_policies(house) == {"*": TWO, CAMPAIGN: Policy()}
    assert consider(house, ["r1"])[0].policy == Policy()
    assert unset_policy(house, CAMPAIGN)
    assert not unset_policy(house, CAMPAIGN)
    assert consider(house, ["r1"])[0].policy == TWO


def test_a_policy_that_was_written_past_us_refuses_verdicts_by_name(house: Session) -> None:
    document = '{"aprovals": 1}'
    house.execute(
        text("INSERT INTO verdict_policy VALUES ('*', cast(:it AS jsonb), 'eve')"), {"it": document}
    )
    house.commit()
    with pytest.raises(InvalidPolicy, match="aprovals"):
        judge(house, "approved", "ada")
    assert house.scalars(select(ReviewHistory)).all() == []


def test_two_approvals_at_once_are_both_counted(house: Session, engine: Engine) -> None:
    ask(house, TWO)
    with Session(engine) as other:
        give_verdict(house, "r1", "approved", reviewer="ada", is_qa_reviewer=True)
        second = threading.Thread(target=judge, args=(other, "approved", "bob"))
        second.start()
        wait_until_blocked(engine)
        house.commit()
        second.join()
    assert status(house) == "approved"


def test_reviews_that_other_services_stored_are_of_nobody_special(house: Session) -> None:
    add_review(house, "r1", "eve", "approved")
    house.commit()
    ask(house, Policy(approvals=2, weights={"qa": 1, "reviewer": 1}))
    assert judge(house, "approved", "ada").decision.why == "approved by ada and eve"


def test_a_newer_run_with_another_result_replaces_a_run(house: Session) -> None:
    assert replaced_by(house) is None
    add_another_run(house, "r2", CODEBASE)
    assert replaced_by(house) == "r2"
    assert replaced_by(house, "r2") is None


@pytest.mark.parametrize(
    "fields",
    [
        {"revision": "rev-of-r1"},
        {"result_code": "nothing-new-to-do", "resume_from": "r1"},
        {"result_code": "worker-failure", "failure_transient": True},
        {"suite": "polish"},
        {"age": 2},
        {"change_set": "somebody-elses"},
    ],
)
def test_what_does_not_replace_a_run(house: Session, fields: dict[str, Any]) -> None:
    add_change_set(house, "somebody-elses")
    add_another_run(house, "r2", CODEBASE, **fields)
    assert replaced_by(house) is None


def test_a_run_in_the_same_change_set_replaces_a_run(house: Session) -> None:
    add_another_run(house, "r2", CODEBASE, change_set="r1", result_code="command-failed")
    assert replaced_by(house) == "r2"


def test_a_verdict_on_a_replaced_run_is_recorded_with_a_warning(house: Session) -> None:
    add_another_run(house, "r2", CODEBASE)
    house.commit()
    recorded = judge(house, "approved", "ada")
    assert recorded.warning is not None
    assert recorded.warning.startswith("run r1 was replaced by run r2")
    assert status(house) == "approved"
    assert house.scalars(select(ReviewHistory.warning)).all() == [recorded.warning]
    house.rollback()
    assert judge(house, "approved", "ada", "r2").warning is None


def test_an_approval_lapses_by_the_clock(house: Session) -> None:
    ask(house, Policy(approvals_expire=True))
    judge(house, "approved", "ada")
    assert reconsidered(house) == 0
    house.rollback()
    add_another_run(house, "r2", CODEBASE, age=-1)
    house.execute(text("UPDATE run SET finish_time = now() WHERE id = 'r2'"))
    house.commit()
    assert reconsidered(house) == 1
    assert status(house) == "needs-manual-review"
    assert reconsidered(house) == 0


def test_what_is_worth_little_is_approved_by_the_clock(house: Session) -> None:
    add_run(house, "r2", "hello-2", value=10)
    add_run(house, "r3", "hello-3", value=1, publish_status="ignored")
    add_run(house, "r4", "hello-4", value=1, suite="polish")
    house.commit()
    ask(house, Policy(not_required_below=10))
    assert reconsidered(house) == 1
    found = {run_id: status(house, run_id) for run_id in ("r1", "r2", "r3", "r4")}
    assert found == {
        "r1": "approved",
        "r2": "needs-manual-review",
        "r3": "ignored",
        "r4": "needs-manual-review",
    }


def test_a_policy_that_asks_less_counts_for_runs_that_wait(house: Session) -> None:
    ask(house, TWO)
    judge(house, "approved", "ada")
    assert reconsidered(house) == 0
    house.rollback()
    ask(house, Policy(approvals=1))
    assert reconsidered(house) == 1
    assert status(house) == "approved"


def test_what_somebody_made_wait_again_is_left_to_people(house: Session) -> None:
    ask(house, Policy(approvals=1))
    judge(house, "approved", "ada")
    house.execute(update(RunRow).values(publish_status="needs-manual-review"))
    house.commit()
    assert reconsidered(house) == 0
    house.rollback()
    judge(house, "approved", "bob")
    assert status(house) == "approved"


def test_without_a_policy_the_clock_decides_nothing(house: Session) -> None:
    judge(house, "abstained", "ada")
    assert runs_to_reconsider(house) == []


def test_where_there_is_a_runner_the_policy_asks_it_once(house: Session) -> None:
    ask(house, Policy(not_required_below=10))
    for _ in range(2):
        reconsidered(house, "http://runner.example.com/")
    assert status(house) == "needs-manual-review"
    (job,) = house.scalars(select(JobRow)).all()
    assert job.payload["publish_status"] == "approved"
    assert job.payload["actor"] == "the verdict policy"
    assert job.key.startswith("r1/0/approved/")


def test_a_decision_that_comes_back_is_told_to_the_runner_again(house: Session) -> None:
    runner = "http://runner.example.com/"

    def asked() -> list[str]:
        with house.begin():
            jobs = house.scalars(select(JobRow).order_by(JobRow.id))
            return [job.payload["publish_status"] for job in jobs]

    def becomes(status: str) -> None:
        """As the runner does it and we note it."""
        with house.begin():
            house.execute(text("UPDATE run SET publish_status = :new"), {"new": status})
            house.execute(text("UPDATE publish_status_change SET actor = 'ada'"))

    ask(house, Policy(approvals_expire=True))
    with house.begin():
        give_verdict(house, "r1", "approved", reviewer="a", is_qa_reviewer=True, runner_url=runner)
    becomes("approved")
    with house.begin():
        add_another_run(house, "r2", CODEBASE, age=-1)
        house.execute(text("UPDATE run SET finish_time = now() WHERE id = 'r2'"))
    reconsidered(house, runner)
    becomes("needs-manual-review")
    with house.begin():
        house.execute(text("DELETE FROM new_result_branch WHERE run_id = 'r2'"))
        house.execute(text("DELETE FROM run WHERE id = 'r2'"))
    for _ in range(3):
        reconsidered(house, runner)
    assert asked() == ["approved", "needs-manual-review", "approved"]


def test_what_other_services_write_over_a_verdict_counts(house: Session) -> None:
    ask(house, TWO)
    judge(house, "approved", "ada")
    house.execute(update(ReviewRow).values(verdict="rejected"))
    house.commit()
    decided = judge(house, "approved", "bob").decision
    assert (decided.status, decided.why) == ("rejected", "rejected by ada")
    assert judge(house, "approved", "ada").decision.why == "approved by ada and bob"


def test_what_other_services_wrote_earlier_is_no_news(house: Session) -> None:
    judge(house, "approved", "ada")
    house.execute(update(ReviewRow).values(verdict="rejected"))
    house.commit()
    assert judge(house, "approved", "bob").decision.status == "approved"
    with house.begin():
        (considered,) = consider(house, ["r1"])
        assert considered.decide().why == "approved by bob"
        assert [(one.reviewer, one.verdict) for one in considered.given] == [
            ("ada", "approved"),
            ("ada", "rejected"),
            ("bob", "approved"),
        ]


def test_what_others_approved_without_a_revision_is_not_approved(house: Session) -> None:
    add_run(house, "r2", "hello-2", revision=None, result_code="failed", roles=())
    add_review(house, "r2", "bob", "approved")
    house.commit()
    ask(house, Policy(approvals=1, weights={"reviewer": 1}))
    decided = judge(house, "abstained", "ada", "r2").decision
    assert decided.status is None
    assert "approved by bob, but there is no revision" in decided.why
    assert status(house, "r2") == "needs-manual-review"


def test_a_policy_that_is_none_stops_the_clock_for_no_other_campaign(
    house: Session, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    add_run(house, "r2", "hello-2", value=1, suite="polish")
    house.commit()
    ask(house, Policy(not_required_below=10))
    ask(house, Policy(), "polish")
    with house.begin():
        house.execute(
            text("UPDATE verdict_policy SET policy = :none WHERE campaign = 'polish'"),
            {"none": '{"not_required_below": true, "approvals_expire": "perhaps"}'},
        )
    url = engine.url.render_as_string(hide_password=False)
    assert reconsider_runs.body(Deployment(Config(database_location=url))).startswith("1 of 2")
    assert status(house) == "approved"
    assert "run r2 is not decided anew: this is no policy" in caplog.text
    with house.begin():
        assert policy_of(house, CAMPAIGN).not_required_below == 10
        with pytest.raises(InvalidPolicy):
            policy_of(house, "polish")
