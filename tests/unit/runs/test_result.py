from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from janitor.runs import InvalidResult, RunResult

TIMES = {"start_time": "2026-01-02T03:04:05", "finish_time": "2026-01-02T03:05:05"}


def read(**fields: Any) -> RunResult:
    return RunResult.read(json.dumps(TIMES | fields).encode(), "run r1")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "missing-result-code"),
        ({"code": "success"}, "success"),
        ({"code": None}, "success"),
        ({"code": None, "stage": "build"}, "missing-result-code"),
        ({"code": "command-failed"}, "command-failed"),
    ],
)
def test_the_code_says_what_it_says(fields: dict[str, Any], code: str) -> None:
    assert read(**fields).result_code == code


def test_a_time_without_zone_is_utc() -> None:
    assert read().start_time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_time_in_another_zone_is_converted() -> None:
    result = read(start_time="2026-01-02T05:04:05+02:00")
    assert result.start_time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert result.start_time.utcoffset() == UTC.utcoffset(None)


def test_a_list_of_stages_is_joined() -> None:
    assert read(stage=["build", "test"]).failure_stage == "build/test"


def test_branches_and_tags_are_lists_of_lists() -> None:
    result = read(branches=[["main", "b", "r1", "r2"]], tags=[["v1", "r2"]])
    assert result.branches[0].revision == "r2"
    assert result.tags[0].name == "v1"


def test_what_others_put_there_is_left_alone() -> None:
    assert read(code="success", weather="fine").result_code == "success"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"branches": [["main", None, "a", "b"], ["main", None, "c", "d"]]}, "twice"),
        ({"branches": [["../x", None, "a", "b"]]}, "refused"),
        ({"finish_time": "2026-01-02T03:04:04"}, "before"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"value": "a lot"}, "value"),
        ({"codebase": "../etc"}, "codebase"),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidResult, match=f"run r1: .*{reason}"):
        read(**fields)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b"null", b'"x"'])
def test_what_is_no_result_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidResult, match="run r1"):
        RunResult.read(text, "run r1")
