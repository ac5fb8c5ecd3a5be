"""The two ways in which work can end badly, and what a person is told.

Every exception of the domain is one of these, so that the job ledger
(:mod:`janitor.jobs`) knows without asking whether trying again can help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # reading a configuration needs errors and no clock, and is to be quick
    from datetime import timedelta


class JanitorError(Exception):
    """Anything that the domain says went wrong; its text is meant for people."""


class Failure(JanitorError):
    """What the world answered for good: no such branch, artifacts missing, verdict refused.

    Final, recorded, never retried.
    """


class LongFailure(Failure):
    """A failure whose text has lines, the end of a log, say; that of any other is one line."""


class PassingError(JanitorError):
    """What may pass: a store that is unavailable, a lost connection, a rate limit.

    Retried from the job table with backoff.

    Args:
        message: what went wrong, with which thing.
        retry_after: how long the other side asked us to wait, if it did.
    """

    def __init__(self, message: str = "", *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
