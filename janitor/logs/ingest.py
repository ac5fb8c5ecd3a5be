"""From the spool to the store: one log of a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from janitor.jobs import JobKind, Payload
from janitor.jobs.retry import UNTIL_STORED
from janitor.logs.manager import CONTENT_TYPE, LogFileManager
from janitor.names import CodebaseName, FileName, RunId
from janitor.spool import Spool
from janitor.state import Conn
from janitor.state.stored import RunLog
from janitor.storage import with_backup
from janitor.storage.records import StoredFile, record


class IngestLog(Payload):
    """Which spooled log of which run to store."""

    run_id: RunId
    codebase: CodebaseName
    name: FileName


INGEST = JobKind(
    "janitor.logs.ingest",
    IngestLog,
    key=lambda ask: f"{ask.run_id}/{ask.name}",
    run=lambda ask: ask.run_id,
    retry=UNTIL_STORED,
)


@dataclass(frozen=True, kw_only=True)
class StoredLog(StoredFile):
    """A log that is in a store now; it was compressed there."""


def store_log(
    ask: IngestLog, spool: Spool, manager: LogFileManager, backup: LogFileManager | None
) -> StoredLog:
    """Store one log.

    Args:
        ask: which.
        spool: where it waits.
        manager: where to.
        backup: where to while the other is unavailable.

    Returns:
        What is stored now, for :func:`record_log`.

    Raises:
        NotInSpool: it is not there.
        ServiceUnavailable: neither store takes it.
    """
    file, status = spool.open(ask.run_id, ask.name)
    mtime = datetime.fromtimestamp(status.st_mtime, UTC)
    with file:
        log, location = with_backup(
            lambda store: store.store_log(ask.codebase, ask.run_id, ask.name, file, mtime),
            manager,
            backup,
            f"log {ask.name} of run {ask.run_id}",
        )
    return StoredLog(
        run_id=ask.run_id,
        name=ask.name,
        stored_name=log.stored_name,
        size=log.kept.size,
        stored_size=log.kept.stored_size,
        sha256=log.kept.sha256,
        content_type=CONTENT_TYPE,
        mtime=mtime,
        location=location,
    )


def record_log(conn: Conn, stored: StoredLog) -> None:
    """Record where a log is, in the caller's transaction.

    Raises:
        NoSuchRun: the database doesn't know the run.
    """
    record(conn, RunLog, stored.run_id, [stored])
