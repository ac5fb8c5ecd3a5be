"""What the demo did, read from the database; and what the webhook's receiver says it got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

import playground
from janitor.state.diff import RunDiff
from janitor.state.job import JobRow
from janitor.state.notification import DeliveryRow
from janitor.state.publish_status import PublishStatusChange
from janitor.state.queue import QueueEntry
from janitor.state.review import ReviewHistory
from janitor.state.run import RunRow
from janitor.state.stored import RunArtifact, RunLog
from janitor.vcs.run_diff import read_diff

FIRST_LINES = 9  # of a diff


@dataclass(frozen=True)
class Diff:
    """A diff that was kept, with its first lines."""

    codebase: str
    campaign: str
    vcs_type: str
    beginning: str


@dataclass(frozen=True)
class Report:
    """Counts of what came to be since a moment, and what is in the queue now."""

    runs: Counter[str]
    logs: int
    artifacts: int
    diffs: tuple[Diff, ...]
    verdicts: Counter[str]
    decisions: Counter[str]
    jobs: Counter[tuple[str, str]]
    queued: int
    failures: tuple[str, ...]
    notified: frozenset[str]
    arrived: Mapping[str, str]

    @classmethod
    def read(cls, session: Session, since: datetime, arrived: Mapping[str, str]) -> Report:
        """Return what happened since a moment.

        Args:
            session: a session on the demo's database.
            since: when the demo began.
            arrived: the titles that a webhook's receiver got, by their ids.
        """
        new = RunRow.start_time >= since
        jobs = select(JobRow.kind, JobRow.state, func.count()).where(JobRow.created_at >= since)
        return cls(
            runs=_counter(session, select(RunRow.result_code).where(new)),
            logs=_count(session, select(RunLog).join(RunRow).where(new)),
            artifacts=_count(session, select(RunArtifact).join(RunRow).where(new)),
            diffs=_diffs(session, since),
            verdicts=_counter(
                session, select(ReviewHistory.verdict).where(ReviewHistory.reviewed_at >= since)
            ),
            decisions=_counter(
                session,
                select(PublishStatusChange.why).where(
                    PublishStatusChange.changed_at >= since, PublishStatusChange.why.is_not(None)
                ),
            ),
            jobs=Counter(
                {
                    (kind, state): count
                    for kind, state, count in session.execute(
                        jobs.group_by(JobRow.kind, JobRow.state)
                    )
                }
            ),
            queued=_count(session, select(QueueEntry.id)),
            failures=tuple(
                session.scalars(
                    select(func.concat(JobRow.kind, ": ", JobRow.last_error)).where(
                        JobRow.created_at >= since, JobRow.state == "failed"
                    )
                )
            ),
            notified=frozenset(
                map(
                    str,
                    session.scalars(
                        select(DeliveryRow.message_id).where(DeliveryRow.sent_at >= since)
                    ),
                )
            ),
            arrived=dict(arrived),
        )

    def missing(self) -> list[str]:
        """Return what should be there and is not."""
        runs = self.runs.total()
        kinds = {diff.vcs_type for diff in self.diffs}
        candidates = len(playground.CODEBASES) * len(playground.CAMPAIGNS)
        expected = {
            f"a run of each of the {candidates} candidates": runs >= candidates,
            "runs that succeeded and runs that failed": {"success", "command-failed"}
            <= set(self.runs),
            f"one log of each of the {runs} runs": self.logs == runs,
            f"one artifact of each of the {runs} runs": self.artifacts == runs,
            "a diff of each success": len(self.diffs) == self.runs["success"],
            "diffs from Git and from Bazaar": kinds == {"git", "bzr"},
            "two approvals and two rejections": self.verdicts
            == Counter({"approved": 2, "rejected": 2}),
            "a run that two reviewers approved": self.decisions
            == Counter({"approved by ada and bob": 1, "rejected by ada": 2}),
            "three messages at the webhook, as the database has them": len(self.notified) == 3  # noqa: PLR2004 - two approvals, and what they made
            and self.notified == set(self.arrived),
            "only jobs that are done": {state for _, state in self.jobs} == {"done"},
            "a queue that is full again": self.queued >= candidates,
        }
        return [what for what, there in expected.items() if not there] + list(self.failures)

    def __str__(self) -> str:
        states = Counter[str]()
        for (_, state), count in self.jobs.items():
            states[state] += count
        lines = [
            f"runs       {_listed(self.runs)}",
            f"logs       {self.logs}",
            f"artifacts  {self.artifacts}",
            f"verdicts   {_listed(self.verdicts)}",
            f"decisions  {_listed(self.decisions)}",
            f"webhook    {len(self.arrived)} signed: {'; '.join(self.arrived.values())}",
            f"jobs       {_listed(states)}",
            f"queued     {self.queued}",
            f"diffs      {len(self.diffs)}, among them:",
        ]
        for diff in _one_of_each(self.diffs):
            lines.append(f"\n  {diff.campaign} on {diff.codebase} ({diff.vcs_type}):")
            lines += [f"    {line}" for line in diff.beginning.splitlines()]
        return "\n".join(lines)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def _one_of_each(diffs: tuple[Diff, ...]) -> list[Diff]:
    return list({diff.vcs_type: diff for diff in diffs}.values())


def _counter(session: Session, query: Select[Any]) -> Counter[str]:
    return Counter(session.scalars(query))


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _diffs(session: Session, since: datetime) -> tuple[Diff, ...]:
    rows = session.execute(
        select(RunDiff.run_id, RunDiff.role, RunRow.codebase, RunRow.suite, RunRow.vcs_type)
        .join(RunRow, RunRow.id == RunDiff.run_id)
        .where(RunRow.start_time >= since)
        .order_by(RunRow.codebase, RunRow.suite)
    )
    return tuple(
        Diff(row.codebase, row.suite, row.vcs_type, _beginning(session, row.run_id, row.role))
        for row in rows
    )


def _beginning(session: Session, run_id: str, role: str) -> str:
    kept = read_diff(session, run_id, role)
    lines = kept.body.decode(errors="replace").splitlines() if kept else []
    return "\n".join(lines[:FIRST_LINES])
