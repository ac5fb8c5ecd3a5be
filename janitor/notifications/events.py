"""What people can hear of: each event with the fields that a message about it has."""

from __future__ import annotations

import re
from typing import get_args

from janitor.errors import Failure
from janitor.state.types import PublishStatus, Verdict

TEST = "test"  # for one subscription at a time, when somebody tries it out
WAITING = "review.waiting"
DIGEST = "review.digest"

ALWAYS = ("event", "run_id", "codebase", "campaign")

_VERDICT = ("verdict", "reviewer", "comment", "why")
_PUBLISH_STATUS = ("publish_status", "actor", "why")

EVENTS: dict[str, tuple[str, ...]] = {
    **{f"verdict.{verdict}": _VERDICT for verdict in get_args(Verdict)},
    # Each run begins as unknown: no news for anybody.
    **{f"publish-status.{s}": _PUBLISH_STATUS for s in get_args(PublishStatus) if s != "unknown"},
    WAITING: ("since", "days"),
    DIGEST: ("waiting", "oldest", "campaigns", "verdicts"),
    TEST: (),
}

_PATTERN = re.compile(r"[a-z.*-]+")


class UnknownEvent(Failure, ValueError):
    """A name or pattern that no event has."""


def matching(pattern: str) -> list[str]:
    """Return the events that a pattern names, in which ``*`` stands for any text.

    Raises:
        UnknownEvent: there is none.
    """
    if _PATTERN.fullmatch(pattern):
        wanted = re.compile(re.escape(pattern).replace(r"\*", ".*"))
        found = [event for event in EVENTS if event != TEST and wanted.fullmatch(event)]
        if found:
            return found
    known = ", ".join(event for event in EVENTS if event != TEST)
    raise UnknownEvent(f"no event is named {pattern!r}; there are {known}, and * for any text")
