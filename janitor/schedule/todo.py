"""What callers bring to be placed: completed from the tables, and how far from the front it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Row, Text, column, func, literal, select

from janitor.names import checked_slug
from janitor.schedule.candidates import Todo, policy_value
from janitor.schedule.offset import calculate_offset
from janitor.schedule.requests import CandidateUnavailable
from janitor.state import Conn
from janitor.state.candidate import Candidate
from janitor.state.publish_policy import NamedPublishPolicy


def completed(conn: Conn, todo: Sequence[Todo], change_set: str | None = None) -> list[Todo]:
    """Return what is to be placed, with what is not said as the candidates have it.

    A candidate is looked up where a command, a value or a success chance is missing; its value
    is taken with its policy's. Only a chance can do without one: nobody knows it then.

    Args:
        conn: a connection or session.
        todo: what is to be placed.
        change_set: that of the candidates.

    Raises:
        CandidateUnavailable: there is no such candidate to say the command or the value.
        UnsafeName: a codebase or campaign is no name of one.
    """
    for one in todo:
        checked_slug(one.codebase, "codebase")
        checked_slug(one.campaign, "campaign")
    lacking = [one for one in todo if None in {one.command, one.value, one.success_chance}]
    known = _candidates(conn, lacking, change_set)
    return [_filled_in(one, known.get((one.codebase, one.campaign))) for one in todo]


def offset_of(
    todo: Todo, estimate: Row[Any], normalized_codebase_value: float | None = None
) -> float:
    """Return how far from the front something is placed.

    Args:
        todo: what is to be placed, completed.
        estimate: what earlier runs say of it (:mod:`.supposed`).
        normalized_codebase_value: what the codebase is worth, of 1; as estimated unless given.
    """
    if normalized_codebase_value is None:
        normalized_codebase_value = estimate.codebase_value
    return calculate_offset(
        estimated_duration=estimate.duration,
        normalized_codebase_value=normalized_codebase_value,
        estimated_probability_of_success=estimate.probability,
        candidate_value=todo.value,
        total_previous_runs=estimate.previous_runs,
        success_chance=todo.success_chance,
    )


def _filled_in(todo: Todo, candidate: Row[Any] | None) -> Todo:
    if candidate is None:
        if todo.command is None or todo.value is None:
            raise CandidateUnavailable(todo.campaign, todo.codebase)
        return todo
    value, chance = todo.value, todo.success_chance
    return todo._replace(
        command=todo.command or candidate.command,
        context=candidate.context if todo.context is None else todo.context,
        value=(candidate.value or 0) + policy_value(candidate.publish) if value is None else value,
        success_chance=candidate.success_chance if chance is None else chance,
    )


def _candidates(
    conn: Conn, todo: Sequence[Todo], change_set: str | None
) -> dict[tuple[str, str], Row[Any]]:
    if not todo:
        return {}
    columns = Candidate.__table__.c
    places = func.unnest(
        literal([one.codebase for one in todo], ARRAY(Text)),
        literal([one.campaign for one in todo], ARRAY(Text)),
    ).table_valued(column("codebase", Text), column("campaign", Text), name="asked")
    asked = places.render_derived()
    found = conn.execute(
        select(
            columns.codebase,
            columns.suite,
            columns.command,
            columns.context,
            columns.value,
            columns.success_chance,
            NamedPublishPolicy.per_branch_policy.label("publish"),
        )
        .join(asked, (columns.codebase == asked.c.codebase) & (columns.suite == asked.c.campaign))
        .outerjoin(NamedPublishPolicy, NamedPublishPolicy.name == columns.publish_policy)
        .where(columns.change_set.is_not_distinct_from(change_set))
    )
    return {(row.codebase, row.suite): row for row in found}
