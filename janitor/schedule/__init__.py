"""Which candidate is run when: the number behind a place in the queue.

:mod:`.estimates` computes it, for any number of candidates in one statement; :mod:`.recompute`
gives every candidate its place, :mod:`.requests` one codebase that somebody asks for or that
was just run, :mod:`.regular` one by values that a caller brings. :mod:`.explain` says why a
place is what it is. The queue itself is :mod:`janitor.queue`'s.
"""

from janitor.schedule.candidates import (
    PUBLISH_MODE_VALUE,
    iter_candidates_with_publish_policy,
    queue_item_from_candidate_and_publish_policy,
)
from janitor.schedule.dependencies import dep_available, deps_satisfied
from janitor.schedule.estimates import DEFAULT_ESTIMATED_DURATION, estimate_duration
from janitor.schedule.offset import (
    DEFAULT_NORMALIZED_CODEBASE_VALUE,
    FIRST_RUN_BONUS,
    MINIMUM_COST,
    MINIMUM_NORMALIZED_CODEBASE_VALUE,
    calculate_offset,
)
from janitor.schedule.options import PARITY, Options
from janitor.schedule.regular import (
    bulk_add_to_queue,
    do_schedule_regular,
    estimate_success_probability_and_duration,
)
from janitor.schedule.requests import (
    DEFAULT_SCHEDULE_OFFSET,
    CandidateUnavailable,
    do_schedule,
    do_schedule_control,
    schedule_next,
)

__all__ = [
    "DEFAULT_ESTIMATED_DURATION",
    "DEFAULT_NORMALIZED_CODEBASE_VALUE",
    "DEFAULT_SCHEDULE_OFFSET",
    "FIRST_RUN_BONUS",
    "MINIMUM_COST",
    "MINIMUM_NORMALIZED_CODEBASE_VALUE",
    "PARITY",
    "PUBLISH_MODE_VALUE",
    "CandidateUnavailable",
    "Options",
    "bulk_add_to_queue",
    "calculate_offset",
    "dep_available",
    "deps_satisfied",
    "do_schedule",
    "do_schedule_control",
    "do_schedule_regular",
    "estimate_duration",
    "estimate_success_probability_and_duration",
    "iter_candidates_with_publish_policy",
    "queue_item_from_candidate_and_publish_policy",
    "schedule_next",
]
