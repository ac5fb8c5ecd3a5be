"""The Celery app, made on demand: from a configuration, with every task of the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from celery import Celery
from celery.signals import worker_process_init

from janitor.config import Config
from janitor.deployment import Deployment
from tasks.base import ClockTask, JobTask, LedgerTask, PeriodicTask
from tasks.catalogue import CLOCK, JOBS
from tasks.doorbell import CeleryDoorbell
from tasks.together import TogetherTask
from tasks.turn import TurnTask
from workers.broker_url import checked_broker_url
from workers.pools import pool_named
from workers.settings import celery_settings


class JanitorApp(Celery):
    """A Celery app that belongs to a deployment.

    Args:
        deployment: what its tasks work with; asks for further work through this app.

    Raises:
        NotABrokerUrl: the deployment does not say where the broker is.
    """

    def __init__(self, deployment: Deployment) -> None:
        super().__init__("janitor", set_as_current=False)
        self.deployment = deployment
        self.conf.update(celery_settings(checked_broker_url(deployment.config.redis_location)))
        self._doorbell = CeleryDoorbell(self)
        if deployment.doorbell is None:
            deployment.doorbell = self._doorbell

    def work_for(self, pools: Collection[str]) -> None:
        """Get ready for the work of some pools, before there are children.

        Their short jobs are done by the process that asks for them.
        """
        tasks = [task for task in self.tasks.values() if isinstance(task, TurnTask)]
        for task in tasks:
            task.share()
        together = (task for task in tasks if isinstance(task, TogetherTask))
        self._doorbell.answer(
            task for task in together if task.at_once and task.job.kind.pool in pools
        )


def open_deployment(config: Config) -> Deployment:
    """Return a deployment whose jobs are rung for; what services around us start from."""
    return JanitorApp(Deployment(config)).deployment


def create_app(
    config: Config, jobs: Iterable[JobTask] = JOBS, clock: Iterable[ClockTask] = CLOCK
) -> JanitorApp:
    """Return an app with its tasks registered; opens nothing.

    Args:
        config: where the broker, the database and the stores are.
        jobs: the jobs that its workers can carry.
        clock: the duties that its workers can be told to do.
    """
    app = JanitorApp(Deployment(config))
    for job in jobs:
        _register(app, job.celery_task(app.deployment))
    for duty in clock:
        _register(app, PeriodicTask(duty, app.deployment))
    # Connections of the main process are no use to its children.
    worker_process_init.connect(
        lambda **_: app.deployment.forget(), weak=False, dispatch_uid="janitor.forget"
    )
    return app


def _register(app: JanitorApp, task: LedgerTask | PeriodicTask) -> None:
    pool = pool_named(task.name.split(".")[1])
    task.soft_time_limit = pool.soft_limit
    task.time_limit = pool.hard_limit
    task.Request = "workers.request:DiscreetRequest"  # a name: only workers need the class
    app.register_task(task)
