"""Which runs a log may say more of: failed builds, with the log that their code speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select

from janitor.analysis.consulting import BUILD_LOG, DIST_LOG
from janitor.state import Conn
from janitor.state.finding import LogFinding
from janitor.state.run import RunRow
from janitor.state.stored import RunLog

VAGUE = "build-failed"

# Codes that come from a log of a build: the vague one, and those that begin with a stage. Others
# (a time that ran out, a branch that is missing) come from somebody who knows more than the log.
_STAGES = (
    "apt-get-update",
    "arch-check",
    "autopkgtest",
    "build",
    "check-space",
    "create-session",
    "dist",
    "explain-bd-uninstallable",
    "fetch-src",
    "install-deps",
    "unpack",
)


@dataclass(frozen=True)
class Wanted:
    """Which failed runs; None is any."""

    run_ids: Sequence[str] | None = None
    campaign: str | None = None
    codebase: str | None = None
    result_code: str | None = None


@dataclass(frozen=True)
class FailedRun:
    """A run that failed, as it says itself.

    Args:
        run_id, codebase, campaign: which.
        log: the name of the log to ask.
        result_code, description: what the run says.
    """

    run_id: str
    codebase: str
    campaign: str
    log: str
    result_code: str
    description: str | None


def is_vague(result_code: str) -> bool:
    """Return whether a code says no more than where a build failed."""
    return result_code in {VAGUE, "dist-command-failed"} or result_code.startswith(
        f"{VAGUE}-stage-"
    )


def failed_runs(conn: Conn, wanted: Wanted, limit: int | None = None) -> list[FailedRun]:
    """Return failed builds that have the log to ask, the newest first."""
    chosen = (
        (RunRow.suite, wanted.campaign),
        (RunRow.codebase, wanted.codebase),
        (RunRow.result_code, wanted.result_code),
    )
    query = _failures().where(*(column == value for column, value in chosen if value is not None))
    if wanted.run_ids is not None:
        query = query.where(RunRow.id.in_(wanted.run_ids))
    newest = RunRow.start_time.desc().nulls_last()
    return [FailedRun(*row) for row in conn.execute(query.order_by(newest, RunRow.id).limit(limit))]


def never_analysed(conn: Conn, young: timedelta, limit: int) -> list[str]:
    """Return runs that began lately, whose log is recorded and was never asked."""
    lately = func.timezone("UTC", func.now()) - young
    asked = exists().where(LogFinding.run_id == RunRow.id)
    stored = exists().where(RunLog.run_id == RunRow.id, RunLog.name == _log())
    rows = conn.execute(
        _failures()
        .where(RunRow.start_time > lately, ~asked, stored)
        .order_by(RunRow.id)
        .limit(limit)
    )
    return [run_id for run_id, *_ in rows]


def _failures() -> Select[str, str, str, str, str, str | None]:
    log = _log()
    # A log without stages gives a code without one.
    found = exists().where(
        LogFinding.run_id == RunRow.id, LogFinding.result_code == RunRow.result_code
    )
    return select(
        RunRow.id, RunRow.codebase, RunRow.suite, log, RunRow.result_code, RunRow.description
    ).where(
        or_(found, *(RunRow.result_code.startswith(f"{stage}-") for stage in _STAGES)),
        log == func.any(RunRow.logfilenames),
    )


def _log() -> ColumnElement[str]:
    return case((RunRow.result_code.startswith("dist-"), DIST_LOG), else_=BUILD_LOG)
