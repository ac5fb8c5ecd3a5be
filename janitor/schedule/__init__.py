"""Which candidate is run when: the number behind a place in the queue.

:mod:`.estimates` computes it, for any number of candidates in one statement; :mod:`.recompute`
gives every candidate its place, :mod:`.requests` one codebase that somebody asks for or that
was just run. The queue itself is :mod:`janitor.queue`'s.
"""

from janitor.schedule.estimates import estimate_duration
from janitor.schedule.requests import CandidateUnavailable, do_schedule, schedule_next

__all__ = ["CandidateUnavailable", "do_schedule", "estimate_duration", "schedule_next"]
