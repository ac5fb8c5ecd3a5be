"""A run that is stored while its logs still wait in the spool: what most tests start from."""

from __future__ import annotations

import gzip
from collections.abc import Sequence

from sqlalchemy import func, select, text

from janitor.jobs import submit
from janitor.logs.ingest import INGEST, IngestLog
from janitor.state.job import JobRow
from janitor.state.stored import RunLog
from tests.acceptance.harness import Janitor

RUN = "r1"
LOG_BYTES = 20_000


def a_run_with_logs(janitor: Janitor, count: int) -> list[IngestLog]:
    """Store a run whose logs wait in the spool; returns what to ask for, a log each."""
    names = [f"worker.log.{number}" for number in range(1, count + 1)]
    with janitor.session() as session:
        session.execute(
            text(
                """
                INSERT INTO codebase (name, branch_url, url) VALUES ('hello', 'a:b', 'a:b');
                INSERT INTO change_set (id, campaign) VALUES ('cs', 'tidy');
                INSERT INTO run (id, codebase, suite, change_set, result_code, logfilenames,
                                 start_time, finish_time)
                VALUES (:run, 'hello', 'tidy', 'cs', 'success', :names, now(), now())
                """
            ),
            {"run": RUN, "names": names},
        )
        session.commit()
    spooled = janitor.deployment.spool.create(RUN)
    for name in names:
        (spooled / name).write_bytes(content_of(name))
    return [IngestLog(run_id=RUN, codebase="hello", name=name) for name in names]


def content_of(name: str) -> bytes:
    """Return the content of a log, which nobody mistakes for another's."""
    return f"{name}\n".encode().ljust(LOG_BYTES, b".")


def ask_for(janitor: Janitor, asks: Sequence[IngestLog]) -> None:
    """Ask for the logs as a service with database access does."""
    with janitor.session() as session:
        for ask in asks:
            submit(session, INGEST, ask)
        session.commit()


def done(janitor: Janitor) -> int:
    """Return how many jobs are done."""
    with janitor.session() as session:
        counted = select(func.count()).select_from(JobRow).where(JobRow.state == "done")
        return session.scalar(counted) or 0


def assert_each_stored_once(janitor: Janitor, asks: Sequence[IngestLog]) -> None:
    """Check jobs, rows and files: one of each for each log, with the log's content."""
    with janitor.session() as session:
        jobs = session.execute(select(JobRow.key, JobRow.state)).all()
        rows = session.execute(select(RunLog.run_id, RunLog.name, RunLog.size)).all()
    names = sorted(ask.name for ask in asks)
    assert sorted(map(tuple, jobs)) == [(f"{RUN}/{name}", "done") for name in names]
    assert sorted(map(tuple, rows)) == [(RUN, name, LOG_BYTES) for name in names]
    files = [path for path in (janitor.directory / "logs").rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == [f"{name}.gz" for name in names]
    for path in files:
        assert gzip.decompress(path.read_bytes()) == content_of(path.name.removesuffix(".gz"))
