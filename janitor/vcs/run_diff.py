"""What a run changed: asked of the repository once, kept in the database from then on.

The diff is kept by its content, so that the same diff of many runs is stored once.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from janitor.errors import Failure
from janitor.jobs import JobKind, Payload
from janitor.names import RoleName, RunId
from janitor.state import Conn, Run, get_run
from janitor.state.diff import DiffContent, RunDiff
from janitor.vcs.diff_counts import DiffCounts, count_changes
from janitor.vcs.errors import RepositoryUnavailable, RevisionMissing, UnsupportedVcs
from janitor.vcs.manager import VcsManager
from janitor.vcs.revisions import NULL_REVISION


class MakeDiff(Payload):
    """Which role of which run to make the diff of."""

    run_id: RunId
    role: RoleName


DIFF = JobKind(
    "janitor.vcs.diff",
    MakeDiff,
    key=lambda ask: f"{ask.run_id}/{ask.role}",
    run=lambda ask: ask.run_id,
)


class NothingToCompare(Failure):
    """There is no such run, or it has no branch with that role."""


@dataclass(frozen=True)
class MadeDiff:
    """A diff as it goes into the database; ``body`` is the plain text."""

    run_id: str
    role: str
    old_revision: bytes
    new_revision: bytes
    body: bytes
    counts: DiffCounts


def load_run(conn: Conn, run_id: str) -> Run:
    """Return a run.

    Raises:
        NothingToCompare: there is none with that id.
    """
    run = get_run(conn, run_id)
    if run is None:
        raise NothingToCompare(f"there is no run {run_id}")
    return run


def diff_of_run(run: Run, role: str, managers: Mapping[str, VcsManager]) -> MadeDiff:
    """Ask the run's repository what the run changed.

    Args:
        run: a run.
        role: which of its result branches.
        managers: the repositories, by kind.

    Raises:
        Failure: it can't be made: no such role, no repositories of the run's kind, a
            revision that is not there, a diff too large.
        PassingError: the repository is not there yet, or not now.
    """
    manager = managers.get(run.vcs_type or "")
    if manager is None:
        raise UnsupportedVcs(
            f"run {run.id}: its vcs_type is {run.vcs_type}, and repositories are configured for"
            f" {' and '.join(sorted(managers)) or 'no kind'}"
        )
    old, new = _revisions(run, role)
    body = manager.get_diff(run.codebase, old, new)
    return MadeDiff(run.id, role, old, new, body, count_changes(body))


def record_diff(conn: Conn, made: MadeDiff) -> None:
    """Keep a diff, in place of an earlier one of the same role of the run."""
    digest = hashlib.sha256(made.body).hexdigest()
    content = insert(DiffContent).values(
        sha256=digest, size=len(made.body), body=zlib.compress(made.body)
    )
    conn.execute(content.on_conflict_do_nothing(index_elements=["sha256"]))
    values = {
        "old_revision": made.old_revision.decode(),
        "new_revision": made.new_revision.decode(),
        "sha256": digest,
        "files": made.counts.files,
        "insertions": made.counts.insertions,
        "deletions": made.counts.deletions,
    }
    of_run = insert(RunDiff).values(run_id=made.run_id, role=made.role, **values)
    conn.execute(of_run.on_conflict_do_update(index_elements=["run_id", "role"], set_=values))


def read_diff(conn: Conn, run_id: str, role: str) -> bytes | None:
    """Return the diff that is kept of a role of a run, or None."""
    body = conn.execute(
        select(DiffContent.body)
        .join(RunDiff, RunDiff.sha256 == DiffContent.sha256)
        .where(RunDiff.run_id == run_id, RunDiff.role == role)
    ).scalar_one_or_none()
    return None if body is None else zlib.decompress(body)


def get_run_diff(vcs_manager: VcsManager, run: Run, role: str) -> bytes:
    """Return what a run changed, or a sentence for a person why that can't be said.

    Everything else raises what is wrong; this is for services that show whatever comes.

    Args:
        vcs_manager: the repositories of the run's kind.
        run: a run.
        role: which of its result branches.
    """
    try:
        old, new = _revisions(run, role)
    except NothingToCompare:
        return f"No branch with role {role}".encode()
    try:
        return vcs_manager.get_diff(run.codebase, old, new)
    except RepositoryUnavailable:
        return f"Local VCS repository for {run.codebase} temporarily inaccessible".encode()
    except RevisionMissing as missing:
        which = "Old" if old in missing.revisions else "New"
        revision = old if which == "Old" else new
        return f"{which} revision {revision.decode()} temporarily missing".encode()


def _revisions(run: Run, role: str) -> tuple[bytes, bytes]:
    """Return what to compare; a branch that was made or removed has one side only."""
    try:
        _, old, new = run.get_result_branch(role)
    except KeyError:
        roles = ", ".join(branch[0] for branch in run.result_branches or ()) or "none"
        raise NothingToCompare(
            f"run {run.id} has no branch with role {role}; its roles: {roles}"
        ) from None
    return old or NULL_REVISION, new or NULL_REVISION
