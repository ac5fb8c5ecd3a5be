"""The offset of one candidate, for callers who have its factors at hand.

``estimates.sql`` says the same for any number of candidates; a test holds the two together.
"""

from __future__ import annotations

from datetime import timedelta

from janitor.errors import Failure

FIRST_RUN_BONUS = 100.0
MINIMUM_COST = 20000.0  # milliseconds: what a run costs before it does anything
MINIMUM_NORMALIZED_CODEBASE_VALUE = 0.1
DEFAULT_NORMALIZED_CODEBASE_VALUE = 0.5


class ImpossibleFactor(Failure):
    """A factor of an offset that no candidate can have."""


def calculate_offset(
    *,
    estimated_duration: timedelta,
    normalized_codebase_value: float | None,
    estimated_probability_of_success: float,
    candidate_value: float | None,
    total_previous_runs: int,
    success_chance: float | None,  # noqa: ARG001 - callers give it; in parity it counts nothing
) -> float:
    """Return how far behind the lowest priority a candidate is placed: small is early.

    Args:
        estimated_duration: how long a run may take.
        normalized_codebase_value: what the codebase is worth, of 1; None where unknown.
        estimated_probability_of_success: above 0, at most 1.
        candidate_value: with its policy's; None or 0 counts 1.
        total_previous_runs: of those that count; a first run is worth more.
        success_chance: what the candidate says of itself.

    Raises:
        ImpossibleFactor: a duration or value below zero, or a probability that is none.
    """
    if estimated_duration < timedelta(0):
        raise ImpossibleFactor(f"a run cannot take {estimated_duration}: less than no time")
    if not 0 < estimated_probability_of_success <= 1:
        raise ImpossibleFactor(
            f"{estimated_probability_of_success} is no probability of success: give one above 0"
            " and at most 1"
        )
    if candidate_value is not None and not candidate_value >= 0:
        raise ImpossibleFactor(f"a candidate cannot be worth {candidate_value}: give 0 or more")
    value = (candidate_value or 1.0) + (FIRST_RUN_BONUS if total_previous_runs == 0 else 0)
    cost = MINIMUM_COST + estimated_duration / timedelta(milliseconds=1)
    if normalized_codebase_value is None:
        normalized_codebase_value = DEFAULT_NORMALIZED_CODEBASE_VALUE
    worth = max(min(normalized_codebase_value, 1.0), MINIMUM_NORMALIZED_CODEBASE_VALUE)
    return cost / (worth * estimated_probability_of_success * value)
