"""The people of the demo: two reviewers who judge three runs, as services around us have them do.

The campaigns ask for two approvals (:mod:`playground`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from janitor.deployment import Deployment
from janitor.errors import JanitorError
from janitor.jobs import submit
from janitor.review import RECORD, RecordVerdict, runs_needing_review
from janitor.review.considered import consider
from janitor.state import Run
from janitor.state.queue import QueueEntry
from janitor.state.review import ReviewRow
from janitor.state.run import RunRow
from workers.app import JanitorApp

FIRST, SECOND = "ada", "bob"


class Missing(JanitorError):
    """Something that the demo promises did not happen."""


@dataclass
class Reviewers:
    """Two of them.

    Args:
        deployment: the Janitor, as a service beside the house sees it.
        wait: waits for something, named in words, to be true in the database.
        say: tells what happened.
    """

    deployment: Deployment
    wait: Callable[[str, Callable[[Session], object]], None]
    say: Callable[[str], None]

    def judge(self) -> str:
        """Approve a run together, reject one, send one back; returns which that was."""
        with self.deployment.sessions() as session:
            waiting = runs_needing_review(session, reviewer=FIRST, limit=3)
        if len(waiting) < 3:  # noqa: PLR2004 - one for each verdict
            raise Missing(f"{len(waiting)} run(s) wait for a review; three are needed")
        approved, rejected, sent_back = waiting
        # A service beside ours sends a message; one with database access a row.
        JanitorApp(Deployment(self.deployment.config)).send_task(
            RECORD.name, kwargs=_verdict(approved.id, "approved").model_dump()
        )
        with self.deployment.sessions.begin() as session:
            submit(session, RECORD, _verdict(rejected.id, "rejected"))
            submit(session, RECORD, _verdict(sent_back.id, "reschedule"))
        self.wait(
            "three verdicts",
            lambda session: all(
                session.scalar(select(ReviewRow.verdict).where(ReviewRow.run_id == run.id))
                for run in waiting
            ),
        )
        self._approve_as_the_second(approved.id)
        self._wait_for_the_queue(sent_back)
        self.say("one run approved by two reviewers, one rejected, one sent back")
        return f"{sent_back.campaign} on {sent_back.codebase}"

    def _approve_as_the_second(self, run_id: str) -> None:
        with self.deployment.sessions.begin() as session:
            (run,) = consider(session, [run_id])
            if run.publish_status != "needs-manual-review":
                raise Missing(f"run {run_id} is {run.publish_status} after one approval of two")
            self.say(f"{run_id} {run.decide().why}")
            submit(session, RECORD, _verdict(run_id, "approved", SECOND))
        status = select(RunRow.publish_status).where(RunRow.id == run_id)
        self.wait("two approvals to count", lambda session: session.scalar(status) == "approved")

    def _wait_for_the_queue(self, sent_back: Run) -> None:
        entry = select(QueueEntry.id).where(
            QueueEntry.codebase == sent_back.codebase,
            QueueEntry.suite == sent_back.campaign,
            QueueEntry.requester == f"reviewer ({FIRST})",
        )
        self.wait("the run that was sent back to be queued", lambda session: session.scalar(entry))


def _verdict(
    run_id: str, verdict: Literal["approved", "rejected", "reschedule"], reviewer: str = FIRST
) -> RecordVerdict:
    return RecordVerdict(
        run_id=run_id,
        verdict=verdict,
        reviewer=reviewer,
        comment="From the demo.",
        is_qa_reviewer=True,
        submission=f"demo-{run_id}",
    )
