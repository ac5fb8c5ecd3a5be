"""The Celery settings, on one page, each with its reason.

The state tables are the truth; Celery carries messages and runs processes. What it may
lose or send twice is made good by the job ledger (:mod:`janitor.jobs`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kombu import Queue

from beat_schedule import BEAT_SCHEDULE
from workers.pools import POOLS

# A message that is not acknowledged for so long is sent again. It is Redis' default for
# clients without our settings too, and such a client's shorter time would win.
VISIBILITY_TIMEOUT = 3600  # seconds

# No task may run (nor a stop take) so long that its message comes a second time meanwhile.
LONGEST_TASK = 2700  # seconds

SOFT_SHUTDOWN = 10  # seconds


def celery_settings(broker_url: str) -> dict[str, Any]:
    """Return the settings of an app.

    Args:
        broker_url: the Redis (or Valkey) server.

    Raises:
        ValueError: a pool's time limit does not go together with the visibility timeout.
    """
    for pool in POOLS:
        if not pool.soft_limit < pool.hard_limit <= LONGEST_TASK:
            raise ValueError(f"pool {pool.name}: its time limits do not fit {LONGEST_TASK} s")
    return _BROKER | _DELIVERY | _PROCESSES | _CONTENT | _CLOCK | {"broker_url": broker_url}


_BROKER: dict[str, Any] = {
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # the default gives up after some 46 minutes
    "broker_pool_acquire_timeout": 10,  # a publisher never waits for ever
    "broker_transport_options": {
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,  # look for lost messages every 10 s, not every 100 s
        "socket_timeout": 30,  # without one, publishing to a dead host hangs
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "max_retries": 5,  # publishing gives up soon; the row is there, upkeep rings again
        "deadletter_queue": "janitor.unroutable",
    },
    # About a second in all: the caller's change is committed already and must not wait.
    "task_publish_retry_policy": {
        "max_retries": 3,
        "interval_start": 0.1,
        "interval_step": 0.3,
        "interval_max": 1,
    },
}

_UNROUTED = "janitor.unrouted"
_QUEUES = [pool.queue for pool in POOLS]

_DELIVERY: dict[str, Any] = {
    "task_acks_late": True,  # a message of a worker that died comes again
    "task_acks_on_failure": True,  # the job's row decides on another attempt
    "task_acks_on_timeout": True,  # otherwise a task over its limit loops for ever
    # A child that was killed before it made the job's row must not take the message along;
    # bounded by max_retries of the task class. Where the row is leased, the copy returns.
    "task_retry_on_worker_lost": True,
    "task_reject_on_worker_lost": True,  # back to its queue where sending it again fails
    "worker_prefetch_multiplier": 1,  # hold no more than is worked on
    "worker_cancel_long_running_tasks_on_connection_loss": True,  # their copies come anyway
    "task_default_queue": _UNROUTED,
    "task_create_missing_queues": False,  # a misspelt queue must fail, not vanish
    # Objects, because Flower asks their names while no worker answers.
    "task_queues": [Queue(name, routing_key=name) for name in (*_QUEUES, _UNROUTED)],
    "task_routes": {f"janitor.{pool.name}.*": {"queue": pool.queue} for pool in POOLS},
}

_PROCESSES: dict[str, Any] = {
    "worker_consumer": "workers.consumer:ResilientConsumer",
    # SIGTERM is made a SIGQUIT (workers.commands.worker): running work gets this long to end,
    # then goes back. Celery sleeps through all of it if anything runs at first, so every stop of
    # a busy worker takes as long; a supervisor has to grant more than that. We send no
    # message with a delay, so an idle worker has nothing to wait for.
    "worker_soft_shutdown_timeout": SOFT_SHUTDOWN,
    "worker_enable_soft_shutdown_on_idle": False,
    "worker_proc_alive_timeout": 30,  # a busy machine may take longer than 4 s to fork
    "worker_hijack_root_logger": False,  # workers.log_output masks secrets
    "worker_redirect_stdouts": False,
    "worker_send_task_events": False,  # they halve the throughput; Flower asks for them
    "task_default_rate_limit": None,
    "timezone": "UTC",
    "enable_utc": True,
}

_CONTENT: dict[str, Any] = {
    "accept_content": ["json"],  # nothing that can run code
    "task_serializer": "json",
    "result_serializer": "json",
    "task_ignore_result": True,  # results are rows of the state tables
    "result_backend": None,
}

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

_CLOCK: dict[str, Any] = {
    # Every duty is overdue when beat starts: a clock that is restarted often must still tick.
    "beat_schedule": {
        name: entry | {"last_run_at": _LONG_AGO} for name, entry in BEAT_SCHEDULE.items()
    },
    # Keeps nothing between starts: every duty may come early, late or twice.
    "beat_scheduler": "celery.beat:Scheduler",
    "beat_max_loop_interval": 5,
}
