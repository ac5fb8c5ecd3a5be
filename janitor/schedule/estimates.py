"""The number behind a place in the queue, for any number of candidates in one statement.

The formula stands in ``estimates.sql``, factor by factor. This module reads it and supplies
what SQL cannot tell: which runs failed only for want of dependencies that there now are
(:mod:`.dependencies`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any

from sqlalchemy import TextClause, func, select, text

from janitor.schedule.dependencies import satisfied_runs
from janitor.schedule.options import PARITY, Options
from janitor.state import Conn
from janitor.state.run import RunRow

DEFAULT_ESTIMATED_DURATION = 15  # seconds


@dataclass(frozen=True)
class Scope:
    """Which candidates are looked at; None means all of them."""

    codebases: Sequence[str] | None = None
    campaigns: Sequence[str] | None = None

    def parameters(self, conn: Conn) -> dict[str, Any]:
        """Return what the statements built on the estimates take."""
        return {
            "codebases": _listed(self.codebases),
            "campaigns": _listed(self.campaigns),
            "satisfied": satisfied_runs(conn, self.codebases, self.campaigns),
        }


def estimate_duration(conn: Conn, codebase: str, campaign: str) -> timedelta:
    """Return how long a run may take: the mean of earlier ones, the nearest that there are.

    Args:
        conn: a connection or session.
        codebase: where it would run; its runs of other campaigns come second.
        campaign: what for; its runs on other codebases come third.
    """
    mean = select(func.avg(RunRow.duration)).where(RunRow.failure_transient.is_not(True))
    here, for_this = RunRow.codebase == codebase, RunRow.suite == campaign
    # Here as in estimates.sql: how long a worker took to fail, long ago, tells nothing.
    recent = RunRow.start_time >= func.now() - timedelta(days=1)
    counts = (RunRow.result_code != "worker-failure") | recent
    means = [mean.where(here, for_this, counts), mean.where(here), mean.where(for_this)]
    for nearest in means:
        duration: timedelta | None = conn.execute(nearest).scalar_one()
        if duration is not None:
            return duration
    return timedelta(seconds=DEFAULT_ESTIMATED_DURATION)


def with_estimates(statement: str, *, instead: str = "", options: Options = PARITY) -> TextClause:
    """Return a statement that reads from the table expression ``estimate``.

    Args:
        statement: what follows ``WITH estimate AS (…)``.
        instead: table expressions that the estimates read in place of tables of these names.
        options: which success model, and how long candidates rest.
    """
    estimates = (files(__package__) / "estimates.sql").read_text()
    # Nothing from outside: both texts are files and constants of this package.
    before = f"{instead}," if instead else ""
    whole = text(f"WITH {before} estimate AS (\n{estimates}\n)\n{statement}")
    return whole.bindparams(**options.parameters())


def _listed(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names)
