"""How long an entry waits: its position, a range of time that can be relied on, what holds it.

:mod:`.position` counts what is before it, :mod:`.load` tells how much of that there is to do,
:mod:`.holds` what may not be taken now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from janitor.queue.holds import Holds, Limit
from janitor.queue.load import Crew, Load, load_before
from janitor.queue.position import find_place
from janitor.state import Conn
from janitor.times import duration_in_words, in_json, moment_in_words


@dataclass(frozen=True)
class Waiting:
    """How far an entry is from being served.

    The range holds if runs take as long as estimated, the workers that are at work now stay and
    may take any entry, nothing comes in ahead, and pauses and limits stay as they are. Until
    the entry begins each of the *w* workers has something else to do, so

    - ``at_least``: *w* times the wait is no less than what is sure to be begun before, less what
      *w* - 1 may leave unfinished. What may be passed over is not sure: paused campaigns, and
      hosts with any limit. A rate-limited host adds nothing before its time.
    - ``at_most``: *w* times the wait is no more than all that is ahead or under way, less what
      no one may take in that time. On a host that may have *n* active, only *n* are sure to
      have something earlier to do, where *n* is less than *w*.

    Attributes:
        position: from 1, among what nobody has claimed; None for what somebody works on.
        ahead: the estimated duration of all before it.
        workers: how many are at work.
        at_least: how long it waits if all goes well.
        at_most: how long it waits if all goes badly; None is unknown: nobody is at work, or
            the entry is held for nobody knows how long.
        held: why nobody may take it now; empty if somebody may.
    """

    position: int | None
    ahead: timedelta
    workers: int
    at_least: timedelta
    at_most: timedelta | None
    held: tuple[str, ...] = ()

    @classmethod
    def of(cls, place: Row[Any], crew: Crew, holds: Holds, load: Load) -> Waiting:
        """Return how long the entry at a place waits.

        Args:
            place: the entry's, of :func:`janitor.queue.position.find_place`.
            crew: who is at work.
            holds: all pauses and limits.
            load: the work ahead of the entry.
        """
        if place.claim_id is not None:
            held = (who_works_on(place),)
            return cls(None, timedelta(), crew.workers, timedelta(), timedelta(), held)
        limit = holds.limits.get(place.host)
        return cls(
            position=place.items + 1,
            ahead=place.duration,
            workers=crew.workers,
            at_least=_at_least(load, crew, limit),
            at_most=None if holds.of_campaign(place.suite) else _at_most(load, crew, limit),
            held=holds.why(place.suite, place.host),
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON says it, durations in seconds."""
        return {
            "position": self.position,
            "seconds_ahead": self.ahead.total_seconds(),
            "workers": self.workers,
            "earliest": in_json(self.at_least),
            "latest": in_json(self.at_most),
            "held": list(self.held),
        }

    def __str__(self) -> str:
        if self.position is None:
            return "under way"
        work = duration_in_words(self.ahead)
        return f"position {self.position}, {work} of estimated work ahead\n{self._range()}"

    def _range(self) -> str:
        least = duration_in_words(self.at_least)
        if self.at_most is not None:
            return (
                f"waits {least} to {duration_in_words(self.at_most)} with {self.workers} at work,"
                " if runs take as long as estimated and nothing is put ahead"
            )
        why = "it is held back" if self.workers else "nobody is working"
        return f"waiting time unknown: {why}" + (f"; at least {least}" if self.at_least else "")


def waiting_time(
    conn: Conn, campaign: str, codebase: str, change_set: str | None = None
) -> Waiting | None:
    """Return how far an entry is from being served; None where there is no such entry.

    Args:
        conn: the caller's transaction.
        campaign: the entry's.
        codebase: the entry's.
        change_set: the entry's; ``""`` for the one without. None is any: of several the first.
    """
    place = find_place(conn, campaign, codebase, change_set)
    if place is None:
        return None
    crew = Crew.of_now(conn)
    holds = Holds.of_now(conn)
    load = load_before(conn, place, holds.beside(place.suite, place.host), crew.workers)
    return Waiting.of(place, crew, holds, load)


def who_works_on(entry: Row[Any]) -> str:
    """Return who has claimed an entry, and for how long."""
    return f"{entry.claimed_by} is working on it, until {moment_in_words(entry.claimed_until)}"


def _at_least(load: Load, crew: Crew, limit: Limit | None) -> timedelta:
    opens_in = (limit and limit.opens_in) or timedelta()
    return max(load.certain / crew.workers, opens_in) if crew.workers else opens_in


def _at_most(load: Load, crew: Crew, limit: Limit | None) -> timedelta | None:
    busy = crew.workers
    if limit is not None and (limit.never_opens or limit.opens_in):
        return None
    if limit is not None and limit.most_active is not None:
        busy = min(busy, limit.most_active)
    if not busy:
        return None
    bound = (load.possible + crew.under_way) / busy
    for opens_in, duration in load.later:
        if opens_in >= bound:  # too late to come in ahead
            break
        bound += duration / busy
    return bound
