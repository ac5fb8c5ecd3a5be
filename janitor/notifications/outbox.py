"""The outbox: a delivery for each subscription, written in the transaction of the change.

Nobody is told of what was rolled back. The job that delivers is asked for in the same
transaction; :mod:`.delivery` does it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, text, update

from janitor.jobs import JobKind, Payload, RetryPolicy
from janitor.jobs.together import submit_all
from janitor.notifications.events import EVENTS, UnknownEvent
from janitor.state import Conn
from janitor.state.notification import DeliveryRow
from janitor.storable import storable_text


class Deliver(Payload):
    """Which delivery; ``round`` rises when somebody has it sent again."""

    delivery: int
    round: int


def unsent(ask: Deliver) -> ColumnElement[bool]:
    """Return the condition of its delivery, unless that is sent or asked for anew."""
    return and_(
        DeliveryRow.id == ask.delivery,
        DeliveryRow.round == ask.round,
        DeliveryRow.sent_at.is_(None),
    )


def _give_up(conn: Conn, ask: Deliver, reason: str) -> None:
    """Keep why nothing was sent; the job's row is forgotten earlier."""
    conn.execute(
        update(DeliveryRow).where(unsent(ask)).values(given_up_at=func.now(), reason=reason)
    )


DELIVER = JobKind(
    "janitor.review.notify",
    Deliver,
    key=lambda ask: f"{ask.delivery}/{ask.round}",
    when_failed=_give_up,
    # Between half a day and a whole one: a receiver's repair over night.
    retry=RetryPolicy(max_attempts=16, longest_pause=timedelta(hours=6)),
)


@dataclass(frozen=True)
class Notice:
    """An event that somebody may want to hear of; the fields are those of :func:`notify`."""

    event: str
    details: dict[str, Any]
    run_id: str | None = None
    campaign: str | None = None
    to: str | None = None


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

    Costs one statement where nobody listens at all.

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
    return notify_all(conn, [Notice(event, details, run_id, campaign, to)])


def notify_all(conn: Conn, notices: Sequence[Notice]) -> list[int]:
    """Do for several events what :func:`notify` does for one, in as many statements."""
    for notice in notices:
        _check(notice)
    if not notices or not conn.execute(_SOMEBODY_LISTENS).scalar_one():
        return []
    written = conn.execute(_WRITE, {"notices": json.dumps([_told(each) for each in notices])})
    deliveries = list(written.scalars())
    submit_all(conn, DELIVER, [Deliver(delivery=each, round=1) for each in deliveries])
    return deliveries


def _check(notice: Notice) -> None:
    unknown = sorted(notice.details.keys() - set(EVENTS.get(notice.event, ())))
    if notice.event not in EVENTS or unknown:
        fields = ", ".join(unknown) or "its fields"
        raise UnknownEvent(f"there is no event {notice.event!r} with {fields}")


def _told(notice: Notice) -> dict[str, Any]:
    """What is kept of an event; nobody's secrets."""
    details = {
        name: storable_text(value) if isinstance(value, str) else value
        for name, value in notice.details.items()
    }
    return {
        "event": notice.event,
        "run_id": notice.run_id,
        "campaign": notice.campaign,
        "to": notice.to,
        "details": details,
    }


_SOMEBODY_LISTENS = text("SELECT EXISTS (SELECT FROM notification_subscription)")

_WRITE = text("""
INSERT INTO notification_delivery (subscription, event, run_id, codebase, campaign, details)
SELECT subscription.name, notice.event, notice.run_id, run.codebase, about.campaign,
    notice.details
FROM ROWS FROM (jsonb_to_recordset(cast(:notices AS jsonb))
    AS (event text, run_id text, campaign text, "to" text, details jsonb)) WITH ORDINALITY
    AS notice (event, run_id, campaign, "to", details, place)
CROSS JOIN notification_subscription AS subscription
LEFT JOIN run ON run.id = notice.run_id
CROSS JOIN LATERAL (SELECT coalesce(run.suite, notice.campaign) AS campaign) AS about
WHERE CASE
    WHEN notice."to" IS NOT NULL THEN subscription.name = notice."to"
    ELSE notice.event LIKE translate(subscription.events, '*', '%')
        AND subscription.campaign IN ('*', about.campaign)
    END
ORDER BY notice.place, subscription.name
RETURNING id
""")
