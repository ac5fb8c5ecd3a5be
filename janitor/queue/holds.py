"""What keeps entries from being taken now, and why, in words.

:mod:`.hosts` and :mod:`.pace` set limits and pauses, and :mod:`.choice` keeps to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from janitor.queue.pace import EVERY_CAMPAIGN, paused_campaigns
from janitor.state import Conn
from janitor.times import moment_in_words


@dataclass(frozen=True)
class Limit:
    """How a host is limited at a moment.

    ``opens_in`` is how long it is rate-limited still (None: for ever, as far as anybody knows),
    zero where it isn't. ``active`` of its items are claimed, of ``most_active`` that may be.
    """

    host: str
    rate_limited_until: datetime | None
    opens_in: timedelta | None
    active: int
    most_active: int | None

    @property
    def why(self) -> tuple[str, ...]:
        """Why nothing may be taken from the host; nothing is said if something may."""
        said = []
        if self.opens_in is None:
            said.append(f"host {self.host} is rate-limited, nobody knows until when")
        elif self.opens_in:
            until = moment_in_words(self.rate_limited_until)
            said.append(f"host {self.host} is rate-limited until {until}")
        if self.most_active is not None and self.active >= self.most_active:
            said.append(f"host {self.host} has {self.active} of {self.most_active} active")
        return tuple(said)

    def __str__(self) -> str:
        rest = [reason for reason in self.why if "rate-limited" in reason]
        most = "any number" if self.most_active is None else f"at most {self.most_active}"
        return "; ".join([f"host {self.host} may have {most} active, has {self.active}", *rest])

    @property
    def never_opens(self) -> bool:
        """Whether nothing is taken from the host before somebody changes its limits."""
        return self.opens_in is None or self.most_active == 0


@dataclass(frozen=True)
class Holds:
    """The pauses of campaigns and the limits of hosts at one moment."""

    paused: frozenset[str]
    limits: Mapping[str, Limit]

    @classmethod
    def of_now(cls, conn: Conn) -> Holds:
        """Return those that there are."""
        limits = (Limit(**row) for row in conn.execute(_LIMITS).mappings())
        return cls(frozenset(paused_campaigns(conn)), {limit.host: limit for limit in limits})

    def __bool__(self) -> bool:
        return bool(self.paused or self.limits)

    def beside(self, campaign: str, host: str) -> Holds:
        """Return those that may hold others back and not an entry of a campaign on a host."""
        limits = {name: limit for name, limit in self.limits.items() if name != host}
        return Holds(self.paused - {campaign, EVERY_CAMPAIGN}, limits)

    def of_campaign(self, campaign: str) -> tuple[str, ...]:
        """Return why no entry of a campaign may be taken; nothing is said if some may."""
        if EVERY_CAMPAIGN in self.paused:
            return ("all campaigns are paused: nothing is handed out",)
        return (f"campaign {campaign} is paused",) if campaign in self.paused else ()

    def of_host(self, host: str) -> tuple[str, ...]:
        """Return why no entry on a host may be taken; nothing is said if some may."""
        return self.limits[host].why if host in self.limits else ()

    def why(self, campaign: str, host: str) -> tuple[str, ...]:
        """Return why an entry of a campaign on a host may not be taken, if it may not."""
        return self.of_campaign(campaign) + self.of_host(host)


# An endless rate limit ('infinity') is a moment that Python doesn't have.
_LIMITS = text("""
SELECT host,
    CASE WHEN isfinite(rate_limited_until) THEN rate_limited_until END AS rate_limited_until,
    CASE
        WHEN is_rate_limited IS NOT TRUE THEN interval '0'
        WHEN isfinite(rate_limited_until) THEN rate_limited_until - now()
    END AS opens_in,
    coalesce(most_active - room, 0) AS active,
    most_active
FROM host_limit
JOIN host_room USING (host)
""")
