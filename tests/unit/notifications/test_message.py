"""Templates fill in fields and do nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from janitor.notifications.events import EVENTS, WAITING, UnknownEvent, matching
from janitor.notifications.message import BadTemplate, Message, checked_template, compose

AT = datetime(2026, 1, 1, tzinfo=UTC)


def told(template: str | None, event: str = "verdict.approved", **fields: Any) -> Message:
    return compose("m1", event, AT, fields, template)


def test_the_first_line_is_the_title() -> None:
    message = told("$codebase: $verdict\nby $reviewer ($event)\n", codebase="a", reviewer="ada")
    assert (message.title, message.body) == ("a:", "by ada (verdict.approved)")


def test_a_text_of_one_line_is_its_own_body() -> None:
    message = told("$$ $codebase", codebase="hello")
    assert (message.title, message.body) == ("$ hello", "$ hello")


def test_fields_are_not_templates() -> None:
    assert told("x\n$comment", comment="$reviewer ${run_id} {0.__class__}").body == (
        "$reviewer ${run_id} {0.__class__}"
    )


def test_a_title_can_not_become_more_headers() -> None:
    message = told("$campaign\r\x00\x1bBcc: $comment", campaign="tidy", comment="me\rX: y")
    assert message.title == "tidy   Bcc: me X: y"
    assert len(told("$comment", comment="x" * 5000).title) == 200


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_event_has_a_usual_text_that_it_can_fill_in(event: str) -> None:
    fields = {name: f"<{name}>" for name in EVENTS[event]} | {"codebase": "<codebase>"}
    message = told(None, event, **fields)
    assert message.title
    assert "$" not in message.title + message.body


def test_fields_without_a_value_leave_no_gap() -> None:
    message = told(None, codebase="a", campaign="b", verdict="approved", reviewer="c", run_id="r")
    assert message.body == "Run r"


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("", "1 to 4000 characters"),
        (" \n", "1 to 4000 characters"),
        ("x" * 4001, "1 to 4000 characters"),
        ("a\x00", "no NUL"),
        ("costs 5 $", "write \\$\\$"),
        ("${reviewer.__class__}", "write \\$\\$"),
        ("$secret", "the template has \\$secret, and verdict.approved has only \\$event, "),
    ],
)
def test_templates_that_could_not_be_filled_in_are_refused(template: str, complaint: str) -> None:
    with pytest.raises(BadTemplate, match=complaint):
        checked_template(template, ["verdict.approved"])


def test_a_template_has_to_fit_all_its_events() -> None:
    assert checked_template("$why $$5 ${codebase}", matching("*-status.*"))
    with pytest.raises(BadTemplate, match=f"{WAITING} has only"):
        checked_template("$why", matching("*"))


@pytest.mark.parametrize(
    ("pattern", "number"), [("verdict.*", 3), ("verdict.approved", 1), ("*ed", 7), ("review.*", 2)]
)
def test_patterns_name_events(pattern: str, number: int) -> None:
    assert len(matching(pattern)) == number


@pytest.mark.parametrize("pattern", ["", "test", "verdict", "verdict.%", "verdict.?pproved", "a'"])
def test_patterns_that_name_nothing_are_refused(pattern: str) -> None:
    with pytest.raises(UnknownEvent, match=r"there are verdict.approved, .*review.digest, and \*"):
        matching(pattern)
