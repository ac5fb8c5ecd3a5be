"""Rows for files that nobody recorded: those that others stored before us, or beside us."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from janitor.files.shelf import Place, Shelf
from janitor.state import Conn
from janitor.state.run import RunRow
from janitor.storage import BlobStat, Kept, Location
from janitor.storage.measured import Digest, measure
from janitor.storage.records import NoSuchRun, StoredFile
from janitor.wording import no_run


def check_run(conn: Conn, run_id: str) -> None:
    """Check that a run exists.

    Raises:
        NoSuchRun: it doesn't.
    """
    if conn.execute(select(RunRow.id).where(RunRow.id == run_id)).first() is None:
        raise NoSuchRun(no_run(run_id))


def is_of_a_run(conn: Conn, place: Place) -> bool:
    """Return whether the run that a file is stored for exists, on that codebase."""
    codebase = conn.execute(
        select(RunRow.codebase).where(RunRow.id == place.run_id)
    ).scalar_one_or_none()
    return codebase is not None and place.codebase in {"", codebase}


def index_file(conn: Conn, shelf: Shelf, location: Location, place: Place) -> bool:
    """Read a file and record it, in the caller's transaction.

    Args:
        conn: the transaction.
        shelf: the file's.
        location: the store that has it.
        place: where it lies there.

    Returns:
        False where its run is not known, or another file has its name.

    Raises:
        FileNotFoundError: it is gone.
        Damaged: it can't be read.
    """
    if not is_of_a_run(conn, place):
        return False
    found = shelf.stat(location, place)
    with shelf.open(location, place) as content:
        digest = measure(content)
    return _add(conn, shelf, shelf.described(place, location, found, digest), found.created)


def add_stored(conn: Conn, shelf: Shelf, place: Place, kept: Kept, before: BlobStat) -> bool:
    """Record a file that was just put into the primary store, if its run is known.

    Args:
        conn: the caller's transaction.
        shelf: the file's.
        place: where it lies now.
        kept: what is stored.
        before: what the store that it came from knew of it.
    """
    if not is_of_a_run(conn, place):
        return False
    found = replace(before, size=kept.stored_size)
    file = shelf.described(place, "primary", found, Digest(kept.size, kept.sha256))
    return _add(conn, shelf, file, before.created)


def _add(conn: Conn, shelf: Shelf, file: StoredFile, stored_at: datetime) -> bool:
    added = conn.execute(
        insert(shelf.table)
        .values(asdict(file) | {"stored_at": stored_at})
        .on_conflict_do_nothing(index_elements=["run_id", "name"])
        .returning(shelf.table.name)
    )
    return added.first() is not None
