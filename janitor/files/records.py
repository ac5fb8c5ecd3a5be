"""The rows of stored files, as those read them who look after the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, exists, select

from janitor.files.shelf import NO_MODE, Place, Shelf
from janitor.state import Conn
from janitor.state.job import JobRow
from janitor.state.run import RunRow
from janitor.storage import Metadata
from janitor.storage.measured import Digest
from janitor.storage.records import StoredFile


@dataclass(frozen=True, kw_only=True)
class Recorded(StoredFile):
    """A stored file as its row says it, with the codebase of its run."""

    codebase: str
    stored_at: datetime
    expires_at: datetime | None
    mode: int = NO_MODE

    @property
    def place(self) -> Place:
        """Where it lies in its store."""
        return Place(self.codebase, self.run_id, self.stored_name)

    @property
    def digest(self) -> Digest:
        """What its content must be."""
        return Digest(self.size, self.sha256)

    @property
    def metadata(self) -> Metadata:
        """What a store is told of it."""
        return Metadata(self.content_type, self.mtime, self.mode)


def recorded(shelf: Shelf) -> Select[tuple[object, ...]]:
    """Return a query for the rows of :class:`Recorded`, which the caller narrows."""
    table = shelf.table
    columns = [column for column in table.__table__.c if column.name != "run_id"]
    return select(RunRow.codebase, table.run_id, *columns).join(RunRow, RunRow.id == table.run_id)


def files_of_run(conn: Conn, shelf: Shelf, run_id: str) -> list[Recorded]:
    """Return the recorded files of a run, by name."""
    wanted = recorded(shelf).where(shelf.table.run_id == run_id).order_by(shelf.table.name)
    return [Recorded(**row) for row in conn.execute(wanted).mappings()]


def lock_recorded(conn: Conn, shelf: Shelf, place: Place) -> Recorded | None:
    """Return the row of a stored file and keep it until the transaction ends; None without one.

    Waits for whoever has it.
    """
    wanted = (
        recorded(shelf)
        .where(shelf.table.run_id == place.run_id, shelf.table.stored_name == place.name)
        .with_for_update(of=shelf.table)
    )
    row = conn.execute(wanted).mappings().one_or_none()
    return None if row is None else Recorded(**row)


def is_expected(conn: Conn, shelf: Shelf, run_id: str) -> bool:
    """Return whether a job still has files of a run to store."""
    waiting = and_(
        JobRow.run_id == run_id, JobRow.kind == shelf.job, JobRow.state.in_(("pending", "leased"))
    )
    return bool(conn.execute(select(exists().where(waiting))).scalar_one())
