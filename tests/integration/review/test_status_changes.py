"""Every change of a publish status is written down, with who and why where they say it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from janitor.review import SetPublishStatus, note_change, store_review
from janitor.state.publish_status import PublishStatusChange
from janitor.state.review import ReviewHistory
from janitor.state.run import RunRow
from tests.integration.review.scenario import add_run


@pytest.fixture
def house(reviewed_house: Session) -> Session:
    """One run, ``r1``, that needs a review."""
    add_run(reviewed_house, "r1")
    reviewed_house.commit()
    return reviewed_house


def changes(session: Session) -> list[tuple[str | None, str, str | None, str | None]]:
    rows = session.scalars(select(PublishStatusChange).order_by(PublishStatusChange.id))
    return [(row.before, row.after, row.actor, row.why) for row in rows]


def set_status(session: Session, status: str, run_id: str = "r1") -> None:
    session.execute(update(RunRow).where(RunRow.id == run_id).values(publish_status=status))
    session.commit()


CAME = (None, "needs-manual-review", None, None)


def test_a_verdict_is_recorded_as_the_cause(house: Session) -> None:
    store_review(house, None, None, "r1", "approved", None, "ada", True)
    house.commit()
    assert changes(house) == [
        CAME,
        ("needs-manual-review", "approved", "ada", "approved by ada"),
    ]
    latest = house.scalars(select(func.max(PublishStatusChange.verdict_id))).one()
    assert latest == house.scalars(select(ReviewHistory.id)).one()


def test_what_other_services_change_is_recorded_without_an_actor(house: Session) -> None:
    set_status(house, "blocked")
    set_status(house, "blocked")
    assert changes(house) == [CAME, ("needs-manual-review", "blocked", None, None)]


@pytest.mark.parametrize(("verdict", "qa"), [("abstained", True), ("rejected", False)])
def test_a_verdict_that_decides_nothing_sets_no_earlier_decision_again(
    house: Session, verdict: str, qa: bool
) -> None:
    store_review(house, None, None, "r1", "approved", None, "ada", True)
    set_status(house, "blocked")
    store_review(house, None, None, "r1", verdict, None, "bob", qa)
    assert changes(house)[-1] == ("approved", "blocked", None, None)
    store_review(house, None, None, "r1", "approved", None, "bob", True)
    assert changes(house)[-1] == ("blocked", "approved", "bob", "approved by bob")


def test_what_was_said_counts_for_one_change_of_one_run(house: Session) -> None:
    add_run(house, "r2", "hello-2", publish_status="unknown")
    house.commit()
    store_review(house, None, None, "r1", "approved", None, "ada", True)
    set_status(house, "rejected")
    said = json.dumps({"r1": {"actor": "eve", "why": "because"}})
    house.execute(select(func.set_config("janitor.publish_status", said, True)))
    set_status(house, "ignored", "r2")
    set_status(house, "blocked")
    assert changes(house) == [
        CAME,
        ("needs-manual-review", "approved", "ada", "approved by ada"),
        ("approved", "rejected", None, None),
        ("unknown", "ignored", None, None),
        ("rejected", "blocked", None, None),
    ]


def test_another_service_can_say_who_it_was(house: Session) -> None:
    said = json.dumps({"r1": {"actor": "eve", "why": "because"}})
    house.execute(select(func.set_config("janitor.publish_status", said, True)))
    set_status(house, "blocked")
    assert changes(house)[-1] == ("needs-manual-review", "blocked", "eve", "because")


def test_what_is_rolled_back_is_not_recorded(house: Session) -> None:
    house.execute(update(RunRow).values(publish_status="blocked"))
    house.rollback()
    assert changes(house) == [CAME]


def test_a_change_of_the_runner_is_ours_where_we_asked_for_it(house: Session) -> None:
    ask = SetPublishStatus(
        run_id="r1", publish_status="approved", because=7, actor="ada", why="approved by ada"
    )
    note_change(house, ask)
    assert changes(house) == [CAME], "the runner has changed nothing yet"
    set_status(house, "approved")
    note_change(house, ask)
    house.commit()
    assert changes(house)[-1] == ("needs-manual-review", "approved", "ada", "approved by ada")
    set_status(house, "rejected")
    note_change(house, ask)
    assert changes(house)[-1] == ("approved", "rejected", None, None)


@pytest.mark.parametrize("again", [7, 8], ids=["a message twice", "a further verdict"])
def test_people_hear_of_a_change_of_the_runner_once(house: Session, again: int) -> None:
    insert_subscription = "INSERT INTO notification_subscription (name, target, events) VALUES"
    house.execute(text(f"{insert_subscription} ('team', 'TEAM', 'publish-status.*')"))
    ask = SetPublishStatus(run_id="r1", publish_status="approved", because=7, actor="ada")
    set_status(house, "approved")
    note_change(house, ask)
    note_change(house, ask.model_copy(update={"because": again, "actor": "bob"}))
    told = "SELECT event, details ->> 'actor' FROM notification_delivery"
    assert [tuple(row) for row in house.execute(text(told))] == [("publish-status.approved", "ada")]
