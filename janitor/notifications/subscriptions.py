"""Who is to hear of what: subscriptions, checked when they are set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from janitor.errors import Failure
from janitor.names import checked_component, checked_slug
from janitor.notifications.events import matching
from janitor.notifications.message import checked_template
from janitor.notifications.targets import checked_name
from janitor.state import Conn
from janitor.state.notification import SubscriptionRow

REMIND_AFTER = timedelta(days=3)
ALL = "*"


class NoSubscription(Failure):
    """A name that no subscription has."""


@dataclass(frozen=True)
class Subscription:
    """Who is to hear of what.

    Args:
        name: what people call it.
        events: an event, or a pattern in which ``*`` stands for any text.
        target: the name of a target (:mod:`.targets`).
        campaign: only of this one; ``*`` is all.
        template: the text of its messages (:mod:`.message`); None for the usual one.
        remind_after: how long a run waits before a reminder, and until the next.
    """

    name: str
    events: str
    target: str
    campaign: str = ALL
    template: str | None = None
    remind_after: timedelta = REMIND_AFTER


def set_subscription(conn: Conn, wanted: Subscription) -> None:
    """Store a subscription; one of that name is replaced.

    Args:
        conn: the caller's transaction.
        wanted: what is to be.

    Raises:
        Failure: a part of it is refused; nothing has changed then.
    """
    checked_component(wanted.name, "subscription")
    checked_name(wanted.target)
    if wanted.campaign != ALL:
        checked_slug(wanted.campaign, "campaign")
    events = matching(wanted.events)
    if wanted.template is not None:
        checked_template(wanted.template, events)
    if wanted.remind_after <= timedelta():
        raise Failure(f"subscription {wanted.name}: reminders need a time above zero")
    values = {
        "events": wanted.events,
        "target": wanted.target,
        "campaign": wanted.campaign,
        "template": wanted.template,
        "remind_after": wanted.remind_after,
    }
    conn.execute(
        insert(SubscriptionRow)
        .values(name=wanted.name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values | {"changed_at": func.now()})
    )


def remove_subscription(conn: Conn, name: str) -> None:
    """Delete a subscription; what is not delivered yet is not delivered any more.

    Raises:
        NoSubscription: there is none of that name.
    """
    gone = conn.execute(
        delete(SubscriptionRow).where(SubscriptionRow.name == name).returning(SubscriptionRow.name),
        execution_options={"synchronize_session": False},
    )
    if gone.one_or_none() is None:
        raise NoSubscription(f"there is no subscription {name!r}")


def subscriptions(conn: Conn) -> list[Subscription]:
    """Return all subscriptions, by name."""
    rows = conn.execute(
        select(
            SubscriptionRow.name,
            SubscriptionRow.events,
            SubscriptionRow.target,
            SubscriptionRow.campaign,
            SubscriptionRow.template,
            SubscriptionRow.remind_after,
        ).order_by(SubscriptionRow.name)
    )
    return [Subscription(*row) for row in rows]
