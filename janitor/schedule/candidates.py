"""Candidates with a publish policy, one row each, and what a policy is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, select

from janitor.state import Conn
from janitor.state.candidate import Candidate
from janitor.state.codebase import Codebase
from janitor.state.publish_policy import BranchPublishPolicy, NamedPublishPolicy

PUBLISH_MODE_VALUE = {
    "push": 500,
    "attempt-push": 450,
    "propose": 400,
    "push-derived": 200,
    "bts": 100,
    "build-only": 0,
    "skip": 0,
}


class Todo(NamedTuple):
    """What is to be placed, in the order in which callers of today give it."""

    codebase: str
    context: str | None
    command: str | None
    campaign: str
    value: float | None
    success_chance: float | None


def iter_candidates_with_publish_policy(
    conn: Conn, codebases: Sequence[str] | None = None, campaign: str | None = None
) -> list[Row[Any]]:
    """Return the candidates of active codebases that have a publish policy.

    Args:
        conn: a connection or session.
        codebases: only candidates of these; None for all.
        campaign: only candidates of this one; None for all.

    Returns:
        Rows of codebase, branch_url, campaign, context, value, success_chance, publish (the
        policy's branches), command and change_set.
    """
    columns, place = Candidate.__table__.c, Codebase.__table__.c
    found = (
        select(
            columns.codebase,
            place.branch_url,
            columns.suite.label("campaign"),
            columns.context,
            columns.value,
            columns.success_chance,
            NamedPublishPolicy.per_branch_policy.label("publish"),
            columns.command,
            columns.change_set,
        )
        .join(Codebase, place.name == columns.codebase)
        .join(NamedPublishPolicy, NamedPublishPolicy.name == columns.publish_policy)
        .where(~place.inactive)
        .order_by(columns.id)
    )
    if codebases is not None:
        found = found.where(columns.codebase.in_(list(codebases)))
    if campaign is not None:
        found = found.where(columns.suite == campaign)
    return list(conn.execute(found))


def queue_item_from_candidate_and_publish_policy(row: Row[Any] | Mapping[str, Any]) -> Todo:
    """Return what a row of the above asks for, its value with that of its policy."""
    values = row._mapping if isinstance(row, Row) else row  # noqa: SLF001 - documented name
    return Todo(
        codebase=values["codebase"],
        context=values["context"],
        command=values["command"],
        campaign=values["campaign"],
        value=(values["value"] or 0) + policy_value(values["publish"]),
        success_chance=values["success_chance"],
    )


def policy_value(branches: Sequence[BranchPublishPolicy | Mapping[str, Any]] | None) -> int:
    """Return what publishing by a policy is worth; a branch without a mode adds nothing."""
    return sum(PUBLISH_MODE_VALUE.get(_mode(branch) or "skip", 0) for branch in branches or ())


def _mode(branch: BranchPublishPolicy | Mapping[str, Any]) -> str | None:
    mode: str | None = branch["mode"] if isinstance(branch, Mapping) else branch.mode
    return mode
