"""What others hear of a run: services by announcements, people by notifications."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from janitor.announcements import announce
from janitor.notifications import Notice, notify_all
from janitor.queue import Queue
from janitor.state import Conn
from janitor.state.run import RunRow
from janitor.state.run_record import select_runs
from janitor.state.types import PublishStatus


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
    tell_of_publish_status(conn, run_id, run.publish_status)


def announce_publish_status(conn: Conn, *runs: Row[*tuple[Any, ...]]) -> None:
    """Tell of the publish status of runs, in the words that services in the field know.

    Args:
        conn: the transaction that sets them.
        runs: each run's id, codebase, suite and publish_status.
    """
    news = [
        {
            "codebase": run.codebase,
            "run_id": run.id,
            "publish_status": run.publish_status,
            "campaign": run.suite,
        }
        for run in runs
    ]
    announce(conn, "publish-status", *news)


def tell_of_publish_status(
    conn: Conn,
    run_id: str,
    status: PublishStatus,
    *,
    actor: str | None = None,
    why: str | None = None,
) -> None:
    """Tell people of a run's publish status.

    Args:
        conn: the transaction that knows of it.
        run_id: the run.
        status: what it is now; unknown, as each run begins, is no news for anybody.
        actor: who made it so, if that is known.
        why: the reason, likewise.
    """
    tell_of_publish_statuses(conn, [(run_id, status, actor, why)])


def tell_of_publish_statuses(
    conn: Conn, news: Sequence[tuple[str, PublishStatus, str | None, str | None]]
) -> None:
    """Tell people of several runs: each one's id, publish status, actor and reason."""
    notify_all(
        conn,
        [
            Notice(
                f"publish-status.{status}",
                {"publish_status": status, "actor": actor, "why": why},
                run_id,
            )
            for run_id, status, actor, why in news
            if status != "unknown"
        ],
    )
