"""From the outbox to a receiver, through the ledger: again after errors, given up, sent again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from janitor.errors import Failure, PassingError
from janitor.notifications import DELIVER, Deliver, notify
from janitor.notifications.deliveries import Delivery, deliveries, send_again, send_test
from janitor.notifications.delivery import Sender, prune_deliveries, read, record_sent
from janitor.notifications.message import compose
from janitor.notifications.subscriptions import (
    NoSubscription,
    Subscription,
    remove_subscription,
    set_subscription,
)
from janitor.state.job import JobRow
from janitor.state.notification import DeliveryRow
from tasks.notifications import deliver
from tests.integration.notifications.carrying import carry_out
from tests.integration.notifications.receiver import SECRET, Answer, Receiver


@pytest.fixture
def asked(house: Session) -> Deliver:
    """A delivery that is asked for."""
    set_subscription(house, Subscription("ops", "verdict.*", "ops", template="$reviewer: $comment"))
    (number,) = notify(house, "verdict.approved", run_id="r1", reviewer="ada", comment="fine")
    house.commit()
    return Deliver(delivery=number, round=1)


@pytest.fixture
def environ(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JANITOR_NOTIFY_OPS", f"{receiver.url()} {SECRET}")


def only(session: Session) -> Delivery:
    session.expire_all()
    (found,) = deliveries(session)
    session.rollback()
    return found


@pytest.mark.usefixtures("environ")
def test_it_is_sent_once(
    house: Session, engine: Engine, asked: Deliver, receiver: Receiver
) -> None:
    for _ in range(2):
        carry_out(engine, deliver, asked)
    (received,) = receiver.received
    assert received.told["text"] == "ada: fine"
    assert received.told["data"]["run_id"] == "r1"
    done = only(house)
    assert (done.state, done.attempts, done.reason) == ("sent", 1, None)
    assert received.id == done.message_id


def test_what_is_sent_or_asked_for_anew_is_left_alone(house: Session, asked: Deliver) -> None:
    assert read(house, asked) is not None
    assert read(house, Deliver(delivery=asked.delivery, round=2)) is None
    record_sent(house, asked)
    assert read(house, asked) is None


@pytest.mark.usefixtures("environ")
def test_after_an_error_it_is_tried_again_with_the_same_id(
    house: Session, engine: Engine, asked: Deliver, receiver: Receiver
) -> None:
    receiver.answers.append(Answer(500))
    carry_out(engine, deliver, asked)
    tried = only(house)
    assert (tried.state, tried.attempts) == ("waiting", 1)
    assert "target ops answered 500" in (tried.reason or "")
    carry_out(engine, deliver, asked, due=True)
    assert only(house).state == "sent"
    assert [received.id for received in receiver.received] == [tried.message_id] * 2


@pytest.mark.usefixtures("environ")
def test_a_receiver_says_how_long_to_wait(
    house: Session, engine: Engine, asked: Deliver, receiver: Receiver
) -> None:
    receiver.answers.append(Answer(429, {"Retry-After": "7200"}))
    carry_out(engine, deliver, asked)
    job = house.scalars(select(JobRow)).one()
    assert job.not_before - datetime.now(UTC) > timedelta(minutes=110)


@pytest.mark.usefixtures("environ")
def test_what_was_sent_but_not_recorded_is_sent_again_with_the_same_id(
    house: Session, engine: Engine, asked: Deliver, receiver: Receiver
) -> None:
    receiver.answers.append(Answer(before=lambda: lose_the_lease(engine)))
    carry_out(engine, deliver, asked)
    assert only(house).state == "waiting"
    carry_out(engine, deliver, asked, due=True)
    first, second = receiver.received
    assert first.id == second.id
    assert only(house).state == "sent"


@pytest.mark.usefixtures("environ")
def test_a_job_of_another_round_neither_sends_nor_says_so(
    house: Session, engine: Engine, asked: Deliver, receiver: Receiver
) -> None:
    other = Deliver(delivery=asked.delivery, round=2)
    let_it_wait(engine)
    carry_out(engine, deliver, other)
    record_sent(house, other)
    house.commit()
    assert (only(house).state, receiver.received) == ("waiting", [])
    carry_out(engine, deliver, asked, due=True)
    assert (only(house).state, len(receiver.received)) == ("sent", 1)


def lose_the_lease(engine: Engine) -> None:
    """Do as upkeep does with the job of a worker that fell silent."""
    back = {"state": "pending", "lease_owner": None, "lease_until": None}
    with engine.begin() as conn:
        conn.execute(update(JobRow).values(**back))
    let_it_wait(engine)


def let_it_wait(engine: Engine) -> None:
    """Have nothing due: who has the turn does all that is."""
    with engine.begin() as conn:
        conn.execute(update(JobRow).values(not_before=func.now() + timedelta(hours=1)))


@pytest.mark.usefixtures("environ")
def test_after_the_last_attempt_it_is_given_up_and_can_be_sent_again(
    house: Session, engine: Engine, asked: Deliver, receiver: Receiver
) -> None:
    receiver.answers += [Answer(503)] * DELIVER.retry.max_attempts
    for _ in range(DELIVER.retry.max_attempts):
        carry_out(engine, deliver, asked, due=True)
    dead = only(house)
    assert (dead.state, dead.attempts) == ("given up", DELIVER.retry.max_attempts)
    assert "target ops answered 503" in (dead.reason or "")
    send_again(house, [dead.id])
    house.commit()
    assert only(house).state == "waiting"
    let_it_wait(engine)
    carry_out(engine, deliver, asked)  # a late message of the first round does nothing
    assert len(receiver.received) == DELIVER.retry.max_attempts
    carry_out(engine, deliver, Deliver(delivery=dead.id, round=2), due=True)
    again = only(house)
    assert (again.state, again.reason, again.message_id) == ("sent", None, dead.message_id)
    assert {received.id for received in receiver.received} == {dead.message_id}


@pytest.mark.usefixtures("environ")
def test_only_what_was_given_up_is_sent_again(
    house: Session, engine: Engine, asked: Deliver, receiver: Receiver
) -> None:
    carry_out(engine, deliver, asked)
    with pytest.raises(Failure, match=f"delivery {asked.delivery}, 999 was not given up"):
        send_again(house, [999, asked.delivery])
    house.rollback()
    assert only(house).state == "sent"
    assert len(receiver.received) == 1


def test_a_target_that_is_not_defined_is_told(
    house: Session, engine: Engine, asked: Deliver
) -> None:
    carry_out(engine, deliver, asked)
    dead = only(house)
    assert dead.state == "given up"
    assert "target ops is not defined: set JANITOR_NOTIFY_OPS" in (dead.reason or "")


@pytest.mark.usefixtures("environ")
def test_what_nobody_wants_any_more_is_not_sent(
    house: Session, engine: Engine, asked: Deliver, receiver: Receiver
) -> None:
    remove_subscription(house, "ops")
    house.commit()
    carry_out(engine, deliver, asked)
    assert "the subscription ops was removed" in (only(house).reason or "")
    assert receiver.received == []


@pytest.mark.usefixtures("environ")
def test_a_test_reaches_one_subscription(
    house: Session, engine: Engine, receiver: Receiver
) -> None:
    set_subscription(house, Subscription("ops", "verdict.approved", "ops", "some-campaign"))
    set_subscription(house, Subscription("others", "*", "ops"))
    number = send_test(house, "ops")
    house.commit()
    carry_out(engine, deliver, Deliver(delivery=number, round=1))
    (received,) = receiver.received
    assert received.told["type"] == "test"
    with pytest.raises(NoSubscription, match="'nobody'"):
        send_test(house, "nobody")


def test_errors_outlast_a_night() -> None:
    pauses = [DELIVER.retry.pause(n, 0.5) for n in range(1, DELIVER.retry.max_attempts)]
    assert sum(pauses, timedelta()) > timedelta(hours=12)


def test_what_ended_long_ago_is_forgotten(house: Session) -> None:
    set_subscription(house, Subscription("ops", "*", "ops"))
    ends: list[Mapping[str, object]] = [
        {"sent_at": days_ago(8)},
        {"sent_at": days_ago(6)},
        {"given_up_at": days_ago(91), "reason": "away"},
        {"given_up_at": days_ago(89), "reason": "away"},
        {},
    ]
    numbers = []
    for end in ends:
        (number,) = notify(house, "verdict.approved", run_id="r1")
        if end:
            house.execute(update(DeliveryRow).where(DeliveryRow.id == number).values(**end))
        numbers.append(number)
    house.commit()
    assert prune_deliveries(house) == 2
    assert prune_deliveries(house) == 0
    assert [one.id for one in reversed(deliveries(house))] == [numbers[1], *numbers[3:]]


def days_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def test_a_target_that_kept_us_waiting_is_left_alone_and_no_other(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("janitor.notifications.delivery.QUICK", -1.0)  # nothing is quick
    environ = {
        f"JANITOR_NOTIFY_{name}": f"{receiver.url(f'/{name}')} {SECRET}"
        for name in ("SLOW", "GOOD")
    }
    message = compose("1", "test", datetime.now(UTC), {}, None)
    sender = Sender()
    receiver.answers.append(Answer(503))
    for said in ("target slow answered 503", "left alone a while.*: target slow answered 503"):
        with pytest.raises(PassingError, match=said):
            sender.send("slow", message, environ)
    sender.send("good", message, environ)
    assert [received.path for received in receiver.received] == ["/SLOW", "/GOOD"]
    monkeypatch.setattr("janitor.notifications.delivery.QUICK", 60.0)
    eager = Sender()
    receiver.answers.append(Answer(503))
    with pytest.raises(PassingError, match="answered 503"):
        eager.send("slow", message, environ)
    eager.send("slow", message, environ)
