"""What a run changed: asked of the repository once, kept in the database from then on.

The diff is kept by its content, so that the same diff of many runs is stored once. Of one that
nobody will read to its end the beginning is kept, and that it is one.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from janitor.errors import Failure
from janitor.jobs import JobKind, Payload
from janitor.names import RoleName, RunId
from janitor.state import Conn, Run, get_run
from janitor.state.diff import DiffContent, RunDiff
from janitor.vcs.errors import RepositoryUnavailable, RevisionMissing, UnsupportedVcs
from janitor.vcs.manager import VcsManager
from janitor.vcs.programs.child_process import PATIENCE
from janitor.vcs.revisions import NULL_REVISION
from janitor.vcs.settings import SETTINGS, setting_of
from janitor.vcs.structured import UNLIMITED, DiffCounts, StructuredDiff
from janitor.wording import named, no_run

LONGEST_KEPT = 16 * 1024 * 1024  # bytes
_MOST_FORGOTTEN = 5000  # in one go


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
    """A diff as it goes into the database; ``body`` is the plain text.

    ``truncated`` names the limit that it was cut off at, ``bytes``; the counts are those of what is
    kept. None is a whole diff.
    """

    run_id: str
    role: str
    old_revision: bytes
    new_revision: bytes
    body: bytes
    counts: DiffCounts
    truncated: str | None = None


@dataclass(frozen=True)
class KeptDiff:
    """A diff that is in the database, as :class:`MadeDiff` says."""

    body: bytes
    truncated: str | None


def load_run(conn: Conn, run_id: str) -> Run:
    """Return a run.

    Raises:
        NothingToCompare: there is none with that id.
    """
    run = get_run(conn, run_id)
    if run is None:
        raise NothingToCompare(no_run(run_id))
    return run


def diff_of_run(run: Run, role: str, managers: Mapping[str, VcsManager]) -> MadeDiff:
    """Ask the run's repository what the run changed.

    Args:
        run: a run.
        role: which of its result branches.
        managers: the repositories, by kind.

    Raises:
        Failure: it can't be made: no such role, no repositories of the run's kind, a
            revision that is not there.
        PassingError: the repository is not there yet, or not now.
    """
    old, new = _revisions(run, role)
    body, truncated = _beginning(stream_run_diff(run, role, managers))
    counted = StructuredDiff([body], UNLIMITED, with_lines=False)
    for _ in counted:
        pass
    return MadeDiff(run.id, role, old, new, body, counted.counts, truncated)


def stream_run_diff(
    run: Run, role: str, managers: Mapping[str, VcsManager], *, patience: float = PATIENCE
) -> Generator[bytes]:
    """Yield what a run changed, as its repository says it, of any length.

    Args:
        run: a run.
        role: which of its result branches.
        managers: the repositories, by kind.
        patience: seconds that it may take.

    Raises:
        Failure: as :func:`diff_of_run` says.
        PassingError: the repository is not there yet, or not now.
    """
    manager = managers.get(run.vcs_type or "")
    if manager is None:
        mend = f"; set {setting_of(run.vcs_type)}" if run.vcs_type in SETTINGS else ""
        raise UnsupportedVcs(
            f"run {run.id}: its vcs_type is {run.vcs_type}, and repositories are configured for"
            f" {' and '.join(sorted(managers)) or 'no kind'}{mend}"
        )
    old, new = _revisions(run, role)
    yield from manager.stream_diff(run.codebase, old, new, patience=patience)


def _beginning(stream: Generator[bytes]) -> tuple[bytes, str | None]:
    """Return a diff, or whole lines of one that is longer than what is kept, and its limit."""
    pieces, length = [], 0
    with closing(stream):
        for piece in stream:
            pieces.append(piece)
            length += len(piece)
            if length > LONGEST_KEPT:
                body = b"".join(pieces)[:LONGEST_KEPT]
                return body[: body.rfind(b"\n") + 1], "bytes"
    return b"".join(pieces), None


def record_diff(conn: Conn, made: MadeDiff) -> None:
    """Keep a diff, in place of an earlier one of the same role of the run."""
    digest = hashlib.sha256(made.body).hexdigest()
    content = insert(DiffContent).values(
        sha256=digest, size=len(made.body), body=zlib.compress(made.body)
    )
    # Not "do nothing": one that is there is kept from whoever forgets what no run has.
    same = {"sha256": content.excluded.sha256}
    conn.execute(content.on_conflict_do_update(index_elements=["sha256"], set_=same))
    values = {
        "old_revision": made.old_revision.decode(),
        "new_revision": made.new_revision.decode(),
        "sha256": digest,
        "files": made.counts.files,
        "insertions": made.counts.insertions,
        "deletions": made.counts.deletions,
        "truncated": made.truncated,
    }
    of_run = insert(RunDiff).values(run_id=made.run_id, role=made.role, **values)
    conn.execute(of_run.on_conflict_do_update(index_elements=["run_id", "role"], set_=values))


def forget_unused_diffs(conn: Conn) -> int:
    """Delete contents that no run has any more, some thousand in one go; returns how many.

    Args:
        conn: the caller's transaction.
    """
    unused = ~exists().where(RunDiff.sha256 == DiffContent.sha256)
    found = select(DiffContent.sha256).where(unused).limit(_MOST_FORGOTTEN)
    held = conn.execute(found.with_for_update(skip_locked=True)).scalars().all()
    # Looked at again: a run may have come by one before it was held.
    gone = delete(DiffContent).where(DiffContent.sha256.in_(held), unused)
    return len(conn.execute(gone.returning(DiffContent.sha256)).all())


def read_diff(conn: Conn, run_id: str, role: str) -> KeptDiff | None:
    """Return the diff that is kept of a role of a run, or None."""
    found = conn.execute(
        select(DiffContent.body, RunDiff.truncated)
        .join(RunDiff, RunDiff.sha256 == DiffContent.sha256)
        .where(RunDiff.run_id == run_id, RunDiff.role == role)
    ).one_or_none()
    return None if found is None else KeptDiff(zlib.decompress(found.body), found.truncated)


def diff_to_show(
    conn: Conn,
    run: Run,
    role: str,
    managers: Mapping[str, VcsManager],
    *,
    patience: float = PATIENCE,
) -> Iterable[bytes]:
    """Return a diff in pieces: the one that is kept, or a stream from the run's repository.

    Args:
        conn: the database.
        run: a run.
        role: which of its result branches.
        managers: the repositories, by kind; the stream raises as :func:`stream_run_diff` says.
        patience: seconds that it may take to ask them.

    Raises:
        NothingToCompare: the run has no branch with that role.
    """
    _revisions(run, role)  # now, and not when the first piece of it is asked for
    kept = read_diff(conn, run.id, role)
    if kept is None or kept.truncated is not None:
        return stream_run_diff(run, role, managers, patience=patience)
    return [kept.body]


def get_run_diff(
    vcs_manager: VcsManager, run: Run, role: str, *, conn: Conn | None = None
) -> bytes:
    """Return what a run changed, or a sentence for a person why that can't be said.

    Everything else raises what is wrong; this is for services that show whatever comes.

    Args:
        vcs_manager: the repositories of the run's kind.
        run: a run.
        role: which of its result branches.
        conn: the database, to look there first; a diff that was cut off there is made anew.
    """
    try:
        old, new = _revisions(run, role)
    except NothingToCompare:
        return f"No branch with role {role}".encode()
    kept = None if conn is None else read_diff(conn, run.id, role)
    if kept is not None and kept.truncated is None:
        return kept.body
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
            f"run {run.id} has no branch with role {named(role)}; its roles: {roles}"
        ) from None
    return old or NULL_REVISION, new or NULL_REVISION
