"""Letting go of files that no policy keeps (:mod:`.policies`) and nobody needs (:mod:`.needed`).

The rows of what is to go are marked first (``expires_at``), each time anew, so that a mark
says what policies say now. Then file by file: the row is locked, the file deleted, the row
deleted. Killed in between, the row is still there and marked, and the next one goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CTE,
    Select,
    case,
    delete,
    func,
    lateral,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, sessionmaker

from janitor.errors import JanitorError
from janitor.files.needed import needed
from janitor.files.policies import ANY
from janitor.files.records import Recorded, recorded
from janitor.files.shelf import Place, Shelf
from janitor.redaction import redact
from janitor.state import Conn
from janitor.state.expiry import ExpiryPolicy
from janitor.state.run import RunRow
from janitor.storage import ServiceUnavailable

logger = logging.getLogger(__name__)

BATCH = 100  # files that are locked at once
MOST_REFUSALS = 3  # one after the other: the store is away, the others wait


@dataclass(frozen=True)
class Expiring:
    """A run whose files go.

    Args:
        run_id, campaign, codebase, result_code: which.
        ended: when it ended.
        files: how many files go.
        size: bytes that they take in the store.
    """

    run_id: str
    campaign: str
    codebase: str
    result_code: str
    ended: datetime
    files: int
    size: int


@dataclass(frozen=True)
class LetGo:
    """What went; ``size`` in bytes of the store."""

    files: int
    size: int
    left: int

    def __str__(self) -> str:
        left = f", {self.left} could not be deleted" if self.left else ""
        return f"{self.files} files deleted, {self.size} bytes freed{left}"


def iter_expiring(conn: Conn, shelf: Shelf) -> Iterator[Expiring]:
    """Yield the runs whose files would go now, oldest first; nothing changes."""
    expired = _expired(shelf)
    table = shelf.table
    rows = conn.execute(
        select(
            RunRow.id,
            RunRow.suite,
            RunRow.codebase,
            RunRow.result_code,
            expired.c.ended,
            func.count(),
            func.sum(table.stored_size),
        )
        .join(expired, expired.c.run_id == RunRow.id)
        .join(table, table.run_id == RunRow.id)
        .group_by(RunRow.id, expired.c.ended)
        .order_by(expired.c.ended, RunRow.id),
        execution_options={"yield_per": 1000},
    )
    for row in rows:
        run_id, campaign, codebase, result_code, ended, files, size = row
        yield Expiring(run_id, campaign, codebase, result_code, ended, files, int(size))


def expire(
    sessions: sessionmaker[Session],
    shelf: Shelf,
    *,
    told: Callable[[Recorded], None] = lambda _file: None,
) -> LetGo:
    """Delete what no policy keeps and nobody needs.

    Args:
        sessions: where the rows are; a transaction for each batch.
        shelf: which files.
        told: hears of each file that is gone.
    """
    with sessions.begin() as session:
        _mark(session, shelf)
    files = size = left = 0
    after: tuple[str, str] | None = ("", "")
    while after is not None:
        with sessions.begin() as session:
            batch = _lock_marked(session, shelf, after)
            gone, is_away = _delete(shelf, batch)
            forget(session, shelf, gone)
        for file in gone:
            told(file)
        files += len(gone)
        size += sum(file.stored_size for file in gone)
        left += len(batch) - len(gone)
        after = (batch[-1].run_id, batch[-1].name) if batch and not is_away else None
    return LetGo(files, size, left)


def _delete(shelf: Shelf, batch: list[Recorded]) -> tuple[list[Recorded], bool]:
    """Delete files; return those that are gone, and whether the store is away."""
    gone: list[Recorded] = []
    refusals = 0
    for file in batch:
        try:
            delete_everywhere(shelf, file.place)
        except JanitorError as error:
            logger.warning("%s is not deleted: %s", file.place, redact(str(error)))
            refusals = refusals + 1 if isinstance(error, ServiceUnavailable) else 0
            if refusals >= MOST_REFUSALS:
                return gone, True
        else:
            refusals = 0
            gone.append(file)
    return gone, False


def delete_everywhere(shelf: Shelf, place: Place) -> None:
    """Delete a file, and a copy that an interrupted move may have left in the other store."""
    for location in shelf.locations:
        shelf.delete(location, place)


def forget(conn: Conn, shelf: Shelf, gone: list[Recorded]) -> None:
    """Delete the rows of files that are gone."""
    table = shelf.table
    conn.execute(
        delete(table).where(
            tuple_(table.run_id, table.name).in_([(file.run_id, file.name) for file in gone])
        ),
        execution_options={"synchronize_session": False},
    )


def _mark(conn: Conn, shelf: Shelf) -> None:
    """Let marks say what policies say now."""
    table = shelf.table
    expired = _expired(shelf)
    goes = table.run_id.in_(select(expired.c.run_id))
    wrong = (
        select(table.run_id, table.name)
        .where(goes == table.expires_at.is_(None))
        .with_for_update(skip_locked=True)  # a file that is being moved is for the next time
    )
    conn.execute(
        update(table)
        .where(tuple_(table.run_id, table.name).in_(wrong))
        .values(expires_at=case((table.expires_at.is_(None), func.now()))),
        execution_options={"synchronize_session": False},
    )


def _lock_marked(conn: Conn, shelf: Shelf, after: tuple[str, str]) -> list[Recorded]:
    table = shelf.table
    wanted = (
        recorded(shelf)
        .where(table.expires_at <= func.now(), tuple_(table.run_id, table.name) > after)
        .where(table.run_id.not_in(select(needed().subquery().c.run_id)))
        .order_by(table.run_id, table.name)
        .limit(BATCH)
        .with_for_update(of=table, skip_locked=True)
    )
    return [Recorded(**row) for row in conn.execute(wanted).mappings()]


def _expired(shelf: Shelf) -> CTE:
    """The runs whose files go, with when they ended."""
    judged = _judged(shelf).cte("judged")
    return (
        select(judged.c.run_id, judged.c.ended)
        .where(judged.c.newness > judged.c.keep_newest)
        .where(judged.c.ended < func.now() - judged.c.keep_for)
        .where(judged.c.run_id.not_in(select(needed().subquery().c.run_id)))
        .cte("expired")
    )


def _judged(shelf: Shelf) -> Select[tuple[object, ...]]:
    """Each run with files and a policy: how old it is, and how many newer ones there are."""
    table = shelf.table
    stored = (
        select(table.run_id, func.max(table.stored_at).label("at"))
        .group_by(table.run_id)
        .subquery()
    )
    policy = lateral(
        select(ExpiryPolicy)
        .where(ExpiryPolicy.files == shelf.kind)
        .where(ExpiryPolicy.campaign.in_((RunRow.suite, ANY)))
        .where(ExpiryPolicy.result_code.in_((RunRow.result_code, ANY)))
        .order_by(ExpiryPolicy.campaign == ANY, ExpiryPolicy.result_code == ANY)
        .limit(1)
    )
    began = func.coalesce(RunRow.finish_time, RunRow.start_time)
    newness = func.row_number().over(
        partition_by=(RunRow.codebase, RunRow.suite, policy.c.campaign, policy.c.result_code),
        order_by=(RunRow.start_time.desc().nulls_last(), RunRow.id.desc()),
    )
    return (
        select(
            RunRow.id.label("run_id"),
            func.coalesce(func.timezone("UTC", began), stored.c.at).label("ended"),
            newness.label("newness"),
            policy.c.keep_for,
            policy.c.keep_newest,
        )
        .join(stored, stored.c.run_id == RunRow.id)
        .join(policy, literal(True))
    )
