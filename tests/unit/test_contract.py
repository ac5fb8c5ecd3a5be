"""What can be asked for, what the clock asks for, and who works on it, agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from beat_schedule import BEAT_SCHEDULE
from janitor.config import read_string
from janitor.kinds import KINDS, schemas
from tasks.catalogue import CLOCK, JOBS
from workers.app import create_app
from workers.pools import POOLS
from workers.settings import LONGEST_TASK, VISIBILITY_TIMEOUT, celery_settings
from workers.stack import GRACE_SECONDS

ROOT = Path(__file__).parents[2]
QUEUES = {pool.queue for pool in POOLS}


@pytest.fixture(scope="module")
def app():  # noqa: ANN201 - the app's class needs Celery's own import
    return create_app(read_string('redis_location: "redis://127.0.0.1:1/0"'))


def test_every_kind_is_carried_by_one_task() -> None:
    assert sorted(job.name for job in JOBS) == sorted(KINDS)


def test_every_name_says_its_pool() -> None:
    for task in (*JOBS, *CLOCK):
        pattern = rf"janitor\.({'|'.join(pool.name for pool in POOLS)})\.[a-z_]+"
        assert re.fullmatch(pattern, task.name), task.name


def test_the_clock_names_every_duty_and_nothing_else() -> None:
    assert {entry["task"] for entry in BEAT_SCHEDULE.values()} == {duty.name for duty in CLOCK}


def test_every_task_is_registered_and_routed_to_a_pool(app) -> None:  # noqa: ANN001
    for task in (*JOBS, *CLOCK):
        assert task.name in app.tasks
        assert app.amqp.router.route({}, task.name)["queue"].name in QUEUES


def test_every_pool_has_work(app) -> None:  # noqa: ANN001
    worked_on = {app.amqp.router.route({}, task.name)["queue"].name for task in (*JOBS, *CLOCK)}
    assert worked_on == QUEUES


def test_a_misspelt_task_reaches_no_pool(app) -> None:  # noqa: ANN001
    queue = app.amqp.router.route({}, "janitor.lgos.ingest").get("queue")
    assert queue is None or queue.name not in QUEUES


def test_no_task_runs_into_the_visibility_timeout(app) -> None:  # noqa: ANN001
    for task in (*JOBS, *CLOCK):
        limits = app.tasks[task.name]
        assert 0 < limits.soft_time_limit < limits.time_limit <= LONGEST_TASK < VISIBILITY_TIMEOUT


def test_a_stack_lets_its_workers_hand_back_their_work_before_it_kills() -> None:
    # A worker that is killed instead leaves its messages to the visibility timeout.
    assert (
        celery_settings("redis://localhost")["worker_soft_shutdown_timeout"] + 10 <= GRACE_SECONDS
    )


def test_workers_take_json_and_nothing_else() -> None:
    assert celery_settings("redis://localhost")["accept_content"] == ["json"]


def test_every_payload_refuses_what_it_does_not_know() -> None:
    for name, schema in schemas().items():
        assert schema["additionalProperties"] is False, name


def test_the_reference_names_every_task_and_pool() -> None:
    reference = (ROOT / "docs" / "reference" / "tasks.md").read_text()
    for task in (*JOBS, *CLOCK):
        assert f"`{task.name}`" in reference, task.name
    for pool in POOLS:
        assert f"| {pool.name} | {pool.concurrency} |" in reference, pool.name
