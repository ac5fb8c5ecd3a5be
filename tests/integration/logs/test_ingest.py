"""The job that brings a log from the spool to the store."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from janitor.logs import FileSystemLogFileManager, ServiceUnavailable
from janitor.logs.ingest import INGEST, IngestLog, record_log, store_log
from janitor.spool import NotInSpool, Spool
from janitor.state.stored import RunLog
from janitor.storage import NotRegular
from janitor.storage.records import NoSuchRun
from tests.integration.storage.runs import insert_run

TEXT = b"line one\nline two\n" * 100
ASK = IngestLog(run_id="r1", codebase="hello", name="worker.log")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(str(tmp_path / "spool"))
    (spool.create("r1") / "worker.log").write_bytes(TEXT)
    return spool


@pytest.fixture
def logs(tmp_path: Path) -> FileSystemLogFileManager:
    return FileSystemLogFileManager(tmp_path / "logs")


@pytest.fixture
def broken(tmp_path: Path) -> FileSystemLogFileManager:
    (tmp_path / "broken").touch()
    return FileSystemLogFileManager(tmp_path / "broken")


@pytest.fixture
def with_a_run(session: Session) -> Session:
    insert_run(session)
    return session


def test_what_is_stored_is_recorded_once(
    spool: Spool, logs: FileSystemLogFileManager, with_a_run: Session, tmp_path: Path
) -> None:
    for _ in range(2):
        record_log(with_a_run, store_log(ASK, spool, logs, None))
        with_a_run.commit()
    row = with_a_run.scalars(select(RunLog)).one()
    assert (row.run_id, row.name, row.stored_name) == ("r1", "worker.log", "worker.log")
    assert (row.size, row.sha256) == (len(TEXT), hashlib.sha256(TEXT).hexdigest())
    assert row.stored_size == (tmp_path / "logs/hello/r1/worker.log.gz").stat().st_size < row.size
    assert (row.content_type, row.location) == ("text/plain", "primary")


def test_a_name_that_is_taken_is_recorded_as_stored(
    spool: Spool, logs: FileSystemLogFileManager, with_a_run: Session
) -> None:
    store_log(ASK, spool, logs, None)
    (spool.run_directory("r1") / "worker.log").write_bytes(b"other text")
    record_log(with_a_run, store_log(ASK, spool, logs, None))
    row = with_a_run.scalars(select(RunLog)).one()
    assert row.name == "worker.log"
    assert row.stored_name.startswith("worker.log.2")
    assert logs.get_log("hello", "r1", row.stored_name).read() == b"other text"


def test_the_backup_is_recorded(
    spool: Spool,
    logs: FileSystemLogFileManager,
    broken: FileSystemLogFileManager,
    with_a_run: Session,
) -> None:
    record_log(with_a_run, store_log(ASK, spool, broken, logs))
    assert with_a_run.scalars(select(RunLog.location)).one() == "backup"
    assert logs.has_log("hello", "r1", "worker.log")
    with pytest.raises(ServiceUnavailable):
        store_log(ASK, spool, broken, None)


def test_what_is_no_file_of_the_run_fails_for_good(
    spool: Spool, logs: FileSystemLogFileManager
) -> None:
    (spool.run_directory("r1") / "link.log").symlink_to("/etc/passwd")
    with pytest.raises(NotRegular):
        store_log(ASK.model_copy(update={"name": "link.log"}), spool, logs, logs)
    with pytest.raises(NotInSpool):
        store_log(ASK.model_copy(update={"name": "other.log"}), spool, logs, logs)
    assert list(logs.iter_logs()) == []


def test_an_unknown_run_is_refused(
    spool: Spool, logs: FileSystemLogFileManager, session: Session
) -> None:
    with pytest.raises(NoSuchRun, match="r1"):
        record_log(session, store_log(ASK, spool, logs, None))


def test_the_key_is_the_run_and_the_name() -> None:
    assert INGEST.key(ASK) == "r1/worker.log"
