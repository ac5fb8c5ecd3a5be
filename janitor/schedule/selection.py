"""Which candidates are meant: by campaign, by codebase, by what their last run ended as.

:mod:`.bulk_requests` asks for runs of those that a selection says.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from sqlalchemy import text

from janitor.errors import Failure
from janitor.jobs import Payload
from janitor.names import LONGEST_NAME, CampaignName
from janitor.state import Conn
from janitor.wording import nearest

_PATTERN = re.compile(rf"[a-z0-9+,\-.*?]{{1,{LONGEST_NAME}}}")


class UnknownChoice(Failure):
    """A campaign, codebase or result code that nothing is known of."""


def _checked_pattern(pattern: str) -> str:
    if not _PATTERN.fullmatch(pattern):
        raise ValueError(
            f"{pattern[:60]!r} is no pattern of codebases: lower-case letters, digits and"
            " '+,-.', with * for any characters and ? for one"
        )
    return pattern


class Selection(Payload):
    """Candidates by criteria that must all hold; of each, one of the values will do.

    ``codebases`` are patterns as in a shell: ``*`` stands for any characters and ``?`` for one,
    and a pattern without them is a name. ``result_codes`` are of the last run of the codebase
    and campaign, whether its failure was transient or not. ``limit`` takes the candidates that
    were added first.
    """

    campaigns: tuple[CampaignName, ...] = ()
    codebases: tuple[Annotated[str, AfterValidator(_checked_pattern)], ...] = ()
    result_codes: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    limit: int | None = Field(default=None, ge=1, lt=2**63)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.campaigns or self.codebases or self.result_codes):
            raise ValueError(
                "say which candidates: give a campaign, a codebase or a result code (the"
                " codebase * stands for all)"
            )
        return self

    def parameters(self) -> dict[str, Any]:
        """Return what :data:`SELECTED` and :func:`check` take."""
        patterns = [pattern.replace("*", "%").replace("?", "_") for pattern in self.codebases]
        return {
            "campaigns": list(self.campaigns) or None,
            "patterns": patterns or None,
            "result_codes": list(self.result_codes) or None,
            "limit": self.limit,
        }


def check(conn: Conn, selection: Selection) -> None:
    """Check that a selection names what there is.

    Raises:
        UnknownChoice: names each campaign without candidates and entries, each pattern that no
            codebase matches and each result code that no run has.
    """
    unknown = conn.execute(text(_UNKNOWN), selection.parameters()).all()
    if not unknown:
        return
    known = {kind: list(conn.execute(text(listed)).scalars()) for kind, listed in _KNOWN.items()}
    raise UnknownChoice(
        "; ".join(
            f"{_REASONS[kind].format(name)}{nearest(name, known.get(kind, []))}"
            for kind, name in unknown
        )
    )


# The candidates, in place of the table: with or without a publish policy of their own.
SELECTED = """
candidate AS MATERIALIZED (
    SELECT own.id, own.codebase, own.suite, own.change_set, own.command, own.context, own.value,
        own.success_chance, '' AS publish_policy
    FROM candidate AS own
    JOIN codebase ON codebase.name = own.codebase
    LEFT JOIN last_run ON last_run.codebase = own.codebase AND last_run.campaign = own.suite
    LEFT JOIN run ON run.id = last_run.last_run_id
    WHERE (cast(:campaigns AS text[]) IS NULL OR own.suite = ANY (:campaigns))
        AND (cast(:patterns AS text[]) IS NULL OR own.codebase LIKE ANY (:patterns))
        AND (cast(:result_codes AS text[]) IS NULL OR run.result_code = ANY (:result_codes))
    ORDER BY codebase.inactive, own.id -- a limit is not used up by those that are left alone
    LIMIT cast(:limit AS bigint)
),
named_publish_policy AS (
    SELECT '' AS name, cast(NULL AS branch_publish_policy[]) AS per_branch_policy
)"""

_UNKNOWN = """
SELECT 'campaign' AS kind, name FROM unnest(cast(:campaigns AS text[])) AS name
WHERE NOT EXISTS (SELECT FROM candidate WHERE suite = name)
    AND NOT EXISTS (SELECT FROM queue WHERE suite = name)
UNION ALL
SELECT 'codebase', translate(pattern, '%_', '*?') FROM unnest(cast(:patterns AS text[])) AS pattern
WHERE NOT EXISTS (SELECT FROM codebase WHERE name LIKE pattern)
UNION ALL
SELECT 'result code', code FROM unnest(cast(:result_codes AS text[])) AS code
WHERE NOT EXISTS (SELECT FROM run WHERE result_code = code)
"""
_REASONS = {
    "campaign": "campaign {!r} has no candidates",
    "codebase": "no codebase matches {!r}",
    "result code": "no run ended as {!r}",
}
_KNOWN = {
    "campaign": "SELECT DISTINCT suite FROM candidate",
    "result code": "SELECT DISTINCT result_code FROM run",
}
