"""Ending an item whose workers vanish again and again: as a run that says so.

The queue (:mod:`janitor.queue`) puts an item back a bounded number of times; what is worn out
then becomes a run with the result ``worker-failure``, stored like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from janitor.queue import Queue
from janitor.runs.change_set import change_set_of
from janitor.runs.news import announce_run
from janitor.schedule import PARITY, Options, schedule_next
from janitor.state import Conn
from janitor.state.queue import QueueEntry
from janitor.state.run import RunRow
from janitor.state.worker import Worker

WORKER_FAILURE = "worker-failure"


@dataclass(frozen=True)
class Settled:
    """What became of claims that ran out: items that wait again, items that were given up."""

    put_back: int
    given_up: int

    def __str__(self) -> str:
        return f"{self.put_back} put back, {self.given_up} given up"


def settle_expired_claims(conn: Conn, *, options: Options = PARITY) -> Settled:
    """Put items back whose worker is gone, and end those that wear out their workers.

    Args:
        conn: a transaction of its own.
        options: how the candidates of items that were given up get their next places.
    """
    expired = Queue(conn).take_back_expired()
    for item in expired.worn_out:
        _store_worker_failure(conn, item)
        schedule_next(conn, item.codebase, item.suite, options=options)
    return Settled(expired.put_back, len(expired.worn_out))


def _store_worker_failure(conn: Conn, item: Row[Any]) -> None:
    known = select(Worker.name).where(Worker.name == item.claimed_by).scalar_subquery()
    conn.execute(
        insert(RunRow).values(
            id=item.claim_id,
            command=item.command,
            description=(
                f"{item.claims} workers, the last one {item.claimed_by}, took the item, and none"
                " handed in a result that could be stored; their logs say why"
            ),
            result_code=WORKER_FAILURE,
            start_time=func.now(),
            finish_time=func.now(),
            instigated_context=item.context,
            suite=item.suite,
            logfilenames=[],
            worker=known,
            change_set=change_set_of(conn, item, item.claim_id),
            codebase=item.codebase,
        )
    )
    conn.execute(delete(QueueEntry).where(QueueEntry.claim_id == item.claim_id))
    announce_run(conn, item.claim_id)
