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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('"vcs_type": "svnx"', "vcs_type: .*'git'"),
        ('"value": 2147483648', "value"),
        ('"value": 1e400', "value"),
        ('"description": "a\\u0000b"', "description: a NUL"),
        ('"description": "a\\ud800b"', "description"),
        ('"codemod": {"a": ["\\u0000"]}', "codemod: a NUL"),
        ('"codemod": {"\\u0000": 1}', "codemod: a NUL"),
        ('"codemod": [{"a": "\\udc00"}]', "codemod: .*surrogate"),
        ('"codemod": NaN', "codemod: nan"),
        ('"codemod": {"a": 1e400}', "codemod: inf"),
        ('"codemod": ' + "[" * 300 + "]" * 300, "codemod: .*deeper"),
        ('"codemod": ' + "[" * 100000 + "]" * 100000, "not JSON"),
        ('"details": {"a": "\\u0000"}', "details: a NUL"),
        ('"branches": [["main", "a\\u0000", null, null]]', "branches: a NUL"),
        ('"tags": [["v1\\u0000", "r"]]', "tags: a NUL"),
        (f'"revision": "{"x" * 501}"', "revision: .*500"),
        (f'"branches": [["main", null, null, "{"x" * 501}"]]', "branches.0.3: .*500"),
        (f'"code": "{"x" * 201}"', "code: .*200"),
        ('"start_time": "0001-01-01T00:00:00+02:00"', "start_time: .*range"),
    ],
)
def test_what_the_database_would_refuse_is_refused_with_its_place(text: str, reason: str) -> None:
    times = json.dumps(TIMES)[1:-1]
    with pytest.raises(InvalidResult, match=f"run r1: result.json is .*{reason}"):
        RunResult.read(f"{{{times}, {text}}}".encode(), "run r1")


def test_what_is_not_stored_may_be_anything() -> None:
    text = json.dumps(TIMES | {"remotes": {"x": "\0"}, "weather": "\ud800"})
    assert RunResult.read(text.encode(), "run r1").revision is None
