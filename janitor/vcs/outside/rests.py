"""Hosts that ask to be left alone: whoever goes outside passes it on to :mod:`janitor.queue.hosts`.

There it holds for everybody: for looking at branches, for mirroring, and for claims of the queue.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from janitor.queue.hosts import leave_alone
from janitor.state import Conn
from janitor.vcs.errors import BranchOpenFailure

_ASKED_TOO_MUCH = "too-many-requests"
_REST = timedelta(minutes=5)  # where the host did not say how long


def let_rest(conn: Conn, failure: BranchOpenFailure, asked: str) -> str | None:
    """Leave a host alone if it asks for that.

    Args:
        conn: the caller's transaction.
        failure: what was answered.
        asked: the host that was asked; after a redirect, another has answered.

    Returns:
        The host that is left alone from now on, as codebases spell it; None if none asked.
    """
    if failure.code != _ASKED_TOO_MUCH and not failure.retry_after:
        return None
    answered = failure.host or asked
    host = asked if answered.lower() == asked.lower() else answered
    rest = timedelta(seconds=failure.retry_after) if failure.retry_after else _REST
    leave_alone(conn, host, datetime.now(UTC) + rest)
    return host
