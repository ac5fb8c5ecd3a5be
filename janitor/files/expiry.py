"""Letting go of files that no policy keeps and nobody needs (:mod:`.expiring` says which).

The rows of what is to go are marked first (``expires_at``), each time anew, so that a mark
says what policies say now. Then file by file: the row is locked, the file deleted, the row
deleted. Killed in between, the row is still there and marked, and the next one goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import case, delete, func, select, tuple_, update
from sqlalchemy.orm import Session, sessionmaker

from janitor.errors import JanitorError
from janitor.files.expiring import expired_runs
from janitor.files.needed import needed_among
from janitor.files.records import Recorded, recorded
from janitor.files.shelf import Place, Shelf
from janitor.redaction import redact
from janitor.state import Conn
from janitor.storage import ServiceUnavailable

logger = logging.getLogger(__name__)

BATCH = 200  # files that are locked at once
MOST_REFUSALS = 3  # one after the other: the store is away, the others wait


@dataclass(frozen=True)
class LetGo:
    """What went; ``size`` in bytes of the store."""

    files: int
    size: int
    left: int

    def __str__(self) -> str:
        left = f", {self.left} could not be deleted" if self.left else ""
        return f"{self.files} files deleted, {self.size} bytes freed{left}"


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
            gone, is_away = _go(session, shelf, batch)
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
    expired = expired_runs(shelf)
    wrong = (
        select(table.run_id, table.name)
        .outerjoin(expired, expired.c.run_id == table.run_id)
        .where(expired.c.run_id.is_not(None) == table.expires_at.is_(None))
        # A file that is being moved is for the next time.
        .with_for_update(of=table, skip_locked=True)
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
        .order_by(table.run_id, table.name)
        .limit(BATCH)
        .with_for_update(of=table, skip_locked=True)
    )
    return [Recorded(**row) for row in conn.execute(wanted).mappings()]


def _go(conn: Conn, shelf: Shelf, batch: list[Recorded]) -> tuple[list[Recorded], bool]:
    """Let a batch go, but for what somebody has come to need since it was marked."""
    kept = needed_among(conn, {file.run_id for file in batch})
    gone, is_away = _delete(shelf, [file for file in batch if file.run_id not in kept])
    forget(conn, shelf, gone)
    return gone, is_away
