"""Candidates in bulk: what a line may say of one, and the statements that store it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from sqlalchemy import text

from janitor.names import CampaignName, CodebaseName
from janitor.schedule.estimates import Scope
from janitor.state import Conn
from janitor.uploads.lines import Key, Line
from janitor.uploads.report import Refusal, refusals_of
from janitor.uploads.staging import Changes
from janitor.wording import nearest

# Characters, of up to four bytes each: both are indexed beside two names of 255 bytes, and an
# entry of an index holds 2,700.
_LONGEST_INDEXED = 500


def _does_something(command: str) -> str:
    if not command.strip():
        raise ValueError("is empty; say what to run, or leave it out to keep what there is")
    return command


class CandidateLine(Line):
    """A candidate by codebase, campaign and, if it is part of one, change set."""

    codebase: CodebaseName
    campaign: CampaignName = Field(serialization_alias="suite")
    change_set: Annotated[str, Field(min_length=1, max_length=_LONGEST_INDEXED)] | None = None
    # Left out where the candidate is there already; null is no command.
    command: Annotated[str, AfterValidator(_does_something)] = ""
    context: Annotated[str, Field(max_length=_LONGEST_INDEXED)] | None = None
    value: Annotated[int, Field(gt=0, lt=2**31)] | None = None
    success_chance: Annotated[float, Field(ge=0, le=1)] | None = None
    publish_policy: str | None = None

    @property
    def key(self) -> Key:
        """What the schema keeps unique."""
        return self.codebase, self.campaign, self.change_set


def check(conn: Conn) -> list[Refusal]:
    """Return the staged lines that name what there isn't, or leave out what is needed."""
    policies = list(conn.execute(text("SELECT name FROM named_publish_policy")).scalars())
    found = [(row.line, row.reason) for row in conn.execute(text(_INCOMPLETE))]
    unknown = conn.execute(text(_UNKNOWN_POLICIES), {"policies": policies})
    for line, name in unknown:
        found.append((line, f"there is no publish policy {name!r}{nearest(name, policies)}"))
    return refusals_of(found)


def store(conn: Conn) -> Changes:
    """Add and change what the staged lines say; change sets that aren't there are made."""
    change_sets = len(conn.execute(text(_CHANGE_SETS)).all())
    rows = conn.execute(text(_STORE)).all()
    added = sum(row.what == "added" for row in rows)
    return Changes(
        added=added,
        changed=len(rows) - added,
        change_sets=change_sets,
        concerned=_scope({(row.codebase, row.suite) for row in rows}),
    )


def check_removal(_conn: Conn) -> list[Refusal]:
    """Return no refusals: runs don't depend on their candidates."""
    return []


def remove(conn: Conn) -> Changes:
    """Remove the candidates of the staged lines; their entries go with the next places."""
    conn.execute(text(_REMOVE_FOLLOWUPS))
    rows = conn.execute(text(_REMOVE)).all()
    return Changes(removed=len(rows), concerned=_scope({(row.codebase, row.suite) for row in rows}))


def _scope(pairs: set[tuple[str, str]]) -> Scope | None:
    if not pairs:
        return None
    codebases = {codebase for codebase, _ in pairs}
    campaigns = {campaign for _, campaign in pairs}
    return Scope(sorted(codebases), sorted(campaigns))


_SAME = """candidate.codebase = upload.codebase AND candidate.suite = upload.suite
    AND coalesce(candidate.change_set, '') = coalesce(upload.change_set, '')"""

_INCOMPLETE = f"""
SELECT line, 'there is no codebase ' || upload.codebase || '; upload it first' AS reason
FROM upload
LEFT JOIN codebase ON codebase.name = upload.codebase
WHERE codebase.name IS NULL
UNION ALL
SELECT line, 'command is missing; this candidate is new'
FROM upload
WHERE NOT fields ? 'command' AND NOT EXISTS (SELECT 1 FROM candidate WHERE {_SAME})
"""  # noqa: S608 - both are constants of this module

_UNKNOWN_POLICIES = """
SELECT line, fields ->> 'publish_policy' AS name
FROM upload
WHERE fields ->> 'publish_policy' <> ALL (:policies)
"""

_CHANGE_SETS = """
INSERT INTO change_set (id, campaign)
SELECT DISTINCT ON (change_set) change_set, suite FROM upload
WHERE change_set IS NOT NULL
ORDER BY change_set, line
ON CONFLICT DO NOTHING
RETURNING id
"""

# What a line doesn't name is as it was.
_STORE = f"""
WITH merged AS MATERIALIZED (
    SELECT new.*
    FROM upload
    LEFT JOIN candidate ON {_SAME}
    CROSS JOIN LATERAL jsonb_populate_record(candidate, upload.fields) AS new
),
changed AS (
    UPDATE candidate
    SET command = merged.command, context = merged.context, value = merged.value,
        success_chance = merged.success_chance, publish_policy = merged.publish_policy
    FROM merged
    WHERE candidate.id = merged.id
        AND (candidate.command, candidate.context, candidate.value, candidate.success_chance,
            candidate.publish_policy)
        IS DISTINCT FROM (merged.command, merged.context, merged.value, merged.success_chance,
            merged.publish_policy)
    RETURNING candidate.codebase, candidate.suite
),
added AS (
    INSERT INTO candidate (codebase, suite, change_set, command, context, value,
        success_chance, publish_policy)
    SELECT codebase, suite, change_set, command, context, value, success_chance, publish_policy
    FROM merged
    WHERE id IS NULL
    RETURNING codebase, suite
)
SELECT 'changed' AS what, codebase, suite FROM changed
UNION ALL
SELECT 'added', codebase, suite FROM added
"""  # noqa: S608 - both are constants of this module

_REMOVE_FOLLOWUPS = f"""
DELETE FROM followup USING candidate, upload
WHERE followup.candidate = candidate.id AND {_SAME}
"""  # noqa: S608 - both are constants of this module
_REMOVE = f"""
DELETE FROM candidate USING upload WHERE {_SAME}
RETURNING candidate.codebase, candidate.suite
"""  # noqa: S608 - both are constants of this module
