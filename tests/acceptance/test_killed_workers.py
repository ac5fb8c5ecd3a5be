"""Workers that are killed at the worst moment, and messages that come twice."""

from __future__ import annotations

import gzip
import signal
from pathlib import Path

import pytest
from sqlalchemy import select, text

from janitor.jobs import submit
from janitor.logs.ingest import INGEST, IngestLog
from janitor.state.job import JobRow
from janitor.state.stored import RunLog
from tests.acceptance.harness import Janitor

pytestmark = pytest.mark.acceptance

LOG = b"line one\nline two\n" * 1000


def a_run_with_a_log(janitor: Janitor) -> IngestLog:
    """A stored run whose log still waits in the spool."""
    with janitor.session() as session:
        session.execute(
            text(
                """
                INSERT INTO codebase (name, branch_url, url) VALUES ('hello', 'a:b', 'a:b');
                INSERT INTO change_set (id, campaign) VALUES ('cs', 'tidy');
                INSERT INTO run (id, codebase, suite, change_set, result_code, logfilenames,
                                 start_time, finish_time)
                VALUES ('r1', 'hello', 'tidy', 'cs', 'success', '{worker.log}', now(), now())
                """
            )
        )
        session.commit()
    spooled = janitor.deployment.spool.create("r1")
    (spooled / "worker.log").write_bytes(LOG)
    return IngestLog(run_id="r1", codebase="hello", name="worker.log")


def assert_stored_once(janitor: Janitor) -> None:
    with janitor.session() as session:
        rows = session.scalars(select(RunLog)).all()
    assert [(row.run_id, row.name, row.size) for row in rows] == [("r1", "worker.log", len(LOG))]
    files = [path for path in (janitor.directory / "logs").rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["worker.log.gz"]
    assert gzip.decompress(files[0].read_bytes()) == LOG


def test_a_worker_killed_between_lease_and_done_leaves_the_log_stored_once(
    janitor: Janitor,
) -> None:
    ask = a_run_with_a_log(janitor)
    gate = janitor.directory / "spool" / "gate"
    gate.touch()
    victim = janitor.start("logs", odd=True)
    with janitor.session() as session:
        submit(session, INGEST, ask)
        session.commit()
    janitor.wait_for_file(gate.with_suffix(".reached"))
    assert janitor.wait_for_job("r1/worker.log", "leased").attempts == 1
    janitor.kill(victim)
    gate.unlink()
    janitor.start("worker", "logs", "schedule")
    janitor.start("beat")
    job = janitor.wait_for_job("r1/worker.log", "done")
    assert job.attempts == 2
    assert_stored_once(janitor)
    janitor.wait("the spool to be empty", lambda _: not (janitor.directory / "spool/r1").exists())


def test_the_same_message_twice_stores_the_log_once(janitor: Janitor) -> None:
    ask = a_run_with_a_log(janitor)
    for _ in range(5):
        janitor.send(INGEST.name, **ask.model_dump())
    janitor.start("worker", "logs")
    janitor.wait_for_job("r1/worker.log", "done")
    janitor.wait(
        "the queue to be empty", lambda _: janitor.deployment.redis.llen("janitor.logs") == 0
    )
    assert_stored_once(janitor)
    assert janitor.wait_for_job("r1/worker.log", "done").attempts == 1


def test_a_message_that_was_lost_is_sent_again(janitor: Janitor) -> None:
    ask = a_run_with_a_log(janitor)
    with janitor.session() as session:
        submit(session, INGEST, ask)
        session.commit()
        janitor.deployment.redis.delete("janitor.logs")
        session.execute(text("UPDATE job SET rung_at = now() - interval '2 minutes'"))
        session.commit()
    janitor.start("worker", "logs", "schedule")
    janitor.start("beat")
    janitor.wait_for_job("r1/worker.log", "done")
    assert_stored_once(janitor)


def test_a_job_that_kills_its_child_each_time_ends_with_a_reason(janitor: Janitor) -> None:
    janitor.start("review", "schedule", odd=True)
    janitor.start("beat")
    janitor.send("janitor.review.poison", name="p1")
    job = janitor.wait_for_job("p1", "failed")
    assert job.attempts == 3
    assert job.error_kind == "lost"
    assert "3 attempts" in (job.last_error or "")


def test_a_job_that_kills_its_worker_each_time_ends_with_a_reason(janitor: Janitor) -> None:
    janitor.start("worker", "schedule")
    janitor.start("beat")
    janitor.send("janitor.review.curse", name="c1")
    for _ in range(3):
        assert janitor.start("review", odd=True).wait(60) == -signal.SIGKILL
    janitor.start("review", odd=True)
    job = janitor.wait_for_job("c1", "failed")
    assert job.attempts == 3
    # The pool goes on with other work.
    janitor.send("janitor.review.wait", gate=str(janitor.directory / "no such gate"))
    janitor.wait_for_job(str(janitor.directory / "no such gate"), "done")


def test_a_worker_told_to_stop_hands_its_work_back_at_once(janitor: Janitor) -> None:
    gate = janitor.directory / "gate"
    gate.touch()
    janitor.environment["JANITOR_LEASE_SECONDS"] = "3600"  # nobody takes it back by itself
    worker = janitor.start("review", odd=True)
    janitor.send("janitor.review.wait", gate=str(gate))
    janitor.wait_for_file(gate.with_suffix(".reached"))
    worker.send_signal(signal.SIGQUIT)
    worker.wait(60)
    with janitor.session() as session:
        job = session.scalars(select(JobRow)).one()
        assert (job.state, job.attempts) == ("pending", 0)
    gate.unlink()
    janitor.start("review", "schedule", odd=True)
    janitor.start("beat")
    assert janitor.wait_for_job(str(gate), "done").attempts == 1


def test_a_long_job_keeps_its_lease(janitor: Janitor, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    janitor.start("review", "schedule", odd=True)
    janitor.start("beat")
    janitor.send("janitor.review.wait", gate=str(gate))
    first = janitor.wait_for_job(str(gate), "leased").lease_until
    assert first is not None
    janitor.wait(
        "the lease to be renewed beyond its first end",
        lambda session: session.scalar(
            text("SELECT now() > :first AND lease_until > now() FROM job WHERE state = 'leased'"),
            {"first": first},
        ),
    )
    gate.unlink()
    assert janitor.wait_for_job(str(gate), "done").attempts == 1
