"""Failed jobs are tried once more when somebody asks."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from janitor.jobs import Lease, fail, finish, lease, refuse, submit
from janitor.jobs.again import Wanted, failed_jobs, try_again
from janitor.logs.ingest import INGEST, IngestLog
from janitor.state.job import JobRow

LEASE = timedelta(minutes=1)


def ask(name: str) -> IngestLog:
    return IngestLog(run_id="r1", codebase="hello", name=name)


def take(session: Session, name: str) -> Lease | None:
    return lease(session, INGEST, ask(name), owner="me", duration=LEASE, trace_id="t")


def fail_one(session: Session, name: str) -> None:
    submit(session, INGEST, ask(name))
    held = take(session, name)
    assert held is not None
    fail(session, held, INGEST, ask(name), reason="the store is away", why="error")


def test_a_failed_job_gets_one_more_attempt(session: Session) -> None:
    fail_one(session, "a.log")
    fail_one(session, "b.log")
    assert take(session, "a.log") is None
    (told,) = failed_jobs(session, Wanted(keys=["r1/a.log"]))
    assert str(told) == "janitor.logs.ingest r1/a.log  1 attempts: the store is away"
    assert try_again(session, Wanted(keys=["r1/a.log"])) == 1
    assert take(session, "b.log") is None
    held = take(session, "a.log")
    assert held is not None
    assert held.attempt == 2  # no holder of the first attempt can end this one
    finish(session, held)
    row = session.scalars(select(JobRow).where(JobRow.key == "r1/a.log")).one()
    assert (row.state, row.max_attempts) == ("done", 2)


def test_what_could_not_be_read_stays_as_it_is(session: Session) -> None:
    refuse(session, INGEST.name, {"run": "r1"}, "no such argument", "t")
    assert try_again(session, Wanted()) == 0
    assert failed_jobs(session, Wanted()) == []


def test_jobs_are_chosen_by_task_and_run(session: Session) -> None:
    fail_one(session, "a.log")
    assert try_again(session, Wanted(kinds=["janitor.vcs.diff"])) == 0
    assert try_again(session, Wanted(run_ids=["r2"])) == 0
    assert try_again(session, Wanted(kinds=[INGEST.name], run_ids=["r1"])) == 1
