"""Waiting for the database while it is away, and saying so without secrets."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from celery.exceptions import Reject
from sqlalchemy.exc import InterfaceError, OperationalError

from janitor.redaction import redact
from janitor.wording import in_words

logger = logging.getLogger(__name__)

R = TypeVar("R")

DATABASE_PATIENCE = 30.0  # seconds; less than the shortest time limit of a pool
DATABASE_PAUSE = 1.0


def patiently(step: Callable[[], R]) -> R:
    """Take a step that needs the database, and wait for it while it is away.

    Until the row is made, the message may be all there is of a job, so it must not end as
    failed. Work that waits here leaves the other messages where they are, in the broker.

    Raises:
        Reject: the wait was long; the message goes back to its queue.
    """
    deadline = time.monotonic() + DATABASE_PATIENCE
    while True:
        try:
            return step()
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > deadline:
                raise Reject(safe(error), requeue=True) from error
            logger.warning("waiting for the database: %s", safe(error).splitlines()[0])
            time.sleep(DATABASE_PAUSE)


def safe(error: BaseException) -> str:
    """Return what went wrong, without secrets."""
    return redact(in_words(error))
