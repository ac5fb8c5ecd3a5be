"""The factors of a candidate's newest offset; docs/explanation/schedule.md explains each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from janitor.schedule.estimates import Scope, with_estimates
from janitor.schedule.options import Options
from janitor.state import Conn
from janitor.times import duration_in_words


@dataclass(frozen=True)
class Factors:
    """What the next offset of a candidate is made of; ``cost`` and ``offset`` in milliseconds."""

    value: float
    codebase_value: float
    previous_runs: int
    successes: float
    tries: float
    hits: float
    context_factor: float
    probability: float
    duration: timedelta
    cost: float
    offset: float
    cooling_until: datetime | None

    def __str__(self) -> str:
        counted = f", counted as {self.hits:.3g} of {self.tries:.3g}"
        return (
            f"offset {self.offset:.0f} = cost {self.cost:.0f}"
            f" / (codebase value {self.codebase_value:.3g}"
            f" x probability {self.probability:.3g} x value {self.value:g})\n"
            f"  probability: {self.successes:g} of {self.previous_runs} earlier runs brought"
            f" something{counted if self.tries != self.previous_runs else ''},"
            f" context factor {self.context_factor:g}\n"
            f"  cost: 20 s and the estimated duration, {duration_in_words(self.duration)}"
        )


def factors_of(
    conn: Conn, codebase: str, campaign: str, change_set: str | None, options: Options
) -> Factors | None:
    """Return a candidate's factors; None for what a recomputation would not place."""
    row = conn.execute(
        with_estimates(
            "SELECT * FROM estimate WHERE change_set IS NOT DISTINCT FROM cast(:own AS text)",
            options=options,
        ),
        Scope([codebase], [campaign]).parameters(conn) | {"own": change_set},
    ).one_or_none()
    if row is None:
        return None
    named = row._mapping  # noqa: SLF001 - documented name
    return Factors(**{name: named[name] for name in Factors.__dataclass_fields__})
