"""Where the broker is: a URL that both Celery and our own Redis client understand.

Checked before anything connects, so that a slip of the pen is told at once instead of being
waited for (:mod:`workers.waiting`) like a server that is away.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from janitor.errors import Failure

SCHEMES = ("redis", "rediss")
_LIKE = "redis://HOST:6379/0"


class NotABrokerUrl(Failure):
    """A broker location that cannot be one; says nothing of what it holds."""


def checked_broker_url(location: str | None) -> str:
    """Return the location of the broker if it can be one.

    Raises:
        NotABrokerUrl: it is missing, or no URL of a Redis server.
    """
    if location is None:
        raise NotABrokerUrl(
            "redis_location is not configured: set it in janitor.conf or as JANITOR_REDIS_LOCATION"
        )
    try:
        url = urlsplit(location)
        fits = url.scheme in SCHEMES and url.port != 0 and _names_a_database(url.path)
    except ValueError:  # a port that is no number, a bracket that is not closed
        fits = False
    if not fits:
        raise NotABrokerUrl(
            f"redis_location (JANITOR_REDIS_LOCATION) is not a URL like {_LIKE}; in a password,"
            " characters like / and @ are written as %2F and %40"
        )
    return location


def _names_a_database(path: str) -> bool:
    number = path.removeprefix("/")
    return not number or (number.isascii() and number.isdigit())
