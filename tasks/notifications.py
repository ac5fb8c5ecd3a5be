"""The review pool, too: telling people what they want to hear of."""

from __future__ import annotations

from janitor.deployment import Deployment
from janitor.notifications import DELIVER, Deliver
from janitor.notifications.delivery import Sender, read, record_sent
from janitor.notifications.reminders import digest, remind
from tasks.base import Work, ticks
from tasks.turn import carries_in_turn

SENDER = Sender()  # of this child


@carries_in_turn(DELIVER)
def deliver(work: Work[Deliver]) -> None:
    """Send one event to one subscription."""
    with work.deployment.sessions() as session:
        found = read(session, work.ask)
    if found is not None:
        SENDER.send(*found)
    with work.finish() as session:
        if found is not None:
            record_sent(session, work.ask)


@ticks("janitor.review.remind")
def remind_people(deployment: Deployment) -> str:
    """Tell of runs that wait long for a review, and once a day how reviews stand."""
    with deployment.sessions.begin() as session:
        reminders = remind(session)
    with deployment.sessions.begin() as session:
        digests = digest(session)
    return f"{reminders} reminders, {digests} digests"
