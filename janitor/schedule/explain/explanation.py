"""All that is known of one codebase in one campaign, put together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from janitor.names import checked_slug
from janitor.queue.position import find_place
from janitor.queue.waiting import who_works_on
from janitor.schedule.explain.factors import Factors, factors_of
from janitor.schedule.explain.place import Place, place_of
from janitor.schedule.explain.reasons import why_not_queued
from janitor.schedule.options import PARITY, Options
from janitor.state import Conn
from janitor.times import in_json


@dataclass(frozen=True)
class Explanation:
    """All that is known of one codebase in one campaign; ``reasons`` why nobody takes it now."""

    codebase: str
    campaign: str
    change_set: str | None
    reasons: tuple[str, ...]
    place: Place | None
    factors: Factors | None

    @property
    def state(self) -> str:
        """``waiting``, ``held back``, ``under way`` or ``not in the queue``."""
        if self.place is None:
            return "not in the queue"
        if self.place.waiting is None:
            return "under way"
        return "held back" if self.reasons else "waiting"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON says it, durations in seconds."""
        said: dict[str, Any] = {"state": self.state} | in_json(asdict(self))
        if self.place and self.place.waiting:
            said["place"]["waiting"] = self.place.waiting.as_json()
        return said

    def __str__(self) -> str:
        where = f"{self.campaign} on {self.codebase}"
        where += f" ({self.change_set})" if self.change_set else ""
        parts = (str(part) for part in (self.place, self.factors) if part)
        return "\n".join([f"{where}: {self.state}", *self.reasons, *parts])


def explain(
    conn: Conn,
    codebase: str,
    campaign: str,
    change_set: str | None = None,
    *,
    options: Options = PARITY,
) -> Explanation:
    """Say why a candidate has its place in the queue, or has none.

    Args:
        conn: a connection or session.
        codebase: where it is to run.
        campaign: what for.
        change_set: that of the candidate; None or empty for the candidate without one.
        options: how places are given.

    Raises:
        UnsafeName: the codebase or campaign is no name of one.
        Unstorable: the change set is no text that the database takes.
    """
    checked_slug(codebase, "codebase")
    checked_slug(campaign, "campaign")
    change_set = change_set or None
    entry = find_place(conn, campaign, codebase, change_set or "")
    factors = factors_of(conn, codebase, campaign, change_set, options)
    if entry is None:
        rests = factors.cooling_until if factors else None
        reasons = why_not_queued(conn, codebase, campaign, change_set, rests)
        return Explanation(codebase, campaign, change_set, reasons, None, factors)
    place = place_of(conn, entry, options)
    reasons = place.waiting.held if place.waiting else (who_works_on(entry),)
    return Explanation(codebase, campaign, change_set, reasons, place, factors)
