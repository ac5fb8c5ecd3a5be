"""Notifications by real workers: after errors, after a worker died, by command."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from janitor.notifications import notify
from janitor.notifications.deliveries import Delivery, deliveries, send_test
from janitor.notifications.subscriptions import Subscription, set_subscription
from janitor.state.job import JobRow
from janitor.state.review import ReviewRow
from tests.acceptance.harness import PATIENCE, Janitor
from tests.acceptance.scenario import RUN, a_run_with_logs
from tests.integration.notifications.receiver import SECRET, Answer, Receiver, receiving

pytestmark = pytest.mark.acceptance


@pytest.fixture
def receiver(janitor: Janitor) -> Iterator[Receiver]:
    """Where the target ops leads."""
    with receiving() as receiver:
        janitor.environment["JANITOR_NOTIFY_OPS"] = f"{receiver.url()} {SECRET}"
        yield receiver
        janitor.stop()


def ask(janitor: Janitor) -> None:
    """Have a verdict that somebody wants to hear of."""
    a_run_with_logs(janitor, 0)
    with janitor.session() as session:
        set_subscription(session, Subscription("ops", "verdict.*", "ops"))
        notify(session, "verdict.approved", run_id=RUN, verdict="approved", reviewer="ada")
        session.commit()


def wait_until_sent(janitor: Janitor) -> Delivery:
    def sent(session: Session) -> Delivery | None:
        (one,) = deliveries(session)
        return one if one.state == "sent" else None

    one: Delivery = janitor.wait("the delivery to be sent", sent)
    return one


def test_a_worker_that_dies_after_sending_leaves_it_to_be_sent_again(
    janitor: Janitor, receiver: Receiver
) -> None:
    ask(janitor)
    victim = janitor.start("worker", "review")
    receiver.answers.append(Answer(200, before=lambda: janitor.kill(victim)))
    janitor.wait("the message to arrive", lambda _: receiver.received)
    victim.wait(PATIENCE)
    janitor.start("worker", "review", "schedule")
    janitor.start("beat")
    done = wait_until_sent(janitor)
    assert done.attempts == 2
    first, second = receiver.received
    assert first.id == second.id == done.message_id
    assert first.told == second.told


def test_an_error_passes(janitor: Janitor, receiver: Receiver) -> None:
    ask(janitor)
    receiver.answers.append(Answer(503))
    janitor.start("worker", "review", "schedule")
    janitor.start("beat")
    janitor.wait(
        "the first attempt to fail",
        lambda session: session.scalar(select(JobRow.last_error).where(JobRow.attempts == 1)),
    )
    with janitor.session() as session:  # nobody waits for the pause
        session.execute(text("UPDATE job SET not_before = now()"))
        session.commit()
    done = wait_until_sent(janitor)
    assert {received.id for received in receiver.received} == {done.message_id}
    assert len(receiver.received) == 2


def test_a_target_that_hangs_keeps_one_child_busy_and_no_verdict_waiting(
    janitor: Janitor, receiver: Receiver
) -> None:
    a_run_with_logs(janitor, 0)
    with janitor.session() as session:
        set_subscription(session, Subscription("ops", "verdict.*", "ops"))
        for _ in range(12):  # more than there are children
            send_test(session, "ops")
        session.commit()
    receiver.answers += [receiver.hang() for _ in range(12)]
    janitor.start("worker", "review")
    janitor.start("worker", "schedule")
    janitor.start("beat")
    janitor.wait("the first message to arrive", lambda _: receiver.received)
    janitor.wait(
        "all to be asked of the worker",
        lambda session: session.scalar(text("SELECT bool_and(rung_at IS NOT NULL) FROM job")),
    )
    verdict = {"run_id": RUN, "verdict": "abstained", "reviewer": "ada", "submission": "1"}
    janitor.send("janitor.review.record", **verdict)
    janitor.wait(
        "the verdict to be recorded", lambda session: session.scalar(select(ReviewRow.reviewer))
    )
    assert len(receiver.received) == 1


def test_a_test_says_what_became_of_it(janitor: Janitor, receiver: Receiver) -> None:
    janitor.start("worker", "review")
    setting = ("notifications", "set", "ops", "--events", "*", "--target", "ops")
    assert janitor.start(*setting).wait(PATIENCE) == 0
    assert janitor.start("notifications", "test", "ops").wait(PATIENCE) == 0
    receiver.answers.append(Answer(302, {"Location": receiver.url("/elsewhere")}))
    assert janitor.start("notifications", "test", "ops").wait(PATIENCE) == 1
    assert [received.told["type"] for received in receiver.received] == ["test", "test"]
    said = janitor.logs_of_each()
    assert "sent  ops  test" in said[2]
    assert "given up  ops  test  1 attempts: target ops answered 302" in said[3]
