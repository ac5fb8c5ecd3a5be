"""Messages that ask for nothing sensible: kept as failed jobs, for somebody to look at them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from janitor.state import Conn
from janitor.state.job import JobRow
from janitor.storable import storable_text

LONGEST_REFUSED = 8192  # bytes kept of arguments that were refused


def refuse(conn: Conn, name: str, arguments: dict[str, Any], reason: str, trace_id: str) -> None:
    """Record a message that asks for nothing sensible as a failed job.

    Args:
        conn: a transaction of its own.
        name: the kind that the message names.
        arguments: what came with it, whatever it is.
        reason: what is wrong with it.
        trace_id: the message's thread.
    """
    said = json.dumps(arguments, sort_keys=True, default=str, ensure_ascii=False)
    said = storable_text(said, longest=None)
    digest = hashlib.sha256(said.encode()).hexdigest()
    conn.execute(
        insert(JobRow)
        .values(
            kind=name,
            key=f"refused:{digest}",
            payload=_as_kept(said),
            state="failed",
            max_attempts=0,
            trace_id=trace_id,
            last_error=storable_text(reason),
            error_kind="invalid",
            finished_at=func.now(),
        )
        .on_conflict_do_nothing(index_elements=["kind", "key"])
    )


def _as_kept(said: str) -> dict[str, Any]:
    """Refused arguments as a row can hold them; ``said`` is their JSON, without secrets."""
    if len(said) > LONGEST_REFUSED:
        return {"refused_bytes": len(said)}
    try:
        # Python's JSON has NaN and infinite numbers, PostgreSQL's has not: they become words.
        kept: dict[str, Any] = json.loads(said, parse_constant=str)
    except ValueError:  # a quote or bracket went with a secret
        return {"refused_text": said}
    return kept
