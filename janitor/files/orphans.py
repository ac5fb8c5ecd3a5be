"""What does not fit together: files without a row, rows without a file; and mending it.

A store is listed into a temporary table and compared with the rows by two statements, so
neither side has to fit into memory. A listing takes a while: what it seems to say is looked
at once more, and what is young, or what a job still stores, is nobody's mistake yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Table,
    Text,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from janitor.files.expiry import forget
from janitor.files.index import index_file, is_of_a_run
from janitor.files.records import Recorded, lock_recorded, recorded
from janitor.files.shelf import Place, Shelf
from janitor.state.job import JobRow
from janitor.state.run import RunRow
from janitor.storage import Location

YOUNG = timedelta(hours=24)
BATCH = 5000  # names of a listing that travel at once

Wrong = Literal["of no run", "without a row", "without a file", "elsewhere"]

_found = Table(
    "found_file",
    MetaData(),
    Column("location", Text),
    Column("codebase", Text),
    Column("run_id", Text),
    Column("name", Text),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


@dataclass(frozen=True)
class Orphan:
    """A file or a row that lacks the other.

    Args:
        wrong: a file whose run is ``of no run`` that we know, or that is ``without a row``; a
            row that is ``without a file``, or whose file is ``elsewhere``: in the other store.
        location: where the file is, or where the row says it is.
        place: which file.
        size: in the store, in bytes.
    """

    wrong: Wrong
    location: Location
    place: Place
    size: int

    def __str__(self) -> str:
        return f"{self.wrong}  {self.location}  {self.place}  {self.size} bytes"


def find_orphans(
    conn: Connection,
    shelf: Shelf,
    *,
    young: timedelta = YOUNG,
    told: Callable[[int], None] = lambda _files: None,
) -> Iterator[Orphan]:
    """Yield what does not fit together.

    Args:
        conn: a transaction of its own; it has a temporary table afterwards.
        shelf: which files.
        young: what is younger is left out.
        told: hears how many files more were listed.

    Raises:
        ServiceUnavailable: a store can't be listed.
    """
    _found.create(conn)
    for location in shelf.locations:
        listing = shelf.places(location)
        while places := list(islice(listing, BATCH)):
            listed = [{"location": location, **place._asdict()} for place in places]
            conn.execute(insert(_found), listed)
            told(len(listed))
    yield from _files_without_rows(conn, shelf, young)
    yield from _rows_without_files(conn, shelf, young)


def mend(session: Session, shelf: Shelf, orphan: Orphan) -> bool:
    """Mend one thing, in the caller's transaction; returns whether it was still wrong.

    A file of a known run gets its row, one of an unknown run is deleted; a row is corrected
    where its file is in the other store, and deleted where it is in none.
    """
    place, location = orphan.place, orphan.location
    if orphan.wrong == "without a row":
        return index_file(session, shelf, location, place)
    if orphan.wrong == "of no run":
        if is_of_a_run(session, place):
            return False
        shelf.delete(location, place)
        return True
    row = lock_recorded(session, shelf, place)
    if row is None or row.location != location or shelf.exists(location, place):
        return False
    other = _elsewhere(shelf, row)
    if other is None:
        forget(session, shelf, [row])
    else:
        _relocate(session, shelf, row, other)
    return True


def _files_without_rows(conn: Connection, shelf: Shelf, young: timedelta) -> Iterator[Orphan]:
    table = shelf.table
    codebase = or_(_found.c.codebase == "", _found.c.codebase == RunRow.codebase)
    has_row = exists().where(table.run_id == _found.c.run_id, table.stored_name == _found.c.name)
    waits = exists().where(
        JobRow.run_id == _found.c.run_id,
        JobRow.kind == shelf.job,
        JobRow.state.in_(("pending", "leased")),
    )
    rows = conn.execute(
        select(_found, RunRow.id)
        .outerjoin(RunRow, and_(RunRow.id == _found.c.run_id, codebase))
        .where(or_(~has_row, RunRow.id.is_(None)), ~waits)
        .order_by(_found.c.run_id, _found.c.name)
    )
    for location, codebase_name, run_id, name, known in rows:
        place = Place(codebase_name, run_id, name)
        try:
            found = shelf.stat(location, place)
        except FileNotFoundError:  # moved or deleted meanwhile
            continue
        if datetime.now(UTC) - found.created >= young:
            wrong: Wrong = "without a row" if known else "of no run"
            yield Orphan(wrong, location, place, found.size)


def _rows_without_files(conn: Connection, shelf: Shelf, young: timedelta) -> Iterator[Orphan]:
    table = shelf.table
    listed = exists().where(
        _found.c.run_id == table.run_id,
        _found.c.name == table.stored_name,
        _found.c.location == table.location,
        or_(_found.c.codebase == "", _found.c.codebase == RunRow.codebase),
    )
    rows = conn.execute(
        recorded(shelf)
        .where(~listed, table.stored_at < func.now() - young)
        .order_by(table.run_id, table.name)
    )
    for row in (Recorded(**row) for row in rows.mappings()):
        if not shelf.exists(row.location, row.place):
            wrong: Wrong = "elsewhere" if _elsewhere(shelf, row) else "without a file"
            yield Orphan(wrong, row.location, row.place, row.stored_size)


def _elsewhere(shelf: Shelf, row: Recorded) -> Location | None:
    others = (location for location in shelf.locations if location != row.location)
    return next((other for other in others if shelf.exists(other, row.place)), None)


def _relocate(session: Session, shelf: Shelf, row: Recorded, location: Location) -> None:
    table = shelf.table
    session.execute(
        update(table)
        .where(table.run_id == row.run_id, table.name == row.name)
        .values(location=location),
        execution_options={"synchronize_session": False},
    )
