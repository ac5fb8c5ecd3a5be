"""A real worker with tasks that misbehave on purpose.

    python odd_worker.py POOL...

It is the worker of ``janitor-workers worker``, with these kinds beside the real ones:
``poison`` kills its child process, ``curse`` the whole worker, ``wait`` works until a file
is gone; and ``janitor.logs.ingest`` stops between having stored the log and having said so
as long as there is a file ``gate`` in the spool.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

from janitor.config import load
from janitor.jobs import JobKind, Payload, RetryPolicy
from janitor.logs.ingest import INGEST, IngestLog, store_log
from tasks import logs
from tasks.base import JobTask, Work, carries
from tasks.catalogue import JOBS
from workers.app import create_app
from workers.running import prepare, work_on

SOON = RetryPolicy(max_attempts=3, first_pause=timedelta(milliseconds=100))


class Name(Payload):
    """What the odd tasks take."""

    name: str


class Wait(Payload):
    """Which file to wait for to go, and where to say that the wait began."""

    gate: str


POISON = JobKind("janitor.review.poison", Name, key=lambda ask: ask.name, retry=SOON)
CURSE = JobKind("janitor.review.curse", Name, key=lambda ask: ask.name, retry=SOON)
WAIT = JobKind("janitor.review.wait", Wait, key=lambda ask: ask.gate, retry=SOON)


@carries(POISON)
def poison(_work: Work[Name]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@carries(CURSE)
def curse(_work: Work[Name]) -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


@carries(WAIT)
def wait(work: Work[Wait]) -> None:
    _stop_at(Path(work.ask.gate))


@carries(INGEST)
def ingest(work: Work[IngestLog]) -> None:
    here = work.deployment
    store_log(work.ask, here.spool, here.logs, here.backup_logs)
    _stop_at(Path(str(here.config.spool_location)) / "gate")
    logs.ingest.body(work)


def _stop_at(gate: Path) -> None:
    if gate.exists():
        gate.with_suffix(".reached").touch()
    while gate.exists():
        time.sleep(0.05)


def main() -> None:
    real: list[JobTask] = [job for job in JOBS if job.kind is not INGEST]
    app = create_app(load(), jobs=[*real, ingest, poison, curse, wait])
    app.conf.worker_soft_shutdown_timeout = 1  # the stop is tested, not the patience
    prepare("INFO")
    work_on(app, sys.argv[1:], concurrency=2, level="INFO")


if __name__ == "__main__":
    main()
