"""All that a reviewer looks at before a verdict: the run, its policy, diff and logs.

What can't be had (a repository or store that is away or not configured) is told in its place, and
keeps nobody from seeing the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from janitor.deployment import Deployment
from janitor.errors import Failure, JanitorError
from janitor.review.considered import Considered, consider
from janitor.review.recording import VerdictRefused
from janitor.state import Run, get_run
from janitor.state.publish_status import PublishStatusChange
from janitor.state.review import ReviewHistory
from janitor.state.stored import RunLog
from janitor.vcs.run_diff import KeptDiff, diff_of_run, read_diff
from janitor.wording import no_run

TAIL = 64 * 1024  # bytes of a log that are kept for its last lines


@dataclass(frozen=True)
class Page:
    """A diff or the end of a log; where there is none, ``problem`` says why."""

    name: str
    text: str = ""
    problem: str | None = None


@dataclass(frozen=True)
class Spoken:
    """A verdict as a person reads it."""

    reviewer: str | None
    verdict: str
    qa_reviewer: bool
    comment: str | None
    at: datetime


@dataclass(frozen=True)
class Change:
    """A change of the publish status as a person reads it."""

    before: str | None
    after: str
    actor: str | None
    why: str | None
    at: datetime


@dataclass(frozen=True)
class Dossier:
    """A run as a reviewer sees it."""

    run: Run
    considered: Considered
    verdicts: tuple[Spoken, ...]
    changes: tuple[Change, ...]
    diffs: tuple[Page, ...]
    logs: tuple[Page, ...]


def dossier(deployment: Deployment, run_id: str) -> Dossier:
    """Gather what there is to see of a run.

    Args:
        deployment: the database, repositories and stores.
        run_id: the run.

    Raises:
        VerdictRefused: there is no such run.
    """
    with deployment.sessions() as session:
        run = get_run(session, run_id)
        if run is None:
            raise VerdictRefused(no_run(run_id))
        (considered,) = consider(session, [run_id])
        verdicts = tuple(_spoken(session, run_id))
        changes = tuple(_changes(session, run_id))
        roles = [branch.role for branch in run.result_branches or ()]
        kept = {role: read_diff(session, run_id, role) for role in roles}
        stored = session.execute(
            select(RunLog.name, RunLog.stored_name, RunLog.location)
            .where(RunLog.run_id == run_id)
            .order_by(RunLog.name)
        ).all()
    diffs = tuple(_diff(deployment, run, role, body) for role, body in kept.items())
    return Dossier(run, considered, verdicts, changes, diffs, _logs(deployment, run, stored))


def _spoken(session: Session, run_id: str) -> list[Spoken]:
    rows = session.scalars(
        select(ReviewHistory).where(ReviewHistory.run_id == run_id).order_by(ReviewHistory.id)
    )
    return [
        Spoken(row.reviewer, row.verdict, row.qa_reviewer, row.comment, row.reviewed_at)
        for row in rows
    ]


def _changes(session: Session, run_id: str) -> list[Change]:
    rows = session.scalars(
        select(PublishStatusChange)
        .where(PublishStatusChange.run_id == run_id)
        .order_by(PublishStatusChange.id)
    )
    return [Change(row.before, row.after, row.actor, row.why, row.changed_at) for row in rows]


def _diff(deployment: Deployment, run: Run, role: str, kept: KeptDiff | None) -> Page:
    def text() -> bytes:
        found = kept or diff_of_run(run, role, deployment.vcs_managers)
        cut = b"" if found.truncated is None else b"[the diff goes on]\n"
        return found.body + cut

    return _page(role, text)


def _logs(
    deployment: Deployment, run: Run, stored: Sequence[Row[str, str, str]]
) -> tuple[Page, ...]:
    here = {row.name: row for row in stored}
    return tuple(
        _log(deployment, run, name, here.get(name))
        for name in sorted({*here, *(run.logfilenames or ())})
    )


def _log(deployment: Deployment, run: Run, name: str, stored: Row[str, str, str] | None) -> Page:
    def text() -> bytes:
        backup = stored is not None and stored.location == "backup"
        manager = deployment.backup_logs if backup else deployment.logs
        if manager is None:
            raise Failure("it is in the backup store, which is not configured any more")
        # Other services store logs too, and keep no record of them.
        stored_name = name if stored is None else stored.stored_name
        with manager.get_log(run.codebase, run.id, stored_name) as log:
            return _end(log)

    return _page(name, text)


def _page(name: str, text: Callable[[], bytes]) -> Page:
    try:
        return Page(name, text().decode(errors="replace"))
    except JanitorError as error:
        return Page(name, problem=str(error))


def _end(log: BinaryIO) -> bytes:
    """The end of a log of any size, in constant memory."""
    end = b""
    while block := log.read(TAIL):
        end = (end + block)[-TAIL:]
    return end
