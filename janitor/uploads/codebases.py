"""Codebases in bulk: what a line may say of one, and the statements that store it."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import quote, unquote

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator
from sqlalchemy import text

from janitor.names import CodebaseName
from janitor.schedule.estimates import Scope
from janitor.state import Conn
from janitor.state.types import VcsType
from janitor.uploads.lines import Key, Line
from janitor.uploads.report import Refusal, refusals_of
from janitor.uploads.staging import Changes

# Both are in one index, whose entries hold 2,700 bytes.
_LONGEST_URL = 1500
_LONGEST_SUBPATH = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BRANCH = ",branch="  # how a branch stands in a URL


def _plain(value: str) -> str:
    if not value or _CONTROL.search(value):
        raise ValueError("is empty or has control characters")
    return value


def _short(longest: int) -> AfterValidator:
    def check(value: str) -> str:
        if len(value.encode()) > longest:
            raise ValueError(f"is longer than {longest} bytes")
        return value

    return AfterValidator(check)


def _within(subpath: str) -> str:
    if subpath.startswith("/") or ".." in subpath.split("/"):
        raise ValueError("a path below the top of the branch, without '/' in front or '..'")
    return subpath


_Text = Annotated[str, AfterValidator(_plain)]
Url = Annotated[_Text, _short(_LONGEST_URL)]
_URL = TypeAdapter(Url)
Subpath = Annotated[_Text, _short(_LONGEST_SUBPATH), AfterValidator(_within)]


def _unquoted(branch: str) -> str:
    try:
        return unquote(branch, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("branch_url: the name of its branch is not UTF-8") from None


def _check_derived(name: str, value: str) -> None:
    """Refuse what ``url`` and ``branch``, or ``branch_url``, would become by the other."""
    try:
        _URL.validate_python(value)
    except ValidationError as error:
        (problem,) = error.errors()
        raise ValueError(
            f"{name}, as it follows from the line, {problem['ctx']['error']}"
        ) from None


class CodebaseLine(Line):
    """A codebase by name; ``branch_url`` and ``url`` with ``branch`` say the same."""

    name: CodebaseName
    branch_url: Url | None = None
    url: Url | None = None
    branch: Url | None = None
    subpath: Subpath | None = None
    web_url: Url | None = None
    vcs_type: VcsType | None = None
    vcs_last_revision: Url | None = None
    value: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    inactive: bool = False

    @property
    def key(self) -> Key:
        """The codebase's name."""
        return self.name, None, None

    @model_validator(mode="after")
    def _says_where(self) -> CodebaseLine:
        said = self.model_fields_set
        if "branch" in said and not said & {"branch_url", "url"}:
            raise ValueError("branch: say the url that it is a branch of, too")
        if {"branch_url", "url"} <= said and (self.branch_url is None) != (self.url is None):
            raise ValueError("branch_url and url: both or neither")
        if self.branch is not None and self.branch_url is None and self.url is None:
            raise ValueError("branch: without a url there is none")
        for name, value in self._derived().items():
            if value is not None:
                _check_derived(name, value)
        return self

    def fields(self) -> dict[str, Any]:
        """Return what it says, by column; a place is said by ``url`` and ``branch_url`` both."""
        return self._derived() | super().fields()

    def _derived(self) -> dict[str, str | None]:
        said = self.model_fields_set
        if "branch_url" in said and "url" not in said:
            if self.branch_url is None:
                return {"url": None, "branch": None}
            url, _, branch = self.branch_url.partition(_BRANCH)
            return {"url": url, "branch": _unquoted(branch) or None}
        if "url" in said and "branch_url" not in said:
            branch = f"{_BRANCH}{quote(self.branch, safe='')}" if self.branch else ""
            return {"branch_url": f"{self.url}{branch}" if self.url else None, "branch": None}
        return {}


def check(conn: Conn) -> list[Refusal]:
    """Return the staged lines that would put two codebases in one place."""
    return refusals_of((row.line, row.reason) for row in conn.execute(text(_MERGED + _CLASHES)))


def store(conn: Conn) -> Changes:
    """Add and change what the staged lines say."""
    conn.execute(text(_HOLD_MOVED))
    rows = conn.execute(text(_MERGED + _STORE)).all()
    # A new codebase has no candidates yet, whose places could change.
    changed = sorted(row.name for row in rows if row.what == "changed")
    return Changes(
        added=len(rows) - len(changed),
        changed=len(changed),
        concerned=Scope(codebases=changed) if changed else None,
    )


def check_removal(conn: Conn) -> list[Refusal]:
    """Return the staged lines whose codebases must stay; nobody starts runs on the others now."""
    for hold in (_HOLD_ENTRIES, _HOLD_CODEBASES, _HOLD_ENTRIES):
        conn.execute(text(hold))
    return refusals_of((row.line, row.reason) for row in conn.execute(text(_NEEDED)))


def remove(conn: Conn) -> Changes:
    """Remove the codebases of the staged lines, their candidates and queue entries."""
    conn.execute(text(_REMOVE_FOLLOWUPS))
    entries = len(conn.execute(text(_REMOVE_ENTRIES)).all())
    removed = len(conn.execute(text(_REMOVE)).all())
    return Changes(removed=removed, queue_removed=entries)


# What a line doesn't name is as it was.
_MERGED = """
WITH merged AS MATERIALIZED (
    SELECT upload.line, old.name IS NOT NULL AS known, new.*
    FROM upload
    LEFT JOIN codebase AS old ON old.name = upload.codebase
    CROSS JOIN LATERAL jsonb_populate_record(old, upload.fields) AS new
)
"""

# A place that another one leaves in the same upload is not free: which line comes first
# would matter otherwise, and whether that one is refused.
_CLASHES = """
SELECT merged.line, 'is at the branch_url and subpath of ' || coalesce(
        'codebase ' || there.name, 'a codebase without a name') AS reason
FROM merged
JOIN codebase AS there ON there.branch_url = merged.branch_url
    AND there.subpath = merged.subpath
    AND there.name IS DISTINCT FROM merged.name
UNION ALL
SELECT line, 'is at the branch_url and subpath of line ' || first
FROM (
    SELECT line, min(line) OVER (PARTITION BY branch_url, subpath) AS first
    FROM merged
    WHERE branch_url IS NOT NULL AND subpath IS NOT NULL
) AS placed
WHERE line <> first
"""

_STORE = """
, changed AS (
    UPDATE codebase
    SET branch_url = merged.branch_url, url = merged.url, branch = merged.branch,
        subpath = merged.subpath, web_url = merged.web_url, vcs_type = merged.vcs_type,
        vcs_last_revision = merged.vcs_last_revision, value = merged.value,
        inactive = merged.inactive
    FROM merged
    WHERE codebase.name = merged.name
        AND (codebase.branch_url, codebase.url, codebase.branch, codebase.subpath,
            codebase.web_url, codebase.vcs_type, codebase.vcs_last_revision, codebase.value,
            codebase.inactive)
        IS DISTINCT FROM (merged.branch_url, merged.url, merged.branch, merged.subpath,
            merged.web_url, merged.vcs_type, merged.vcs_last_revision, merged.value,
            merged.inactive)
    RETURNING codebase.name
),
added AS (
    INSERT INTO codebase (name, branch_url, url, branch, subpath, web_url, vcs_type,
        vcs_last_revision, value, inactive)
    SELECT name, branch_url, url, branch, subpath, web_url, vcs_type, vcs_last_revision, value,
        coalesce(inactive, false)
    FROM merged
    WHERE NOT known
    RETURNING name
)
SELECT 'changed' AS what, name FROM changed
UNION ALL
SELECT 'added', name FROM added
"""

# Entries before codebases, as whoever stores a run holds them; a trigger tells the entries of a
# codebase that moves its host.
_HOLD_MOVED = """
SELECT 1
FROM queue
JOIN upload ON upload.codebase = queue.codebase
JOIN codebase ON codebase.name = queue.codebase
WHERE upload.fields ->> 'branch_url' IS DISTINCT FROM codebase.branch_url
    AND upload.fields ? 'branch_url'
ORDER BY queue.id
FOR UPDATE OF queue
"""

# Until the transaction's end no run, candidate or entry of these codebases can come to be,
# and no worker can claim an entry that there is, nor one that came in between.
_HOLD_CODEBASES = """
SELECT 1 FROM codebase JOIN upload ON upload.codebase = codebase.name
ORDER BY codebase.name
FOR UPDATE OF codebase
"""
_HOLD_ENTRIES = """
SELECT 1 FROM queue JOIN upload ON upload.codebase = queue.codebase
ORDER BY queue.id
FOR UPDATE OF queue
"""

_NEEDED = """
SELECT line, 'codebase ' || codebase || ' has runs, whose history would be lost; upload'
    ' it with "inactive": true instead, which takes it out of the schedule' AS reason
FROM upload
WHERE EXISTS (SELECT 1 FROM run WHERE run.codebase = upload.codebase)
UNION ALL
SELECT line, 'codebase ' || codebase || ' is being worked on; remove it when that has ended'
FROM upload
WHERE EXISTS (
    SELECT 1 FROM queue WHERE queue.codebase = upload.codebase AND claim_id IS NOT NULL
)
"""

_REMOVE_FOLLOWUPS = """
DELETE FROM followup USING candidate, upload
WHERE followup.candidate = candidate.id AND candidate.codebase = upload.codebase
"""
_REMOVE_ENTRIES = """
DELETE FROM queue USING upload WHERE queue.codebase = upload.codebase RETURNING id
"""
_REMOVE = """
DELETE FROM codebase USING upload WHERE codebase.name = upload.codebase RETURNING name
"""
