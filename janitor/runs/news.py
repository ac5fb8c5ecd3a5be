"""What others hear of a run, in a transaction's :mod:`janitor.announcements`."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row

from janitor.announcements import announce
from janitor.notifications import notify
from janitor.queue import Queue
from janitor.state import Conn
from janitor.state.run import RunRow
from janitor.state.run_record import select_runs


def announce_run(conn: Conn, run_id: str) -> None:
    """Tell of a run, of the queue without its item, and of its publish status.

    Args:
        conn: the transaction that stores the run.
        run_id: the run.
    """
    run = conn.execute(select_runs().where(RunRow.id == run_id)).one()
    news = json.loads(json.dumps(run._asdict() | {"campaign": run.suite}, default=str))
    announce(conn, "result", news)
    announce(conn, "queue", {"buckets": dict(Queue(conn).get_buckets())})
    announce_publish_status(conn, run)


def announce_publish_status(
    conn: Conn, run: Row[*tuple[Any, ...]], *, actor: str | None = None, why: str | None = None
) -> None:
    """Tell of a run's publish status: services in the words that they know, and people.

    Args:
        conn: the transaction that sets it.
        run: the run's id, codebase, suite and publish_status.
        actor: who sets it, for people.
        why: the reason, for people.
    """
    announce(
        conn,
        "publish-status",
        {
            "codebase": run.codebase,
            "run_id": run.id,
            "publish_status": run.publish_status,
            "campaign": run.suite,
        },
    )
    if run.publish_status != "unknown":  # as each run begins: no news for people
        notify(
            conn,
            f"publish-status.{run.publish_status}",
            run_id=run.id,
            publish_status=run.publish_status,
            actor=actor,
            why=why,
        )
