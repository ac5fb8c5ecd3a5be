"""Who gets a delivery, written exactly if the change is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.jobs import Ring, ledger_sessions
from janitor.notifications import notify
from janitor.notifications.events import UnknownEvent
from janitor.notifications.subscriptions import (
    Subscription,
    remove_subscription,
    set_subscription,
    subscriptions,
)
from janitor.review import store_review
from janitor.runs.news import tell_of_publish_status
from janitor.state.job import JobRow
from janitor.state.notification import DeliveryRow
from tests.integration.review.scenario import CAMPAIGN, CODEBASE


def told(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(
        select(DeliveryRow.subscription, DeliveryRow.event).order_by(DeliveryRow.id)
    )
    return [(row.subscription, row.event) for row in rows]


def test_events_and_campaigns_choose_who_hears(house: Session) -> None:
    for name, events, campaign in (
        ("all", "*", "*"),
        ("mine", "*", CAMPAIGN),
        ("others", "*", "other"),
        ("verdicts", "verdict.*", "*"),
        ("approvals", "*.approved", "*"),
        ("statuses", "publish-status.*", "*"),
    ):
        set_subscription(house, Subscription(name, events, "ops", campaign))
    notify(house, "verdict.rejected", run_id="r1", reviewer="ada")
    assert {name for name, _ in told(house)} == {"all", "mine", "verdicts"}


def test_a_delivery_knows_its_run_and_no_secret(house: Session) -> None:
    set_subscription(house, Subscription("ops", "*", "ops"))
    comment = "see https://me:planted@example.com/\x00" + "x" * 3000
    (number,) = notify(house, "verdict.approved", run_id="r1", comment=comment)
    row = house.get_one(DeliveryRow, number)
    assert (row.run_id, row.codebase, row.campaign) == ("r1", CODEBASE, CAMPAIGN)
    assert row.details["comment"].startswith("see https://me:***@example.com/")
    assert len(row.details["comment"]) == 2000
    job = house.scalars(select(JobRow)).one()
    assert (job.kind, job.key) == ("janitor.review.notify", f"{number}/1")
    assert job.payload == {"delivery": number, "round": 1}


@pytest.mark.parametrize(
    ("event", "details"), [("verdict.maybe", {}), ("verdict.approved", {"colour": "red"})]
)
def test_what_is_no_event_is_a_mistake(house: Session, event: str, details: Any) -> None:
    with pytest.raises(UnknownEvent):
        notify(house, event, run_id="r1", **details)


def test_what_is_rolled_back_is_told_to_nobody(house: Session, engine: Engine) -> None:
    set_subscription(house, Subscription("ops", "*", "ops"))
    house.commit()
    rung: list[Ring] = []

    class Doorbell:
        def ring(self, rings: Any) -> None:
            rung.extend(rings)

    with ledger_sessions(engine, Doorbell())() as session:
        notify(session, "verdict.approved", run_id="r1")
        session.rollback()
        assert (told(session), rung) == ([], [])
        notify(session, "verdict.approved", run_id="r1")
        session.commit()
    assert told(house) == [("ops", "verdict.approved")]
    assert [ring.kind for ring in rung] == ["janitor.review.notify"]


def test_a_verdict_is_told_once_and_so_is_what_it_makes(house: Session) -> None:
    set_subscription(house, Subscription("ops", "*", "ops"))
    for _ in range(2):
        store_review(house, None, None, "r1", "approved", "fine", "ada", True, submission="form-1")
    assert told(house) == [("ops", "verdict.approved"), ("ops", "publish-status.approved")]
    verdict, status = house.scalars(select(DeliveryRow).order_by(DeliveryRow.id))
    assert verdict.details["reviewer"] == "ada"
    assert verdict.details["comment"] == "fine"
    assert status.details["actor"] == "ada"


def test_how_each_run_begins_is_no_news(house: Session) -> None:
    set_subscription(house, Subscription("ops", "*", "ops"))
    tell_of_publish_status(house, "r1", "unknown")
    assert told(house) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "a/b"},
        {"name": ""},
        {"events": "verdict.maybe"},
        {"events": "'; DROP TABLE run"},
        {"target": "https://planted.example.com/"},
        {"campaign": "No Such"},
        {"template": "$secret"},
    ],
)
def test_a_bad_subscription_changes_nothing(house: Session, changes: dict[str, str]) -> None:
    good = {"name": "ops", "events": "verdict.*", "target": "ops"}
    set_subscription(house, Subscription(**good))
    with pytest.raises(Failure):
        set_subscription(house, Subscription(**(good | changes)))
    assert subscriptions(house) == [Subscription(**good)]


def test_a_subscription_is_replaced_and_removed(house: Session) -> None:
    set_subscription(house, Subscription("ops", "*", "ops", template="$event"))
    set_subscription(house, Subscription("ops", "review.*", "team", CAMPAIGN))
    assert subscriptions(house) == [Subscription("ops", "review.*", "team", CAMPAIGN)]
    remove_subscription(house, "ops")
    assert subscriptions(house) == []
    with pytest.raises(Failure, match="no subscription 'ops'"):
        remove_subscription(house, "ops")
