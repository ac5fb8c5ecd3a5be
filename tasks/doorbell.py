"""The doorbell behind the ledger: one Celery message for each ring.

A broker that is away costs nothing but time: the row is there, and upkeep rings again. What a
worker may as well do itself (:class:`~tasks.together.Together`) needs no message.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from celery import Celery
from kombu.exceptions import KombuError, OperationalError

from janitor.jobs import Ring
from janitor.redaction import redact
from tasks.base import TRACE_HEADER
from tasks.together import TogetherTask

logger = logging.getLogger(__name__)


class CeleryDoorbell:
    """Sends rings as messages named like the kind of the job.

    Args:
        app: a Celery app that knows the broker and the routes.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._own: Mapping[str, TogetherTask] = {}

    def answer(self, own: Iterable[TogetherTask]) -> None:
        """Do these tasks' jobs right when they are rung for, in this process and its children."""
        self._own = {task.name: task for task in own}

    def ring(self, rings: Sequence[Ring]) -> None:
        """Send a message for each ring; does not raise when the broker is away."""
        self._send([ring for ring in rings if ring.kind not in self._own])
        for kind in {ring.kind for ring in rings} & self._own.keys():
            self._do(self._own[kind])

    def _do(self, task: TogetherTask) -> None:
        try:
            task.do_what_is_due()
        except Exception as error:  # noqa: BLE001 - what asked for it is committed; the row stays
            logger.warning("%s is left to upkeep: %s", task.name, redact(str(error)))

    def _send(self, rings: Sequence[Ring]) -> None:
        if not rings:
            return
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
