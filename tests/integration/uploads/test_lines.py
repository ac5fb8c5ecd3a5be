"""A wrong line is told by its number and reason, and the database is as before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

GOOD = {"codebase": "hello", "campaign": "tidy", "command": "tidy", "publish_policy": "propose"}

WRONG_CANDIDATES: list[tuple[dict[str, Any] | bytes, str]] = [
    (b'{"codebase": "world", ', r"is not JSON: .* at column \d+"),
    (b"[" * 50_000, "goes too deep"),
    (b'{"value": ' + b"9" * 5000 + b"}", "digits"),
    (b'{"codebase": "w\xffrld"}', "is not UTF-8"),
    (b'["codebase", "world"]', "is JSON, but no object"),
    ({**GOOD, "publish-policy": "propose"}, "no field 'publish-policy'; did you mean 'publish_po"),
    ({**GOOD, "kwyjibo": 1}, "there is no field 'kwyjibo'$"),
    ({"codebase": "world", "command": "tidy"}, "^campaign is missing$"),
    ({**GOOD, "codebase": "World"}, "codebase: codebase 'World' is refused: lower-case"),
    ({**GOOD, "campaign": "t/../idy"}, "campaign: campaign 't/../idy' is refused"),
    ({**GOOD, "codebase": "w" * 256}, "codebase: .* is 256 bytes long"),
    ({**GOOD, "codebase": "elsewhere"}, "no codebase elsewhere; upload it first"),
    ({**GOOD, "publish_policy": "propse"}, "no publish policy 'propse'; did you mean 'propose'"),
    ({**GOOD, "command": ""}, "command: is empty"),
    ({**GOOD, "command": "  "}, "command: is empty"),
    ({**GOOD, "command": None}, "command: .*valid string"),
    ({"codebase": "world", "campaign": "tidy"}, "command is missing; this candidate is new"),
    ({**GOOD, "value": 0}, "value: .*greater than 0"),
    ({**GOOD, "value": -5}, "value: .*greater than 0"),
    ({**GOOD, "value": 2**31}, "value: .*less than 2147483648"),
    ({**GOOD, "value": "5"}, "value: .*valid integer"),
    ({**GOOD, "value": True}, "value: .*valid integer"),
    ({**GOOD, "success_chance": 1.5}, "success_chance: .*less than or equal to 1"),
    ({**GOOD, "success_chance": float("nan")}, "success_chance: "),
    ({**GOOD, "success_chance": float("inf")}, "success_chance: "),
    ({**GOOD, "context": "a\0b"}, "a NUL character"),
    ({**GOOD, "context": "a\ud800b"}, "half a surrogate pair"),
    ({**GOOD, "context": "c" * 501}, "context: .*at most 500"),
    ({**GOOD, "change_set": ""}, "change_set: .*at least 1"),
    ({**GOOD, "command": "c" * 100_000}, "is longer than 100000 bytes"),
]

WRONG_CODEBASES: list[tuple[dict[str, Any], str]] = [
    ({"name": "a"}, "name: codebase 'a' is refused"),
    ({"name": "more", "vcs_type": "gti"}, "vcs_type: .*'bzr', 'git'"),
    ({"name": "more", "value": -1}, "value: .*greater than or equal to 0"),
    ({"name": "more", "branch": "main"}, "branch: say the url"),
    ({"name": "more", "branch_url": None, "url": "https://x"}, "both or neither"),
    ({"name": "more", "url": None, "branch": "main"}, "without a url there is none"),
    ({"name": "more", "branch_url": "https://x,branch=%00"}, "branch, as it follows"),
    ({"name": "more", "branch_url": "https://x,branch=a%0a"}, "branch, as it follows"),
    ({"name": "more", "branch_url": "https://x,branch=%ff"}, "its branch is not UTF-8"),
    ({"name": "more", "branch_url": ",branch=x"}, "url, as it follows"),
    ({"name": "more", "url": "https://x", "branch": "ä" * 700}, "is longer than 1500 bytes"),
    ({"name": "more", "url": "https://x/\n"}, "url: "),
    ({"name": "more", "url": "x" * 1501}, "url: is longer than 1500 bytes"),
    ({"name": "more", "url": "https://x", "subpath": "a/../.."}, "subpath: "),
    ({"name": "more", "inactive": None}, "inactive: .*valid boolean"),
    ({"name": "more", "hostname": "x"}, "there is no field 'hostname'"),
]


@pytest.mark.parametrize(("wrong", "reason"), WRONG_CANDIDATES)
def test_a_wrong_candidate(uploads: Any, wrong: dict[str, Any] | bytes, reason: str) -> None:
    assert_refused(uploads, "candidates", wrong, reason)


@pytest.mark.parametrize(("wrong", "reason"), WRONG_CODEBASES)
def test_a_wrong_codebase(uploads: Any, wrong: dict[str, Any], reason: str) -> None:
    assert_refused(uploads, "codebases", wrong, reason)


def assert_refused(uploads: Any, subject: str, wrong: dict[str, Any] | bytes, reason: str) -> None:
    before = uploads.tables()
    other = {**GOOD, "campaign": "other"} if subject == "candidates" else {"name": "other"}

    report = uploads(subject, b"", other, wrong)

    assert not report.stored
    assert (report.lines, report.refused, report.added) == (2, 1, 0)
    (refusal,) = report.refusals
    assert refusal.line == 3
    assert re.search(reason, refusal.reason)
    assert uploads.tables() == before
    assert json.loads(json.dumps(report.as_json()))["refusals"][0]["line"] == 3

    kept = uploads(subject, b"", other, wrong, all_or_nothing=False)
    assert (kept.stored, kept.added, kept.refused) == (True, 1, 1)


def test_of_two_lines_about_the_same_the_first_counts(uploads: Any) -> None:
    other = {**GOOD, "change_set": "spring"}
    report = uploads("candidates", GOOD, other, {**GOOD, "value": 5}, all_or_nothing=False)
    assert [(refusal.line, refusal.reason) for refusal in report.refusals] == [
        (3, "is about the same as line 1; keep one of them")
    ]
    assert report.added == 2


def test_all_wrong_lines_are_told_at_once_in_their_order(uploads: Any) -> None:
    report = uploads(
        "candidates", {**GOOD, "codebase": "nowhere", "publish_policy": "x"}, b"{", {**GOOD}, b"}"
    )
    assert [refusal.line for refusal in report.refusals] == [1, 2, 4]
    assert report.refusals[0].reason.count(";") == 2  # both of its mistakes, and an advice
    words = str(report).splitlines()
    assert words[0] == "nothing is stored: 3 of 4 candidates refused"
    assert words[2].startswith("line 2: is not JSON")
    assert report.in_words(1).endswith("\nand 2 more")


def test_a_password_in_a_wrong_line_is_not_told(uploads: Any) -> None:
    report = uploads("codebases", {"name": "https://me:hunter2@example.org/"})
    assert report.refused == 1
    assert "hunter2" not in str(report)
    assert "hunter2" not in json.dumps(report.as_json())


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def test_five_megabytes_with_one_wrong_line(uploads: Any) -> None:
    many = [{"name": f"codebase-{number}", "value": number} for number in range(35_000)]
    assert uploads("codebases", *many).added == len(many)
    uploads("candidates", GOOD)
    before = uploads.tables()
    lines: list[dict[str, Any]] = [
        {**GOOD, "codebase": each["name"], "context": "1.0", "command": f"tidy --all {'x' * 40}"}
        for each in many
    ]
    assert sum(len(json.dumps(line)) for line in lines) > 5_000_000
    lines[20_000] = {**lines[20_000], "value": -1}

    with counted_statements(uploads.engine) as statements:
        report = uploads("candidates", *lines)

    assert [refusal.line for refusal in report.refusals] == [20_001]
    assert len(statements) < 20
    assert uploads.tables() == before

    assert uploads("candidates", *lines, all_or_nothing=False).queue_added == len(many) - 1
