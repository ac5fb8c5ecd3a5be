"""A lease is renewed while the work under it goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from janitor import jobs
from janitor.deployment import Deployment
from janitor.jobs import Lease
from tasks.patience import safe

logger = logging.getLogger(__name__)


@contextmanager
def kept_alive(lease: Lease, deployment: Deployment) -> Iterator[None]:
    """Renew a lease from a thread of its own until the body ends."""
    ended = threading.Event()
    renewing = threading.Thread(
        target=_renew_until, args=(ended, lease, deployment), name="lease", daemon=True
    )
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()


def _renew_until(ended: threading.Event, lease: Lease, deployment: Deployment) -> None:
    pause = deployment.lease.total_seconds() / 3
    while not ended.wait(pause):
        try:
            with deployment.sessions.begin() as session:
                if not jobs.renew(session, lease, deployment.lease):
                    return
        except Exception as error:  # noqa: BLE001 - the next renewal may succeed
            logger.warning("%s %s: lease not renewed: %s", lease.kind, lease.key, safe(error))
