"""Limits of hosts: left alone until a moment, or at most so many claims at once.

:mod:`.claims` leaves closed hosts out, and takes no more of others than there is room for.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert

from janitor.errors import Failure
from janitor.state import Conn
from janitor.state.queue_limits import HostLimit

MOST_ACTIVE = 2**31 - 1  # what the column takes
_HOST = re.compile(r"[^\s/\x00-\x1f\x7f\ud800-\udfff]{1,255}")


class InvalidLimit(Failure):
    """A limit that says nothing sensible, or of what is no host."""


def limit_host(
    conn: Conn,
    host: str,
    *,
    rate_limited_until: datetime | None = None,
    most_active: int | None = None,
) -> None:
    """Set the limits of a host anew; without any, it has none.

    Args:
        conn: the caller's transaction.
        host: as :attr:`janitor.state.codebase.Codebase.hostname` has it.
        rate_limited_until: leave it alone until then.
        most_active: how many of its items may be claimed at once; 0 is none.

    Raises:
        InvalidLimit: a negative or huge number, or no host.
    """
    _check_host(host)
    if most_active is not None and not 0 <= most_active <= MOST_ACTIVE:
        raise InvalidLimit(
            f"host {host}: at most {most_active} active is no limit; give 0 to {MOST_ACTIVE}"
        )
    limits = {"rate_limited_until": rate_limited_until, "most_active": most_active}
    conn.execute(
        insert(HostLimit)
        .values(host=host, **limits)
        .on_conflict_do_update(index_elements=["host"], set_=limits)
    )


def leave_alone(conn: Conn, host: str, until: datetime) -> None:
    """Leave a host alone until a moment, as it asked; its other limits stay, and a longer rest.

    Args:
        conn: the caller's transaction.
        host: as for :func:`limit_host`.
        until: when it may be asked again.
    """
    row = insert(HostLimit).values(host=host, rate_limited_until=until)
    longest = func.greatest(HostLimit.rate_limited_until, until)  # NULL is none
    conn.execute(
        row.on_conflict_do_update(index_elements=["host"], set_={"rate_limited_until": longest})
    )


def rest_of(conn: Conn, host: str) -> timedelta | None:
    """Return how long a host is to be left alone still, a day at most; None if it is not.

    Args:
        conn: a connection or session.
        host: however it is spelt.
    """
    asked = {"host": host.lower()}
    rest: timedelta | None = conn.execute(_REST_OF, asked).scalar_one()
    return rest


def closed_hosts(conn: Conn) -> set[str]:
    """Return the hosts that nothing may be taken from now."""
    return set(conn.execute(text("SELECT host FROM closed_host")).scalars())


def _check_host(host: str) -> None:
    if not _HOST.fullmatch(host):
        raise InvalidLimit(
            f"{host[:60]!r} is no host; give it as branch URLs have it, like git.example.org"
        )


# An endless one ('infinity') is no duration.
_REST_OF = text("""
SELECT max(least(rate_limited_until, now() + interval '1 day')) - now()
FROM host_limit
WHERE lower(host) = :host AND rate_limited_until > now()
""")
