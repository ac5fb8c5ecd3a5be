"""Asking for the log of a run to be analysed: once for each analysis that somebody names."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from sqlalchemy.orm import Session

from janitor.analysis.failures import FailedRun, Wanted, failed_runs, never_analysed
from janitor.errors import Failure
from janitor.jobs import JobKind, Payload, submit
from janitor.names import RunId
from janitor.state import Conn

FIRST = "first"  # the analysis of logs that just came
LATELY = timedelta(days=7)
BATCH = 500


class NothingToAnalyse(Failure):
    """A run that is no failed build, or has no log to ask."""


class AnalyseLog(Payload):
    """Which run's log to ask; ``analysis`` tells one time from the next.

    With ``take_over`` the run says afterwards what its log says.
    """

    analysis: str = Field(min_length=1, max_length=200)
    run_id: RunId
    take_over: bool = False


ANALYSE = JobKind(
    "janitor.logs.analyse",
    AnalyseLog,
    key=lambda ask: f"{ask.analysis}/{ask.run_id}",
    run=lambda ask: ask.run_id,
)


def run_to_analyse(conn: Conn, run_id: str) -> FailedRun:
    """Return a run as it is now.

    Raises:
        NothingToAnalyse: its log would say nothing of it.
    """
    found = failed_runs(conn, Wanted(run_ids=[run_id]))
    if not found:
        raise NothingToAnalyse(f"run {run_id} is no failed build with a build.log or dist.log")
    return found[0]


def ask_for_new(session: Session) -> int:
    """Ask for logs that came lately and were never analysed; returns how many."""
    run_ids = never_analysed(session, LATELY, BATCH)
    new = [submit(session, ANALYSE, AnalyseLog(analysis=FIRST, run_id=run)) for run in run_ids]
    return sum(is_new for _, is_new in new)
