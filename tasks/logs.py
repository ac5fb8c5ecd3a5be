"""The logs pool: from the spool to the store, back from the backup, and away in the end."""

from __future__ import annotations

from janitor.deployment import Deployment
from janitor.logs.ingest import INGEST, IngestLog, record_log, store_log
from tasks.base import Work, carries, ticks
from tasks.files import bring_back, let_go
from tasks.spool import discard_if_done


@carries(INGEST)
def ingest(work: Work[IngestLog]) -> None:
    """Store one log file of a run."""
    here = work.deployment
    stored = store_log(work.ask, here.spool, here.logs, here.backup_logs)
    with work.finish() as session:
        record_log(session, stored)
    discard_if_done(here, work.ask.run_id)


@ticks("janitor.logs.bring_back")
def bring_back_logs(deployment: Deployment) -> str:
    """Move logs from the backup to the primary store."""
    return bring_back(deployment, "logs")


@ticks("janitor.logs.expire")
def expire_logs(deployment: Deployment) -> str:
    """Delete logs that no policy keeps any longer."""
    return let_go(deployment, "logs")
