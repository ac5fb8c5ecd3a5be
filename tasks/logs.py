"""The logs pool: from the spool to the store."""

from __future__ import annotations

from janitor.logs.ingest import INGEST, IngestLog, record_log, store_log
from tasks.base import Work, carries
from tasks.spool import discard_if_done


@carries(INGEST)
def ingest(work: Work[IngestLog]) -> None:
    """Store one log file of a run."""
    here = work.deployment
    stored = store_log(work.ask, here.spool, here.logs, here.backup_logs)
    with work.finish() as session:
        record_log(session, stored)
    discard_if_done(here, work.ask.run_id)
