"""The policy when a store is away: the backup gets it, and somebody moves it later."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal, TypeVar

from janitor.redaction import redact
from janitor.storage.manager import BlobManager
from janitor.storage.port import ServiceUnavailable

logger = logging.getLogger(__name__)

Location = Literal["primary", "backup"]

M = TypeVar("M", bound=BlobManager)
T = TypeVar("T")


def with_backup(
    storing: Callable[[M], T], primary: M, backup: M | None, what: str
) -> tuple[T, Location]:
    """Store something in the primary store or, where that is unavailable, in the backup.

    Args:
        storing: stores it in the manager that it is given; may be called twice.
        primary: tried first.
        backup: tried next, if there is one.
        what: is stored, for the log.

    Returns:
        What ``storing`` returned, and where that was.

    Raises:
        ServiceUnavailable: neither takes it.
    """
    try:
        return storing(primary), "primary"
    except ServiceUnavailable as error:
        if backup is None:
            raise
        logger.warning("%s goes to the backup store: %s", what, redact(str(error)))
    return storing(backup), "backup"
