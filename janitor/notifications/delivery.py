"""Carrying a delivery out: read, sent outside of any transaction, recorded; one at a time.

A worker that dies between sending and recording sends again, with the same id: at least once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, func, or_, select, update

from janitor.errors import Failure, JanitorError, PassingError
from janitor.notifications import by_apprise, webhook
from janitor.notifications.message import Message, compose
from janitor.notifications.outbox import Deliver, unsent
from janitor.notifications.targets import find_target
from janitor.state import Conn
from janitor.state.notification import DeliveryRow, SubscriptionRow

KEEP_SENT = timedelta(days=7)
KEEP_GIVEN_UP = timedelta(days=90)
REST = 10
QUICK = 1.0  # seconds
BATCH = 500  # rows deleted in one transaction


def read(conn: Conn, ask: Deliver) -> tuple[str, Message] | None:
    """Return a target's name and what to send there; None for what is sent already.

    Target and template are the subscription's of now, so that one that was mended counts.

    Args:
        conn: a connection or session.
        ask: which delivery.

    Raises:
        Failure: there is no such delivery, or no subscription any more.
    """
    row = conn.execute(
        select(DeliveryRow, SubscriptionRow.target, SubscriptionRow.template)
        .outerjoin(SubscriptionRow, SubscriptionRow.name == DeliveryRow.subscription)
        .where(DeliveryRow.id == ask.delivery)
    ).one_or_none()
    if row is None:
        raise Failure(f"there is no delivery {ask.delivery}")
    told, target, template = row
    if told.sent_at is not None or told.round != ask.round:
        return None
    if target is None:
        raise Failure(f"the subscription {told.subscription} was removed")
    fields = {"run_id": told.run_id, "codebase": told.codebase, "campaign": told.campaign}
    message_id = str(told.message_id)
    return target, compose(message_id, told.event, told.created_at, fields | told.details, template)


def send(target_name: str, message: Message, environ: Mapping[str, str] | None = None) -> None:
    """Send a message to a target once.

    Args:
        target_name: where to.
        message: what.
        environ: what explains the target; None for the variables of this process.

    Raises:
        Failure: it will not be taken.
        PassingError: it may be taken later.
    """
    target = find_target(target_name, environ)
    (webhook if target.is_webhook else by_apprise).send(target, message)


class Sender:
    """Sends messages one after the other, and lets no target keep the others waiting.

    A target that took longer than :data:`QUICK` not to take a message is left alone for
    :data:`REST` times as long as it took beyond that: one that hangs costs a tenth of the time. One
    that takes them, however slowly, has its turn like others.
    """

    def __init__(self) -> None:
        self._left_alone: dict[str, tuple[float, str]] = {}  # until when and why, by name

    def send(
        self, target_name: str, message: Message, environ: Mapping[str, str] | None = None
    ) -> None:
        """Send a message to a target once, as :func:`send` does.

        Raises:
            Failure: it will not be taken.
            PassingError: it may be taken later; or the target is left alone now.
        """
        began = time.monotonic()
        until, why = self._left_alone.get(target_name, (began, ""))
        if began < until:
            said = f"target {target_name} is left alone a while, it took long last time: {why}"
            raise PassingError(said, retry_after=timedelta(seconds=until - began))
        try:
            send(target_name, message, environ)
        except BaseException as error:  # also the end of patience with this task
            now = time.monotonic()
            why = str(error) if isinstance(error, JanitorError) else type(error).__name__
            self._left_alone[target_name] = now + REST * (now - began - QUICK), why
            raise


def record_sent(conn: Conn, ask: Deliver) -> None:
    """Write down that a delivery was taken, in the transaction that ends its job."""
    conn.execute(
        update(DeliveryRow)
        .where(unsent(ask))
        .values(sent_at=func.now(), given_up_at=None, reason=None)
    )


def prune_deliveries(conn: Conn) -> int:
    """Delete deliveries that ended long ago; returns how many, at most a batch."""
    ended = func.coalesce(DeliveryRow.sent_at, DeliveryRow.given_up_at)
    old = (
        select(DeliveryRow.id)
        .where(
            ended < func.now() - KEEP_SENT,
            or_(DeliveryRow.sent_at.is_not(None), ended < func.now() - KEEP_GIVEN_UP),
        )
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    gone = conn.execute(
        delete(DeliveryRow)
        .where(DeliveryRow.id.in_(old.scalar_subquery()))
        .returning(DeliveryRow.id),
        execution_options={"synchronize_session": False},
    )
    return len(gone.all())
