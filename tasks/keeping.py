"""Leases are renewed while the work under them goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from janitor import jobs
from janitor.deployment import Deployment
from janitor.jobs import Lease
from tasks.patience import safe

logger = logging.getLogger(__name__)


@contextmanager
def kept_alive(leases: Sequence[Lease], deployment: Deployment) -> Iterator[None]:
    """Renew leases of a kind from a thread of their own until the body ends."""
    ended = threading.Event()
    renewing = threading.Thread(
        target=_renew_until, args=(ended, leases, deployment), name="leases", daemon=True
    )
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()


def _renew_until(ended: threading.Event, leases: Sequence[Lease], deployment: Deployment) -> None:
    pause = deployment.lease.total_seconds() / 3
    while not ended.wait(pause):
        try:
            with deployment.sessions.begin() as session:
                if not jobs.renew(session, leases, deployment.lease):
                    return
        except Exception as error:  # noqa: BLE001 - the next renewal may succeed
            logger.warning(
                "%s: %d leases not renewed: %s", leases[0].kind, len(leases), safe(error)
            )
