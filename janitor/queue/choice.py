"""Which entry will be served next, of those that a caller may have.

The search is a function of the database, ``queue_first`` (``additions/claiming.sql``): from an
index, however many others there are. :mod:`.claims` takes what it finds, this module only looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, text

from janitor.state import Conn


def next_waiting(
    conn: Conn,
    codebase: str | None,
    campaign: str | None,
    closed: Iterable[str],
    without: Iterable[int],
) -> Row[Any] | None:
    """Return the entry that would be served next, with what is known of its codebase's place.

    Paused campaigns and hosts at their limit are left out in any case.

    Args:
        conn: the caller's transaction.
        codebase: only entries of this one.
        campaign: only entries of this one.
        closed: hosts to leave out.
        without: ids of entries to leave out.
    """
    asked = {
        "codebase": codebase,
        "campaign": campaign,
        "closed": list(closed),
        "without": list(without),
    }
    return conn.execute(_NEXT, asked).one_or_none()


# What claims read of a codebase, too.
PLACE = """
    codebase.branch_url AS codebase_branch_url,
    codebase.subpath AS codebase_subpath,
    codebase.vcs_type AS codebase_vcs_type
"""

_NEXT = text(f"""
SELECT queue.*, {PLACE}
FROM unnest(queue_first(
    :codebase, :campaign, cast(:closed AS text[]), cast(:without AS bigint[]), 1, 0, false
)) AS first (id)
JOIN queue ON queue.id = first.id
LEFT JOIN codebase ON codebase.name = queue.codebase
""")  # noqa: S608 - nothing of anybody else's
