"""The lines of an upload in the database: one temporary table that its statements join.

With a table, every check and every change is one statement for all lines together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import text

from janitor.schedule.estimates import Scope
from janitor.state import Conn
from janitor.uploads.lines import Line
from janitor.uploads.report import Refusal

_BATCH = 5_000  # lines to a statement


@dataclass(frozen=True)
class Changes:
    """What was stored, and whose places in the queue depend on it."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    change_sets: int = 0
    queue_removed: int = 0
    concerned: Scope | None = None


def stage(conn: Conn, lines: Iterable[tuple[int, Line]]) -> int:
    """Put lines in the temporary table ``upload``, until the transaction's end.

    Args:
        conn: the caller's transaction.
        lines: what each says, by number.

    Returns:
        How many there are.
    """
    # Twice in one transaction: the second upload's lines are its own.
    conn.execute(text("DROP TABLE IF EXISTS pg_temp.upload"))
    conn.execute(text(_TABLE))
    count = 0
    ahead = iter(lines)
    while batch := [_row(number, line) for number, line in islice(ahead, _BATCH)]:
        conn.execute(text(_ROWS), {"batch": json.dumps(batch)})
        count += len(batch)
    conn.execute(text("ANALYZE upload"))  # joins are planned by its size
    return count


def unstage(conn: Conn, refusals: list[Refusal]) -> None:
    """Take refused lines out again."""
    numbers = [refusal.line for refusal in refusals]
    conn.execute(text("DELETE FROM upload WHERE line = ANY (:numbers)"), {"numbers": numbers})


def _row(number: int, line: Line) -> dict[str, Any]:
    codebase, suite, change_set = line.key
    return {
        "line": number,
        "codebase": codebase,
        "suite": suite,
        "change_set": change_set,
        "fields": line.fields(),
    }


_TABLE = """
CREATE TEMPORARY TABLE upload (
    line bigint PRIMARY KEY,
    codebase text NOT NULL,
    suite text,
    change_set text,
    fields jsonb NOT NULL
) ON COMMIT DROP
"""

_ROWS = """
INSERT INTO upload
SELECT * FROM jsonb_to_recordset(cast(:batch AS jsonb))
    AS each (line bigint, codebase text, suite text, change_set text, fields jsonb)
"""
