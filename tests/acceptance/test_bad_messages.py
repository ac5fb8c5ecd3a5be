"""Messages that ask for nothing sensible end as failed jobs, and the pool goes on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from janitor.state.job import JobRow
from tests.acceptance.harness import Janitor

pytestmark = pytest.mark.acceptance

GOOD = {"run_id": "r1", "codebase": "hello", "name": "worker.log"}
BAD = {
    "unknown argument": (GOOD | {"colour": "red"}, "colour"),
    "missing argument": ({"run_id": "r1"}, "codebase"),
    "wrong type": (GOOD | {"run_id": 7}, "run_id"),
    "climbing name": (GOOD | {"name": "../../etc/passwd"}, "name"),
    "climbing run": (GOOD | {"run_id": ".."}, "run_id"),
    "climbing codebase": (GOOD | {"codebase": "../x"}, "codebase"),
    "NUL": (GOOD | {"name": "a\0b"}, "name"),
    "long name": (GOOD | {"name": "x" * 300}, "name"),
}


def test_each_bad_message_ends_as_a_failed_job_with_its_reason(janitor: Janitor) -> None:
    janitor.start("worker", "logs")
    for arguments, _ in BAD.values():
        janitor.send("janitor.logs.ingest", **arguments)
    janitor.send("janitor.logs.ingest", "r1", "hello", "worker.log")

    def all_failed(session: Any) -> list[JobRow]:
        jobs = list(session.scalars(select(JobRow).where(JobRow.state == "failed")))
        return jobs if len(jobs) == len(BAD) + 1 else []

    jobs = janitor.wait("each bad message to be a failed job", all_failed)
    reasons = [job.last_error for job in jobs]
    assert {job.error_kind for job in jobs} == {"invalid"}
    for _, place in BAD.values():
        assert any(f": {place}: " in reason for reason in reasons), (place, reasons)
    assert any("by name" in reason for reason in reasons)

    # The pool goes on: a message that is well formed is worked on (there is no such run).
    janitor.send("janitor.logs.ingest", **GOOD)
    job = janitor.wait_for_job("r1/worker.log", "failed")
    assert job.error_kind == "failure"
    assert not list((janitor.directory / "logs").rglob("*"))


def test_no_secret_of_a_bad_message_is_kept_or_logged(janitor: Janitor) -> None:
    janitor.start("worker", "logs")
    janitor.send("janitor.logs.ingest", **GOOD, origin="https://me:hunter2@example.com/x")
    janitor.wait("the refusal", lambda session: session.scalars(select(JobRow)).all())
    with janitor.session() as session:
        job = session.scalars(select(JobRow)).one()
    assert "hunter2" not in f"{job.payload} {job.last_error}"
    assert "hunter2" not in janitor.logs()
