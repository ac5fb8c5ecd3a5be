"""The logs pool: from the spool to the store, asked what they say, and away in the end."""

from __future__ import annotations

from janitor.analysis import (
    ANALYSE,
    AnalyseLog,
    NoConsultant,
    ask_for_new,
    consultant,
    keep,
    run_to_analyse,
    take_over,
)
from janitor.analysis import analyse as ask_log
from janitor.deployment import Deployment
from janitor.files import shelf_of
from janitor.files.reading import open_file
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


@carries(ANALYSE)
def analyse(work: Work[AnalyseLog]) -> None:
    """Ask the log of a failed run what went wrong."""
    here = work.deployment
    with here.engine.connect() as conn:
        run = run_to_analyse(conn, work.ask.run_id)
        log = open_file(conn, shelf_of(here, "logs"), run.run_id, run.log)
    with log:
        found = ask_log(run, log)
    with work.finish() as session:
        keep(session, found)
        if work.ask.take_over:
            take_over(session, found)


@ticks("janitor.logs.analyse_new")
def analyse_new_logs(deployment: Deployment) -> str:
    """Ask for the logs of builds that failed lately to be analysed."""
    try:
        consultant()
    except NoConsultant as missing:
        return str(missing)
    with deployment.sessions.begin() as session:
        return f"{ask_for_new(session)} logs to analyse"


@ticks("janitor.logs.bring_back")
def bring_back_logs(deployment: Deployment) -> str:
    """Move logs from the backup to the primary store."""
    return bring_back(deployment, "logs")


@ticks("janitor.logs.expire")
def expire_logs(deployment: Deployment) -> str:
    """Delete logs that no policy keeps any longer."""
    return let_go(deployment, "logs")
