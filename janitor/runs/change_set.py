"""The change set of a run: that of its queue item, or one of its own, named after the run."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, insert

from janitor.state import Conn
from janitor.state.change_set import ChangeSet


def change_set_of(conn: Conn, item: Row[Any], run_id: str) -> str:
    """Return the change set for a run, made where its item belongs to none.

    Args:
        conn: the transaction that stores the run.
        item: the row of the queue that the run comes of.
        run_id: the run.
    """
    if item.change_set is not None:
        return str(item.change_set)
    conn.execute(insert(ChangeSet).values(id=run_id, campaign=item.suite))
    return run_id
