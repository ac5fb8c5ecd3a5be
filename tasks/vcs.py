"""The vcs pool: what a run changed."""

from __future__ import annotations

from janitor.vcs.run_diff import DIFF, MakeDiff, diff_of_run, load_run, record_diff
from tasks.base import Work, carries


@carries(DIFF)
def diff(work: Work[MakeDiff]) -> None:
    """Make and keep the diff of one role of a run."""
    here = work.deployment
    with here.sessions() as session:
        run = load_run(session, work.ask.run_id)
    made = diff_of_run(run, work.ask.role, here.vcs_managers)
    with work.finish() as session:
        record_diff(session, made)
