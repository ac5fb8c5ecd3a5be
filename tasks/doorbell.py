"""The doorbell behind the ledger: one Celery message for each ring.

A broker that is away costs nothing but time: the row is there, and upkeep rings again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from celery import Celery
from kombu.exceptions import KombuError, OperationalError

from janitor.jobs import Ring
from janitor.redaction import redact
from tasks.base import TRACE_HEADER

logger = logging.getLogger(__name__)


class CeleryDoorbell:
    """Sends rings as messages named like the kind of the job.

    Args:
        app: a Celery app that knows the broker and the routes.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def ring(self, rings: Sequence[Ring]) -> None:
        """Send a message for each ring; does not raise when the broker is away."""
        try:
            with self._app.producer_or_acquire() as producer:
                for ring in rings:
                    self._app.send_task(
                        ring.kind,
                        kwargs=ring.arguments,
                        headers={TRACE_HEADER: ring.trace_id},
                        # What Flower and the log show of the arguments.
                        argsrepr="()",
                        kwargsrepr=redact(repr(ring.arguments)),
                        producer=producer,
                    )
        except (OperationalError, KombuError, OSError) as error:
            logger.warning(
                "the broker did not take %d message(s), upkeep will send them again: %s",
                len(rings),
                redact(str(error)),
            )
