"""What is told of an event: a text from a template, beside the event's fields.

Templates are :class:`string.Template`: ``$codebase`` and the like, no expressions, nothing that
could run. A text's first line is its title.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any

from janitor.errors import Failure
from janitor.notifications.events import ALWAYS, DIGEST, EVENTS, TEST, WAITING

LONGEST_TEMPLATE = 4000  # characters
LONGEST_TITLE = 200  # characters; more than a mail's subject shows

_USUAL = {
    "verdict": "$campaign on $codebase: $verdict by $reviewer\n\n$comment\n\n$why\n\nRun $run_id",
    "publish-status": "$campaign on $codebase is $publish_status\n\n$actor\n$why\n\nRun $run_id",
    WAITING: "$campaign on $codebase waits for a review\n\nFor $days days: since $since, run"
    " $run_id",
    DIGEST: "$waiting runs wait for a review\n\n$campaigns\nThe oldest since $oldest\n\nVerdicts"
    " of the last day: $verdicts",
    TEST: "A test of notifications\n\nSomebody tried whether this arrives.",
}


class BadTemplate(Failure, ValueError):
    """A template that could not be filled in."""


@dataclass(frozen=True)
class Message:
    """One event as it is told to one subscription.

    Args:
        id: what a receiver knows a repeated message by.
        event: what happened.
        at: when.
        fields: the event's fields.
        title: one line.
        body: the rest of the text; the title where there is no more.
    """

    id: str
    event: str
    at: datetime
    fields: dict[str, Any]
    title: str
    body: str


def checked_template(text: str, events: Iterable[str]) -> str:
    """Return a template if each of some events can fill it in.

    Args:
        text: the template.
        events: what it is for.

    Raises:
        BadTemplate: it has a field that one of them lacks, a lone ``$``, or no first line.
    """
    template = Template(text)
    if not text.strip() or len(text) > LONGEST_TEMPLATE or "\x00" in text:
        raise BadTemplate(f"a template has 1 to {LONGEST_TEMPLATE} characters, and no NUL")
    if not template.is_valid():
        raise BadTemplate("the template has a $ that begins no field's name; write $$ for a $")
    for event in events:
        known = (*ALWAYS, *EVENTS[event])
        for name in template.get_identifiers():
            if name not in known:
                fields = ", ".join(f"${field}" for field in known)
                raise BadTemplate(f"the template has ${name}, and {event} has only {fields}")
    return text


def compose(
    message_id: str, event: str, at: datetime, fields: dict[str, Any], template: str | None
) -> Message:
    """Return the message of an event.

    Args:
        message_id: its id.
        event: what happened.
        at: when.
        fields: what is known of it; what is missing or None is left blank.
        template: the subscription's; None for the usual one.
    """
    chosen = template or _USUAL.get(event) or _USUAL[event.partition(".")[0]]
    told = dict.fromkeys((*ALWAYS, *EVENTS[event]), "") | {"event": event}
    told |= {name: str(value) for name, value in fields.items() if value is not None}
    text = re.sub(r"\n\s*\n", "\n\n", Template(chosen).safe_substitute(told)).strip()
    title, _, body = text.partition("\n")
    # One line without control characters: titles become headers of mails.
    title = "".join(c if c.isprintable() else " " for c in title)[:LONGEST_TITLE].strip()
    return Message(message_id, event, at, fields, title, body.strip() or title)
