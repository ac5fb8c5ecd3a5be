"""Celery's consumer, made to survive a broker that goes away under load.

Celery 5.7.0 on Redis can end the whole worker with an AttributeError when the connection is
lost while late-acknowledged tasks run: closing the connection wants to restore messages over
a client that is cleared already. Drop this class when that is fixed; the acceptance test
that kills the broker under load says whether it is.
"""

from __future__ import annotations

import logging

from celery.worker.consumer import Consumer
from celery.worker.state import active_requests

logger = logging.getLogger(__name__)


class ResilientConsumer(Consumer):
    """Forgets a dead connection that can't be closed, and goes on as the stock one would."""

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Let go of the lost connection and of the work that will come a second time."""
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError as error:
            logger.warning("the lost broker connection could not be closed: %r", error)
            self.connection = None
            self._cancel_unacknowledged()

    def _cancel_unacknowledged(self) -> None:
        for request in tuple(active_requests):
            if request.task.acks_late and not request.acknowledged:
                request.cancel(self.pool)
