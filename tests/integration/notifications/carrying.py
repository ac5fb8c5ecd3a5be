"""Doing a job as a worker does: leased, worked on, ended; no broker and no processes."""

from __future__ import annotations

from sqlalchemy import Engine, func, update

from janitor.config import Config
from janitor.jobs import Payload
from janitor.state.job import JobRow
from tasks.base import JobTask
from workers.app import create_app

NO_BROKER = "redis://127.0.0.1:1/0"


def carry_out(engine: Engine, task: JobTask, ask: Payload, *, due: bool = False) -> None:
    """Do a job once, if there is anything to do.

    Args:
        engine: the test's database.
        task: the task.
        ask: the job's payload.
        due: whether to let its pause pass first.
    """
    if due:
        with engine.begin() as conn:
            conn.execute(update(JobRow).values(not_before=func.now()))
    url = engine.url.render_as_string(hide_password=False)
    app = create_app(Config(database_location=url, redis_location=NO_BROKER))
    try:
        app.tasks[task.name](**ask.model_dump())
    finally:
        app.deployment.close()
        app.close()
