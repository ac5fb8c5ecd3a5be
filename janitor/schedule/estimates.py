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

from sqlalchemy import TextClause, text

from janitor.schedule.dependencies import satisfied_runs
from janitor.schedule.options import PARITY, Options
from janitor.state import Conn

DEFAULT_ESTIMATED_DURATION = 15  # seconds


@dataclass(frozen=True)
class Scope:
    """Which candidates are looked at; None means all of them.

    Args:
        codebases: those of these codebases.
        campaigns: those of these campaigns.
        first: those of this codebase and of the ones that come after it by name.
        beyond: those of the codebases that come before this one by name.
    """

    codebases: Sequence[str] | None = None
    campaigns: Sequence[str] | None = None
    first: str = ""
    beyond: str | None = None

    @property
    def is_of_all(self) -> bool:
        """Whether no codebase and no campaign is named: all candidates, or all of a part."""
        return self.codebases is None and self.campaigns is None

    def parameters(self, conn: Conn, satisfied: list[str] | None = None) -> dict[str, Any]:
        """Return what the statements built on the estimates take.

        Args:
            conn: a connection or session.
            satisfied: what :func:`.satisfied_runs` finds; looked up unless given.
        """
        if satisfied is None:
            satisfied = satisfied_runs(conn, self.codebases, self.campaigns)
        return {
            "codebases": _listed(self.codebases),
            "campaigns": _listed(self.campaigns),
            "first": self.first,
            "beyond": self.beyond,
            "satisfied": satisfied,
        }


def estimate_duration(conn: Conn, codebase: str, campaign: str) -> timedelta:
    """Return how long a run may take: the mean of earlier ones, the nearest that there are.

    Args:
        conn: a connection or session.
        codebase: where it would run; its runs of other campaigns come second.
        campaign: what for; its runs on other codebases come third.
    """
    asked = {
        "codebase": codebase,
        "campaign": campaign,
        "otherwise": timedelta(seconds=DEFAULT_ESTIMATED_DURATION),
    }
    duration: timedelta = conn.execute(text(_DURATION), asked).scalar_one()
    return duration


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


# From the same sums as in estimates.sql, but for one place alone. A mean is looked up only
# where the ones before it are unknown.
_DURATION = """
SELECT coalesce(
    (
        SELECT sum(duration) / nullif(sum(durations), 0)::float
        FROM (
            SELECT duration, durations FROM run_statistics
            WHERE codebase = :codebase AND suite = :campaign
            UNION ALL -- how long a worker took to fail counts for a day
            SELECT duration, 1 FROM run
            WHERE codebase = :codebase AND suite = :campaign
                AND failure_transient IS NOT TRUE AND duration IS NOT NULL
                AND result_code = 'worker-failure' AND start_time >= now() - interval '1 day'
        ) AS own
    ),
    (
        SELECT sum(any_duration) / nullif(sum(any_durations), 0)::float
        FROM run_statistics WHERE codebase = :codebase
    ),
    (
        SELECT sum(any_duration) / nullif(sum(any_durations), 0)::float
        FROM run_statistics WHERE suite = :campaign
    ),
    cast(:otherwise AS interval)
)
"""
