"""Which runs that lacked dependencies would find them now."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from janitor.schedule.dependencies import UNSATISFIED, satisfied_runs
from janitor.schedule.recompute import recompute


@pytest.fixture
def versions(session: Session) -> None:
    """There are gcc 4 and 6; plain text stands in for the extension's type of versions."""
    session.execute(text("CREATE TABLE built (source text, version text)"))
    session.execute(text("INSERT INTO built VALUES ('gcc', '4'), ('gcc', '6')"))
    session.execute(text("CREATE VIEW all_debian_versions AS SELECT * FROM built"))
    session.commit()


def needs(*any_of: list[dict[str, Any]]) -> dict[str, Any]:
    return {"relations": list(any_of)}


def gcc(operator: str, version: str) -> dict[str, Any]:
    return {"name": "gcc", "version": [operator, version]}


NO_SUCH = {"name": "no-such", "version": None}


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("details", "satisfied"),
    [
        (needs([gcc(">=", "6")]), True),
        (needs([gcc(">=", "7")]), False),
        (needs([gcc(">>", "5")]), True),
        (needs([gcc(">>", "6")]), False),
        (needs([gcc("<=", "4")]), True),
        (needs([gcc("<=", "3")]), False),
        (needs([gcc("<<", "5")]), True),
        (needs([gcc("<<", "4")]), False),
        (needs([gcc("=", "4")]), True),
        (needs([gcc("=", "5")]), False),
        (needs([{"name": "gcc"}]), True),
        (needs([{"name": "gcc", "version": None, "arch": "any"}]), True),
        (needs([NO_SUCH]), False),
        (needs([NO_SUCH, gcc("=", "6")]), True),  # one alternative will do
        (needs([gcc("=", "6")], [NO_SUCH]), False),  # but every relation must be met
        (needs(), False),
        (needs([]), False),
    ],
)
def test_relations_are_met_by_what_there_is(
    field: Any, session: Session, details: Any, satisfied: bool
) -> None:
    field.codebase("hello")
    run = field.run("hello", result_code=UNSATISFIED, failure_details=details)
    assert satisfied_runs(session, None, None) == ([run] if satisfied else [])


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    "details",
    [
        None,
        "no relations",
        [],
        {"relations": None},
        {"relations": "gcc"},
        {"relations": ["gcc"]},
        {"relations": [["gcc"]]},
        {"relations": [[["gcc"]]]},
        {"relations": [[{"version": None}]]},
        needs([{"name": "gcc", "version": ">= 4"}]),
        needs([{"name": "gcc", "version": [">=", "4", "5"]}]),
        needs([gcc("~", "4")]),
        needs([{"name": "gcc", "version": [["="], "4"]}]),
        needs([{"name": "gcc\0", "version": None}]),
        needs([gcc("=", "4\0")]),
        needs([{"name": "gcc\ud800", "version": None}]),
    ],
    ids=repr,
)
def test_what_others_wrote_cannot_stop_the_schedule(
    field: Any, session: Session, details: Any
) -> None:
    field.codebase("hello")
    field.candidate("hello")
    field.run("hello", result_code=UNSATISFIED, failure_details=details)
    assert satisfied_runs(session, None, None) == []
    assert recompute(session).added == 1


@pytest.mark.usefixtures("versions")
def test_only_runs_that_lacked_something_for_good_are_asked_about(
    field: Any, session: Session
) -> None:
    field.codebase("hello")
    details = needs([gcc("=", "4")])
    field.run("hello", result_code="build-failed", failure_details=details)
    field.run("hello", result_code=UNSATISFIED, failure_details=details, failure_transient=True)
    other = field.run("hello", "other", result_code=UNSATISFIED, failure_details=details)
    assert satisfied_runs(session, None, None) == [other]
    assert satisfied_runs(session, ["hello"], ["tidy"]) == []
    assert satisfied_runs(session, ["world"], None) == []


def test_without_the_view_nothing_is_there(field: Any, session: Session) -> None:
    field.codebase("hello")
    field.run("hello", result_code=UNSATISFIED, failure_details=needs([gcc("=", "4")]))
    assert satisfied_runs(session, None, None) == []
