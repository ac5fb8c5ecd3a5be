"""Estimates for candidates as somebody supposes them, whatever the tables say of them.

The formula is that of :mod:`.estimates`; here it reads what is given in place of candidates.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Row

from janitor.schedule.estimates import Scope, with_estimates
from janitor.state import Conn


class Supposed(NamedTuple):
    """A candidate as it would be; no table need know of it or of its codebase."""

    codebase: str
    campaign: str
    context: str | None = None


def estimates_of(conn: Conn, supposed: Iterable[Supposed]) -> dict[tuple[str, str], Row[Any]]:
    """Return what earlier runs say of candidates, by codebase and campaign.

    Args:
        conn: a connection or session.
        supposed: the candidates; no two of the same codebase and campaign.

    Returns:
        The rows of the estimates; their values and offsets are those of candidates without a
        value and without a policy.
    """
    listed = list(supposed)
    rows = [
        {"codebase": one.codebase, "suite": one.campaign, "context": one.context}
        | {"publish_policy": ""}
        for one in listed
    ]
    scope = Scope(
        sorted({one.codebase for one in listed}), sorted({one.campaign for one in listed})
    )
    found = conn.execute(
        with_estimates("SELECT * FROM estimate", instead=_INSTEAD),
        scope.parameters(conn) | {"supposed": json.dumps(rows)},
    )
    return {(row.codebase, row.suite): row for row in found}


# These names hide those of the tables.
_INSTEAD = """
candidate AS (
    SELECT * FROM jsonb_populate_recordset(cast(NULL AS candidate), cast(:supposed AS jsonb))
),
named_publish_policy AS (
    SELECT '' AS name, cast(NULL AS branch_publish_policy[]) AS per_branch_policy
),
codebase AS (
    SELECT own.*
    FROM (SELECT DISTINCT codebase AS name FROM candidate) AS supposed
    LEFT JOIN codebase ON codebase.name = supposed.name
    CROSS JOIN LATERAL jsonb_populate_record(
        codebase, jsonb_build_object('name', supposed.name, 'inactive', false)
    ) AS own
    UNION ALL -- and the highest value of all, which their own are measured by
    SELECT highest.* FROM jsonb_populate_record(
        cast(NULL AS codebase), (SELECT jsonb_build_object('value', max(value)) FROM codebase)
    ) AS highest
)"""
