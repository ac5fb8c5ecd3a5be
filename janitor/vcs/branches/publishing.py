"""What runs changed, under its names in the repository: ``CAMPAIGN/ROLE`` and ``run/RUN/ROLE``.

The worker has brought the revisions there before it handed its run in. The branch of a campaign
and role is where the newest run with such a branch left it; the tag of a run keeps what that run
made. What is published stands in the table ``published_branch``, and goes when its run is gone.
Where the repositories are behind a store service, nothing is to do: workers push the names, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert

from janitor.errors import PassingError
from janitor.jobs import JobKind, Payload
from janitor.names import RunId
from janitor.state import Conn
from janitor.state.branch import PublishedBranch
from janitor.state.run import ResultBranch, RunRow
from janitor.vcs.branches.port import Branches, BranchExists, BranchMoved
from janitor.vcs.errors import RepositoryUnavailable, RevisionMissing, UnsupportedVcs
from janitor.vcs.manager import VcsManager

_MOST_GONE = 1000  # in one go
_MOST_TRIES = 5  # at a branch that others move at the same time


class PublishRun(Payload):
    """Which run's branches to publish."""

    run_id: RunId


PUBLISH = JobKind(
    "janitor.vcs.publish", PublishRun, key=lambda ask: ask.run_id, run=lambda ask: ask.run_id
)


@dataclass(frozen=True)
class Published:
    """A branch of a run as it is published."""

    run_id: str
    role: str
    codebase: str
    campaign: str
    vcs_type: str
    revision: str

    @property
    def branch(self) -> str:
        """The branch that moves with the newest run."""
        return f"{self.campaign}/{self.role}"

    @property
    def tag(self) -> str:
        """The tag that stays with the run."""
        return f"run/{self.run_id}/{self.role}"


def branches_to_publish(
    conn: Conn, run_id: str, managers: Mapping[str, VcsManager]
) -> list[Published]:
    """Return the branches of a run that are ours to publish; those it removed are none.

    Args:
        conn: the caller's transaction.
        run_id: a run.
        managers: the repositories, by kind.
    """
    rows = conn.execute(
        select(
            RunRow.id.label("run_id"),
            ResultBranch.role,
            RunRow.codebase,
            RunRow.suite.label("campaign"),
            RunRow.vcs_type,
            ResultBranch.revision,
        )
        .join(ResultBranch, ResultBranch.run_id == RunRow.id)
        .where(RunRow.id == run_id, ResultBranch.revision.is_not(None))
        .order_by(ResultBranch.role)
    )
    found = [Published(**row) for row in rows.mappings()]
    return [one for one in found if _branches(managers, one) is not None]


def publish(conn: Conn, one: Published, managers: Mapping[str, VcsManager]) -> None:
    """Let the tag of a run and, if it is the newest, the branch of its campaign be there.

    Safe to repeat, and beside others that publish runs of the same campaign.

    Args:
        conn: a connection whose every statement sees what is committed by then.
        one: what to publish.
        managers: the repositories, by kind.

    Raises:
        Failure: the repository does not have the revision, or the name is taken.
        PassingError: the repository is not there yet, or others are at the branch.
    """
    branches = _branches(managers, one)
    if branches is None:
        return
    for _ in range(_MOST_TRIES):
        # In this order: if a newer run's branch is published after we looked at the branch, we
        # don't find it where we saw it; if before, we find the newer run.
        there = branches.get(one.branch)
        newest = _newest(conn, one) == one.run_id
        try:
            _move(branches, one, there, newest=newest)
        except (BranchMoved, BranchExists):
            if branches.get(one.branch) == there:  # it is not that: another's name is in the way
                raise
            continue
        branches.set_tag(one.tag, one.revision.encode(), branch=one.branch)
        return
    raise PassingError(f"{one.codebase}: others keep moving {one.branch}")


def record_published(conn: Conn, published: Iterable[Published]) -> None:
    """Remember what is published, until its run is gone; before it is, as that may be cut short."""
    for one in published:
        row = insert(PublishedBranch).values(**vars(one))
        conn.execute(
            row.on_conflict_do_update(
                index_elements=["run_id", "role"], set_={"revision": one.revision}
            )
        )


def gone_runs(conn: Conn, managers: Mapping[str, VcsManager]) -> list[Published]:
    """Return what is published of runs that the database does not have any more.

    In no order, so that those which cannot be withdrawn do not keep all others waiting.

    Args:
        conn: the caller's transaction.
        managers: the repositories, by kind; what is in others has to wait.
    """
    rows = conn.execute(
        select(PublishedBranch)
        .with_only_columns(*_columns())
        .where(~exists().where(RunRow.id == PublishedBranch.run_id))
        .where(PublishedBranch.vcs_type.in_(managers))
        .order_by(func.random())
        .limit(_MOST_GONE)
    )
    return [Published(**row) for row in rows.mappings()]


def withdraw(conn: Conn, gone: Published, managers: Mapping[str, VcsManager]) -> None:
    """Take what was published of a run that is gone out of its repository.

    The branch goes back to what the newest run that is left made of it, and goes if there is none;
    where it is somewhere else already, it stays there.

    Args:
        conn: a connection whose every statement sees what is committed by then.
        gone: what was published.
        managers: the repositories, by kind.

    Raises:
        PassingError: somebody else is at the branch.
    """
    branches = _branches(managers, gone)
    if branches is not None:
        with suppress(RepositoryUnavailable):  # it is gone as a whole
            with suppress(BranchMoved):  # by a newer run
                if branches.get(gone.branch) == gone.revision.encode() and not _made_again(
                    conn, gone
                ):
                    _take_back(branches, gone, _left(conn, gone))
            branches.delete_tags([gone.tag])
    conn.execute(
        delete(PublishedBranch).where(
            PublishedBranch.run_id == gone.run_id, PublishedBranch.role == gone.role
        )
    )


def _move(branches: Branches, one: Published, there: bytes | None, *, newest: bool) -> None:
    revision = one.revision.encode()
    # Bazaar's tags need a branch to belong to, even if a newer run comes with its own soon.
    if there == revision or (there is not None and not newest):
        return
    branches.set(one.branch, revision, expected=there)


def _take_back(branches: Branches, gone: Published, left: Row[Any] | None) -> None:
    here = gone.revision.encode()
    if left is None:
        branches.delete(gone.branch, expected=here)
    elif left.revision != gone.revision:
        try:
            branches.set(gone.branch, left.revision.encode(), expected=here)
        except RevisionMissing:  # that run's worker never brought it
            branches.delete(gone.branch, expected=here)


def _branches(managers: Mapping[str, VcsManager], one: Published) -> Branches | None:
    manager = managers.get(one.vcs_type or "")
    if manager is None:
        return None
    try:
        return manager.branches(one.codebase)
    except UnsupportedVcs:  # behind a store service
        return None


def _newest(conn: Conn, one: Published) -> str | None:
    found: str | None = conn.execute(
        select(RunRow.id)
        .join(ResultBranch, ResultBranch.run_id == RunRow.id)
        .where(RunRow.codebase == one.codebase, RunRow.suite == one.campaign)
        .where(ResultBranch.role == one.role, ResultBranch.revision.is_not(None))
        .order_by(RunRow.start_time.desc(), RunRow.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return found


def _left(conn: Conn, gone: Published) -> Row[Any] | None:
    """The newest of the published branches of a campaign and role whose run is there."""
    found: Row[Any] | None = conn.execute(
        _LEFT, {"codebase": gone.codebase, "campaign": gone.campaign, "role": gone.role}
    ).one_or_none()
    return found


def _made_again(conn: Conn, gone: Published) -> bool:
    """Whether the newest run that is there made the same of it, published already or soon."""
    return bool(conn.execute(_MADE_AGAIN, vars(gone)).scalar_one())


def _columns() -> Sequence[Any]:
    names = ("run_id", "role", "codebase", "campaign", "vcs_type", "revision")
    return [getattr(PublishedBranch, name) for name in names]


_LEFT = text("""
SELECT published.revision
FROM published_branch AS published
JOIN run ON run.id = published.run_id
WHERE published.codebase = :codebase AND published.campaign = :campaign
    AND published.role = :role
ORDER BY run.start_time DESC, run.id DESC
LIMIT 1
""")

_MADE_AGAIN = text("""
SELECT coalesce((
    SELECT made.revision = :revision FROM run
    JOIN new_result_branch AS made ON made.run_id = run.id
    WHERE run.codebase = :codebase AND run.suite = :campaign
        AND made.role = :role AND made.revision IS NOT NULL
    ORDER BY run.start_time DESC, run.id DESC
    LIMIT 1
), false)
""")
