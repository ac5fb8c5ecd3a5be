"""A run with its branches as one value: what callers in the field know as ``Run``.

Rows are :mod:`.run`'s; this module reads them (a run and its branches in one statement) and
turns revisions into the bytes that version control speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import total_ordering
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, func, select, type_coerce

from janitor.state.base import Conn
from janitor.state.run import ResultBranch, ResultTag, RunRow
from janitor.state.types import CompositeArray


class BranchResult(NamedTuple):
    """What a run changed under one role; revisions are bytes."""

    role: str
    remote_name: str | None
    base_revision: bytes | None
    revision: bytes | None


class TagResult(NamedTuple):
    """A tag that a run set."""

    name: str | None
    revision: bytes | None


def get_result_branch(
    result_branches: Iterable[tuple[str, Any, Any, Any]] | None, role: str
) -> tuple[Any, Any, Any]:
    """Return remote name, base revision and revision of the branch with a role.

    Raises:
        KeyError: there is none.
    """
    for found, remote_name, base_revision, revision in result_branches or ():
        if found == role:
            return remote_name, base_revision, revision
    raise KeyError(role)


@total_ordering
@dataclass(eq=False)
class Run:
    """One attempt at a campaign on a codebase; equal and ordered by id. Times are UTC."""

    id: str
    start_time: datetime | None
    finish_time: datetime | None
    command: str | None
    description: str | None
    result_code: str
    value: int | None
    main_branch_revision: bytes | None
    revision: bytes | None
    context: str | None
    result: Any
    suite: str
    instigated_context: str | None
    vcs_type: str | None
    branch_url: str | None
    logfilenames: list[str] | None
    worker_name: str | None
    result_branches: list[BranchResult] | None
    result_tags: list[TagResult] | None
    target_branch_url: str | None
    change_set: str
    failure_transient: bool | None
    failure_stage: str | None
    codebase: str

    @property
    def campaign(self) -> str:
        """The campaign; ``suite`` is the old word for it."""
        return self.suite

    @property
    def duration(self) -> timedelta | None:
        """How long the run took, where both ends are known."""
        if self.finish_time is None or self.start_time is None:
            return None
        return self.finish_time - self.start_time

    def get_result_branch(self, role: str) -> tuple[str | None, bytes | None, bytes | None]:
        """Return remote name, base revision and revision of a role.

        Raises:
            KeyError: the run has no branch with that role.
        """
        return get_result_branch(self.result_branches, role)

    @classmethod
    def from_row(cls, row: Row[Any] | Mapping[str, Any]) -> Run:
        """Return the run that a row says.

        Args:
            row: the columns of ``run`` (or ``publish_ready``) and ``result_branches``, as
                :func:`select_runs` gives them.
        """
        values = row._mapping if isinstance(row, Row) else row  # noqa: SLF001 - documented name
        return cls(
            **{name: values[name] for name in _AS_THEY_ARE},
            main_branch_revision=_encoded(values["main_branch_revision"]),
            revision=_encoded(values["revision"]),
            worker_name=values["worker"],
            result_branches=_branches(values["result_branches"]),
            result_tags=_tags(values["result_tags"]),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and self.id == other.id

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Run):
            return NotImplemented
        return self.id < other.id

    def __hash__(self) -> int:
        return hash(self.id)


_AS_THEY_ARE = (
    "id",
    "start_time",
    "finish_time",
    "command",
    "description",
    "result_code",
    "value",
    "context",
    "result",
    "suite",
    "instigated_context",
    "vcs_type",
    "branch_url",
    "logfilenames",
    "target_branch_url",
    "change_set",
    "failure_transient",
    "failure_stage",
    "codebase",
)


class StoredBranch(NamedTuple):
    """A result branch as the database says it."""

    role: str
    remote_name: str | None
    base_revision: str | None
    revision: str | None


RESULT_BRANCHES = CompositeArray("result_branch", StoredBranch, (str, str, str, str))


def select_runs() -> Select[Any]:
    """Return the statement whose rows :meth:`Run.from_row` reads; add conditions to it."""
    branch = ResultBranch.__table__.c
    of_the_run = (
        select(func.row(branch.role, branch.remote_name, branch.base_revision, branch.revision))
        .where(branch.run_id == RunRow.id)
        .order_by(branch.role)
        .correlate(RunRow)
        .scalar_subquery()
    )
    branches = type_coerce(func.array(of_the_run), RESULT_BRANCHES)
    return select(*RunRow.__table__.c, branches.label("result_branches"))


def get_run(conn: Conn, run_id: str) -> Run | None:
    """Return a run, or None where there is none with that id."""
    row = conn.execute(select_runs().where(RunRow.id == run_id)).one_or_none()
    return None if row is None else Run.from_row(row)


def _encoded(revision: str | None) -> bytes | None:
    return None if revision is None else revision.encode()


def _branches(stored: Iterable[StoredBranch] | None) -> list[BranchResult] | None:
    if stored is None:
        return None
    return [
        BranchResult(role, name, _encoded(base), _encoded(revision))
        for role, name, base, revision in stored
    ]


def _tags(stored: Iterable[ResultTag] | None) -> list[TagResult] | None:
    if stored is None:
        return None
    return [TagResult(name, _encoded(revision)) for name, revision in stored]
