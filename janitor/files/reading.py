"""The files of one run, for those who want to read them: ours, and what others stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from sqlalchemy import select

from janitor.errors import Failure
from janitor.files.expiry import delete_everywhere, forget
from janitor.files.needed import why_needed
from janitor.files.records import Recorded, files_of_run, lock_recorded
from janitor.files.shelf import Place, Shelf
from janitor.state import Conn
from janitor.state.run import RunRow
from janitor.storage import BlobStat, Location
from janitor.storage.checked import checked
from janitor.storage.records import NoSuchRun
from janitor.wording import named, no_run


class NoSuchFile(Failure):
    """A run has no file of that name."""


class StillNeeded(Failure):
    """Files that are not to be deleted just so."""


@dataclass(frozen=True)
class FileOfRun:
    """A file of a run that can be read.

    Args:
        name: the run's name for it.
        place: where it lies.
        location: in which store.
        found: what the store knows of it.
        row: what was recorded of it; None where others stored it.
    """

    name: str
    place: Place
    location: Location
    found: BlobStat | None
    row: Recorded | None

    @property
    def stored_size(self) -> int:
        """What it takes in the store, in bytes."""
        if self.row is not None:
            return self.row.stored_size
        return self.found.size if self.found is not None else 0


def files_of(conn: Conn, shelf: Shelf, run_id: str) -> list[FileOfRun]:
    """Return the files of a run, by name: what is recorded, and what others left.

    Raises:
        NoSuchRun: there is no such run.
    """
    files = {
        row.stored_name: FileOfRun(row.name, row.place, row.location, None, row)
        for row in files_of_run(conn, shelf, run_id)
    }
    codebase, logs = _run(conn, run_id)
    for location in shelf.locations:
        for place in shelf.places_of_run(location, codebase, run_id, logs):
            if place.name not in files:
                found = shelf.stat(location, place)
                files[place.name] = FileOfRun(place.name, place, location, found, None)
    return sorted(files.values(), key=lambda file: file.name)


def open_file(conn: Conn, shelf: Shelf, run_id: str, name: str) -> BinaryIO:
    """Open a file of a run; what was recorded of its content is checked while it is read.

    Args:
        conn: where the rows are.
        shelf: its kind.
        run_id: whose it is.
        name: the run's name for it, or that of the store.

    Raises:
        NoSuchRun: there is no such run.
        NoSuchFile: it has no file of that name.
        Damaged: from reading to the end, where the content is not what was stored.
    """
    rows = files_of_run(conn, shelf, run_id)
    for row in [*(row for row in rows if row.name == name), *rows]:
        if name in {row.name, row.stored_name}:
            reopen = partial(shelf.open, row.location, row.place)
            return checked(reopen, row.digest, str(row.place))
    codebase, _ = _run(conn, run_id)
    for location in shelf.locations:
        try:
            return shelf.open(location, shelf.place(codebase, run_id, name))
        except FileNotFoundError:
            continue
    known = ", ".join(row.name for row in rows) or "none"
    raise NoSuchFile(f"run {run_id} has no file {named(name)} among its {shelf.kind}: {known}")


def delete_files(
    conn: Conn, shelf: Shelf, run_id: str, names: Iterable[str] = (), *, force: bool = False
) -> list[str]:
    """Delete files of a run, and their rows in the caller's transaction.

    Args:
        conn: the transaction.
        shelf: which kind.
        run_id: whose.
        names: which; all by default.
        force: also those of a run that somebody needs.

    Returns:
        The names of what is gone.

    Raises:
        NoSuchRun: there is no such run.
        NoSuchFile: one of the names is none of its files.
        StillNeeded: the run is pinned, to be published, under review or resumed from.
    """
    wanted = set(names)
    files = [f for f in files_of(conn, shelf, run_id) if not wanted or f.name in wanted]
    missing = wanted - {file.name for file in files}
    if missing:
        raise NoSuchFile(f"run {run_id} has no {', '.join(sorted(missing))} among its {shelf.kind}")
    why = why_needed(conn, run_id)
    if why and not force:
        raise StillNeeded(
            f"run {run_id} is needed ({', '.join(why)}); --force deletes all the same"
        )
    for file in files:
        row = lock_recorded(conn, shelf, file.place)
        delete_everywhere(shelf, file.place)
        if row is not None:
            forget(conn, shelf, [row])
    return [file.name for file in files]


def _run(conn: Conn, run_id: str) -> tuple[str, list[str]]:
    run = conn.execute(
        select(RunRow.codebase, RunRow.logfilenames).where(RunRow.id == run_id)
    ).one_or_none()
    if run is None:
        raise NoSuchRun(no_run(run_id))
    return run.codebase, run.logfilenames
