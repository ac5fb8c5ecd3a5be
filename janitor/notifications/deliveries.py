"""What became of deliveries, and sending again what was given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Text, and_, case, cast, func, select, update

from janitor.errors import Failure
from janitor.jobs import submit
from janitor.notifications.events import TEST
from janitor.notifications.outbox import DELIVER, Deliver, notify
from janitor.notifications.subscriptions import NoSubscription
from janitor.state import Conn
from janitor.state.job import JobRow
from janitor.state.notification import DeliveryRow

State = Literal["waiting", "sent", "given up"]


@dataclass(frozen=True)
class Delivery:
    """What became of an event for a subscription.

    Args:
        id: its number.
        message_id: what the receiver knows it by.
        subscription: who is to hear of it.
        event: what happened.
        run_id: the run that it is about, if any.
        created_at: when it happened.
        state: whether it was sent.
        attempts: how often that was tried, since it was last asked for.
        reason: what went wrong last, if anything did.
    """

    id: int
    message_id: str
    subscription: str
    event: str
    run_id: str | None
    created_at: datetime
    state: State
    attempts: int
    reason: str | None


def deliveries(
    conn: Conn,
    *,
    ids: Sequence[int] | None = None,
    subscription: str | None = None,
    state: State | None = None,
    limit: int | None = None,
) -> list[Delivery]:
    """Return deliveries, the newest first.

    Args:
        conn: a connection or session.
        ids: only these.
        subscription: only of this one.
        state: only what is in this state.
        limit: how many at most.
    """
    reached = case(
        (DeliveryRow.sent_at.is_not(None), "sent"),
        (DeliveryRow.given_up_at.is_not(None), "given up"),
        else_="waiting",
    )
    key = func.concat(DeliveryRow.id, "/", DeliveryRow.round)
    found = select(
        DeliveryRow.id,
        cast(DeliveryRow.message_id, Text),
        DeliveryRow.subscription,
        DeliveryRow.event,
        DeliveryRow.run_id,
        DeliveryRow.created_at,
        reached,
        func.coalesce(JobRow.attempts, 0),
        func.coalesce(DeliveryRow.reason, JobRow.last_error),
    ).outerjoin(JobRow, and_(JobRow.kind == DELIVER.name, JobRow.key == key))
    if ids is not None:
        found = found.where(DeliveryRow.id.in_(ids))
    if subscription is not None:
        found = found.where(DeliveryRow.subscription == subscription)
    if state is not None:
        found = found.where(reached == state)
    rows = conn.execute(found.order_by(DeliveryRow.id.desc()).limit(limit))
    return [Delivery(*row) for row in rows]


def send_again(conn: Conn, ids: Sequence[int]) -> None:
    """Ask anew for deliveries that were given up; their message ids stay.

    Args:
        conn: the caller's transaction.
        ids: which.

    Raises:
        Failure: one of them was not given up; the transaction must not commit.
    """
    asked = conn.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(ids), DeliveryRow.given_up_at.is_not(None))
        .values(round=DeliveryRow.round + 1, given_up_at=None, reason=None)
        .returning(DeliveryRow.id, DeliveryRow.round),
        execution_options={"synchronize_session": False},
    ).all()
    others = sorted(set(ids) - {row.id for row in asked})
    if others:
        raise Failure(
            f"delivery {', '.join(map(str, others))} was not given up, so nothing is sent again;"
            " only those that are 'given up' can be"
        )
    for delivery, number in asked:
        submit(conn, DELIVER, Deliver(delivery=delivery, round=number))


def send_test(conn: Conn, subscription: str) -> int:
    """Ask for a message that tries a subscription out; returns its delivery's id.

    Raises:
        NoSubscription: there is none of that name.
    """
    asked = notify(conn, TEST, to=subscription)
    if not asked:
        raise NoSubscription(f"there is no subscription {subscription!r}")
    return asked[0]
