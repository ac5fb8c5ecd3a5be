"""Reminders and digests: who is told of what, and not again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session

from janitor.notifications import reminders
from janitor.notifications.reminders import digest, remind
from janitor.notifications.subscriptions import Subscription, set_subscription
from janitor.state.notification import DeliveryRow, ReminderRow, SubscriptionRow
from tests.integration.review.scenario import CAMPAIGN, add_policy, add_run, review_history

WEEK = timedelta(days=7)


@pytest.fixture
def house(session: Session) -> Session:
    """Runs that have waited for 10 days, for 8, and for none."""
    add_policy(session)
    for run_id, days in (("old", 10), ("older", 8), ("new", 0)):
        add_run(session, run_id, run_id)
        ended = datetime.now(UTC) - timedelta(days=days)
        session.execute(
            text("UPDATE run SET finish_time = :ended, start_time = :ended WHERE id = :id"),
            {"ended": ended.replace(tzinfo=None), "id": run_id},
        )
    return session


def subscribe(session: Session, name: str = "ops", **options: Any) -> None:
    options = {"events": "review.*", "remind_after": WEEK} | options
    set_subscription(session, Subscription(name, target="ops", **options))


def told(session: Session, event: str = "review.waiting") -> list[str | None]:
    found = select(DeliveryRow.run_id).where(DeliveryRow.event == event).order_by(DeliveryRow.id)
    return list(session.scalars(found))


@contextmanager
def looking_at(session: Session) -> Iterator[list[tuple[str, int]]]:
    """Collect each statement with the number of rows that it gave or changed."""
    seen: list[tuple[str, int]] = []

    def see(_conn: object, cursor: Any, statement: str, *_: object) -> None:
        seen.append((statement, cursor.rowcount))

    connection = session.connection()
    event.listen(connection, "after_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(connection, "after_cursor_execute", see)


def test_one_reminder_for_each_run_that_waits_too_long(house: Session) -> None:
    subscribe(house)
    assert remind(house) == 2
    house.commit()
    assert remind(house) == 0
    assert set(told(house)) == {"old", "older"}
    days = house.scalars(select(DeliveryRow.details["days"].astext)).all()
    assert sorted(days) == ["10", "8"]


def test_another_reminder_when_as_much_time_has_passed_again(house: Session) -> None:
    subscribe(house)
    remind(house)
    for name, days in (("old", 8), ("older", 6)):
        earlier = datetime.now(UTC) - timedelta(days=days)
        house.execute(
            update(ReminderRow).where(ReminderRow.run_id == name).values(reminded_at=earlier)
        )
    assert remind(house) == 1
    assert told(house)[2:] == ["old"]


def test_what_was_reviewed_waits_no_more(house: Session) -> None:
    subscribe(house)
    house.execute(text("UPDATE run SET publish_status = 'approved' WHERE id = 'old'"))
    remind(house)
    assert told(house) == ["older"]


def test_each_subscription_has_its_own_patience_and_campaign(house: Session) -> None:
    subscribe(house, "patient", remind_after=timedelta(days=9))
    subscribe(house, "elsewhere", campaign="other")
    subscribe(house, "here", campaign=CAMPAIGN)
    subscribe(house, "deaf", events="verdict.*")
    remind(house)
    rows = house.execute(select(DeliveryRow.subscription, DeliveryRow.run_id)).all()
    assert sorted(map(tuple, rows)) == [("here", "old"), ("here", "older"), ("patient", "old")]


def test_a_flood_is_told_bit_by_bit(house: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "MOST_AT_ONCE", 1)
    subscribe(house)
    assert [remind(house) for _ in range(3)] == [1, 1, 0]
    assert told(house) == ["old", "older"]


def test_only_what_is_told_leaves_the_database(
    house: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "MOST_AT_ONCE", 1)
    subscribe(house)
    with looking_at(house) as answers:
        assert (remind(house), digest(house)) == (1, 1)
    assert max(rows for _, rows in answers) == 1, "three runs wait"


def test_what_waits_is_counted_once_for_all_digests(house: Session) -> None:
    subscribe(house)
    subscribe(house, "here", campaign=CAMPAIGN)
    with looking_at(house) as answers:
        assert digest(house) == 2
    assert sum("publish_ready" in statement for statement, _ in answers) == 1


def test_a_digest_a_day(house: Session) -> None:
    subscribe(house)
    review_history(house, "old", "approved")
    review_history(house, "old", "rejected", "bob")
    house.execute(text("UPDATE review_history SET reviewed_at = now() - interval '2 days'"))
    review_history(house, "new", "approved")
    assert digest(house) == 1
    house.commit()
    assert digest(house) == 0
    row = house.scalars(select(DeliveryRow).where(DeliveryRow.event == "review.digest")).one()
    oldest = datetime.now(UTC) - timedelta(days=10)
    assert row.details == {
        "waiting": 3,
        "oldest": f"{oldest:%Y-%m-%d}",
        "campaigns": f"{CAMPAIGN}: 3",
        "verdicts": "approved: 1",
    }
    house.execute(update(SubscriptionRow).values(digested_on=SubscriptionRow.digested_on - 1))
    assert digest(house) == 1


def test_a_digest_tells_of_each_verdict_once(house: Session) -> None:
    """However late the clock was with the one before."""
    subscribe(house)
    review_history(house, "old", "approved")
    assert digest(house) == 1
    house.commit()
    earlier = timedelta(hours=40)
    house.execute(update(DeliveryRow).values(created_at=DeliveryRow.created_at - earlier))
    house.execute(text("UPDATE review_history SET reviewed_at = now() - interval '41 hours'"))
    review_history(house, "new", "rejected")
    house.execute(
        text(
            "UPDATE review_history SET reviewed_at = now() - interval '30 hours'"
            " WHERE verdict = 'rejected'"
        )
    )
    house.execute(update(SubscriptionRow).values(digested_on=SubscriptionRow.digested_on - 1))
    assert digest(house) == 1
    newest = select(DeliveryRow).order_by(DeliveryRow.id.desc()).limit(1)
    assert house.scalars(newest).one().details["verdicts"] == "rejected: 1"


def test_a_clock_that_is_behind_tells_no_day_twice(house: Session) -> None:
    subscribe(house)
    house.execute(text("UPDATE notification_subscription SET digested_on = now()::date + 1"))
    assert digest(house) == 0


def test_a_digest_is_of_one_campaign_where_that_is_wanted(house: Session) -> None:
    subscribe(house, campaign=CAMPAIGN)
    digest(house)
    row = house.scalars(select(DeliveryRow)).one()
    assert (row.campaign, row.details["waiting"], row.details["verdicts"]) == (CAMPAIGN, 3, "none")


def test_there_is_no_digest_of_nothing(house: Session) -> None:
    subscribe(house, campaign="other")
    assert digest(house) == 0
    assert told(house, "review.digest") == []
