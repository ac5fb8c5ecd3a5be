"""SIGHUP: a worker reads its configuration again, and its next jobs go by it.

The main process reads and judges; a configuration with mistakes changes nothing. Its
children see that there is another one before each job, and read it then, so that none
changes under a job that runs. Without this Celery would start the whole worker anew.
"""

from __future__ import annotations

import logging
import mmap
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from celery.signals import task_prerun, worker_ready

from janitor.config import Config, ConfigError
from janitor.deployment import Deployment

logger = logging.getLogger(__name__)

# Connections that a running worker and its children share with nobody to ask whether they
# may go: the broker is Celery's, and jobs under way are rows of this database.
FIXED = ("database_location", "redis_location")


class Reloading:
    """Reads the configuration of a worker again when SIGHUP comes.

    Args:
        deployment: goes by what was read.
        read: returns the configuration as it is now.
    """

    def __init__(self, deployment: Deployment, read: Callable[[], Config]) -> None:
        self._deployment = deployment
        self._read = read
        # How often it was read again, modulo 256, in memory that children share with us.
        self._newest = mmap.mmap(-1, 1)
        self._ours = 0

    def listen(self) -> None:
        """Listen from the moment that the worker is ready.

        Not at a terminal: there SIGHUP says that it was closed. What is ignored stays so:
        ``nohup`` means it.
        """
        if sys.stdout.isatty():
            return
        ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        handler = signal.SIG_IGN if ignored else self._in_main
        # By then Celery has installed a handler of its own.
        worker_ready.connect(
            lambda **_: signal.signal(signal.SIGHUP, handler),
            weak=False,
            dispatch_uid="janitor.hup",
        )
        task_prerun.connect(
            lambda **_: self._catch_up(), weak=False, dispatch_uid="janitor.catch_up"
        )

    def _in_main(self, _number: int, _frame: FrameType | None) -> None:
        # Nothing that logs or reads may run in a handler, which interrupts anything.
        threading.Thread(target=self._reload, name="reload").start()

    def _reload(self) -> None:
        before = self._deployment.config
        try:
            after = self._read()
        except ConfigError as error:
            logger.error("the configuration stays as it was: %s", error)  # noqa: TRY400 - for people
            return
        # First ours: new children are made from it.
        self._deployment.reconfigure(_with_fixed(before, after))
        self._ours = (self._ours + 1) % 256
        self._newest[0] = self._ours
        _tell(before, after)

    def _catch_up(self) -> None:
        """Take over what was read since this child's last job."""
        newest = self._newest[0]
        if newest == self._ours:
            return
        try:
            after = self._read()
        except ConfigError as error:  # it was right a moment ago
            logger.warning("this job goes by the configuration of before: %s", error)
            return
        self._ours = newest
        self._deployment.reconfigure(_with_fixed(self._deployment.config, after))


def _with_fixed(before: Config, after: Config) -> Config:
    return after.replaced(**{name: getattr(before, name) for name in FIXED})


def _tell(before: Config, after: Config) -> None:
    changed = [name for name in Config.FIELDS if getattr(before, name) != getattr(after, name)]
    live = ", ".join(name for name in changed if name not in FIXED) or "nothing new"
    logger.info("the configuration was read again: %s; jobs that begin now go by it", live)
    for name in set(changed) & set(FIXED):
        logger.warning("%s is another now; this worker takes it after a restart", name)
