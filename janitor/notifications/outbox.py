"""The outbox: a delivery for each subscription, written in the transaction of the change.

Nobody is told of what was rolled back. The job that delivers is asked for in the same
transaction; :mod:`.delivery` does it.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import func, text, update

from janitor.jobs import JobKind, Payload, RetryPolicy, submit
from janitor.jobs.ledger import storable_text
from janitor.notifications.events import EVENTS, UnknownEvent
from janitor.state import Conn
from janitor.state.notification import DeliveryRow


class Deliver(Payload):
    """Which delivery; ``round`` rises when somebody has it sent again."""

    delivery: int
    round: int


def _give_up(conn: Conn, ask: Deliver, reason: str) -> None:
    """Keep why nothing was sent; the job's row is forgotten earlier."""
    conn.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == ask.delivery, DeliveryRow.sent_at.is_(None))
        .values(given_up_at=func.now(), reason=reason)
    )


DELIVER = JobKind(
    "janitor.review.notify",
    Deliver,
    key=lambda ask: f"{ask.delivery}/{ask.round}",
    when_failed=_give_up,
    # Between half a day and a whole one: a receiver's repair over night.
    retry=RetryPolicy(max_attempts=16, longest_pause=timedelta(hours=6)),
)


def notify(
    conn: Conn,
    event: str,
    *,
    run_id: str | None = None,
    campaign: str | None = None,
    to: str | None = None,
    **details: Any,  # noqa: ANN401 - what JSON can say
) -> list[int]:
    """Write a delivery for each subscription that wants an event, and ask for them.

    Costs one statement where nobody wants to hear of it.

    Args:
        conn: the transaction of the change.
        event: one of :data:`~janitor.notifications.events.EVENTS`.
        run_id: the run that it is about; its codebase and campaign are looked up.
        campaign: the campaign that it is about, where there is no run.
        to: tell this subscription alone, whatever it wants.
        details: what else is to be told, of the event's fields; text without secrets.

    Returns:
        The ids of the deliveries.

    Raises:
        UnknownEvent: there is no such event, or it has no such field.
    """
    unknown = sorted(details.keys() - set(EVENTS.get(event, ())))
    if event not in EVENTS or unknown:
        raise UnknownEvent(f"there is no event {event!r} with {', '.join(unknown) or 'its fields'}")
    told = {name: _told(value) for name, value in details.items()}
    written = conn.execute(
        _WRITE,
        {
            "event": event,
            "run_id": run_id,
            "campaign": campaign,
            "to": to,
            "details": json.dumps(told),
        },
    )
    deliveries = list(written.scalars())
    for delivery in deliveries:
        submit(conn, DELIVER, Deliver(delivery=delivery, round=1))
    return deliveries


def _told(value: Any) -> Any:  # noqa: ANN401 - what JSON can say
    return storable_text(value) if isinstance(value, str) else value


_WRITE = text("""
INSERT INTO notification_delivery (subscription, event, run_id, codebase, campaign, details)
SELECT subscription.name, :event, :run_id, run.codebase, about.campaign, cast(:details AS jsonb)
FROM notification_subscription AS subscription
LEFT JOIN run ON run.id = :run_id
CROSS JOIN LATERAL (SELECT coalesce(run.suite, :campaign) AS campaign) AS about
WHERE CASE
    WHEN cast(:to AS text) IS NOT NULL THEN subscription.name = :to
    ELSE :event LIKE translate(subscription.events, '*', '%')
        AND subscription.campaign IN ('*', about.campaign)
    END
RETURNING id
""")
