"""Starting the processes of the house: a worker of some pools, the clock, Flower."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from celery.signals import setup_logging

from janitor.config import Config
from workers import log_output
from workers.app import JanitorApp, create_app
from workers.flower_pages import list_all_queues
from workers.memory import give_back_large
from workers.pools import pool_named
from workers.ports import require_free
from workers.reloading import Reloading
from workers.waiting import wait_for_servers


def run_worker(
    read: Callable[[], Config],
    pools: Sequence[str],
    *,
    concurrency: int | None,
    events: bool,
    level: str,
) -> None:
    """Work on the queues of some pools until told to stop.

    Args:
        read: returns the configuration as it is now; asked again at SIGHUP.
        pools: the pools' names.
        concurrency: child processes; without it as many as the pools ask for together.
        events: tell Flower of tasks from the first one on, not from when it asks.
        level: how much to log.
    """
    prepare(level)
    app = create_app(read())
    wait_for_servers(app.deployment)
    Reloading(app.deployment, read).listen()
    app.conf.worker_send_task_events = events
    work_on(app, pools, concurrency=concurrency, level=level)


def work_on(app: JanitorApp, pools: Sequence[str], *, concurrency: int | None, level: str) -> None:
    """Run a worker of an app; where pools share it, the strictest recycling counts."""
    give_back_large()
    chosen = [pool_named(name) for name in pools]
    children = concurrency or sum(pool.concurrency for pool in chosen)
    app.work_for(pools)
    app.worker_main(
        [
            "worker",
            f"--hostname={'+'.join(pools)}@{socket.gethostname()}",
            f"--queues={','.join(pool.queue for pool in chosen)}",
            "--pool=prefork",
            f"--concurrency={children}",
            f"--max-tasks-per-child={min(pool.tasks_per_child for pool in chosen)}",
            f"--max-memory-per-child={min(pool.memory_per_child for pool in chosen)}",
            "--without-gossip",
            "--without-mingle",
            f"--loglevel={level}",
        ]
    )


def run_beat(config: Config, *, level: str) -> None:
    """Send the periodic tasks until told to stop."""
    prepare(level)
    app = create_app(config)
    wait_for_servers(app.deployment)
    app.Beat(loglevel=level).run()


def run_flower(config: Config, *, address: str, port: int, level: str) -> None:
    """Serve Flower until told to stop.

    Args:
        config: where everything is.
        address: where to listen; the page can stop workers, so keep it to yourself.
        port: on which port.
        level: how much to log.

    Raises:
        PortNotFree: something else listens there.
    """
    require_free(address, port)
    prepare(level)
    app = create_app(config)
    wait_for_servers(app.deployment)
    list_all_queues(app)
    app.start(
        [
            "flower",
            f"--address={address}",
            f"--port={port}",
            "--max-tasks=10000",
            "--tasks-columns=name,kwargs,state,received,runtime,worker,uuid",
            "--inspect-timeout=5000",  # ms; a busy worker is no missing worker
        ]
    )


def prepare(level: str) -> None:
    """Let the process write its log as we want it; nothing of Celery's own."""
    log_output.configure(level)
    # Whoever connects here keeps Celery from setting up logging of its own.
    setup_logging.connect(lambda **_: None, weak=False, dispatch_uid="janitor.logging")
