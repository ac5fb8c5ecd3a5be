"""From the backup store to where files belong, when that is back.

What the backup has is the list of what to do, not what the rows say of it: so each step may
be the last one before a crash. A file is copied, the copy read and compared, the row changed,
and then the backup's copy deleted; whoever comes next goes on from there. The row is locked
meanwhile, so that nobody else moves or deletes the file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import func, update
from sqlalchemy.orm import Session, sessionmaker

from janitor.artifacts.manager import content_type_of
from janitor.errors import JanitorError
from janitor.files.index import add_stored
from janitor.files.records import Recorded, is_expected, lock_recorded
from janitor.files.shelf import Place, Shelf
from janitor.redaction import redact
from janitor.storage import BlobStat, Kept, Metadata, ServiceUnavailable
from janitor.storage.checked import check_same, checked
from janitor.storage.measured import Digest, measure

logger = logging.getLogger(__name__)

GRACE = timedelta(hours=1)  # a younger file without a row is one that a job stores just now
MOST_REFUSALS = 3  # one after the other: the store is still away, the others wait


@dataclass(frozen=True)
class Returned:
    """What became of the files in a backup store; ``size`` in bytes of those that moved."""

    moved: int = 0
    size: int = 0
    left: int = 0

    def __str__(self) -> str:
        return f"{self.moved} files ({self.size} bytes) moved back, {self.left} left in the backup"


def return_files(
    sessions: sessionmaker[Session],
    shelf: Shelf,
    *,
    grace: timedelta = GRACE,
    told: Callable[[Place], None] = lambda _place: None,
) -> Returned:
    """Move what the backup store has to the primary one.

    A file that can't be moved stays, the log says why, and the others move.

    Args:
        sessions: where rows are; a transaction for each file.
        shelf: which files.
        grace: how old a file without a row must be; a younger one is being stored.
        told: hears of each file that was looked at.

    Raises:
        ServiceUnavailable: the backup can't be listed.
    """
    moved = size = left = refusals = 0
    if "backup" not in shelf.locations:
        return Returned()
    for place in shelf.places("backup"):
        if refusals >= MOST_REFUSALS:
            left += 1
            continue
        try:
            came = _return(sessions, shelf, place, grace)
        except JanitorError as error:
            logger.warning("%s stays in the backup store: %s", place, redact(str(error)))
            refusals = refusals + 1 if isinstance(error, ServiceUnavailable) else 0
            came = None
        else:
            refusals = 0
        moved += came is not None
        left += came is None
        size += came or 0
        told(place)
    return Returned(moved, size, left)


def _return(
    sessions: sessionmaker[Session], shelf: Shelf, place: Place, grace: timedelta
) -> int | None:
    """Move one file; return its size, None where it is not for us to move yet."""
    with sessions.begin() as session:
        # Asked first: the row of a job that ended since is there when we look for it.
        expected = is_expected(session, shelf, place.run_id)
        row = lock_recorded(session, shelf, place)
        found = shelf.stat("backup", place)
        if row is not None:
            stored_name, kept = _copy(shelf, place, row.metadata, row.digest)
            _move_row(session, shelf, row, stored_name, kept)
        elif expected or _is_young(found, grace):
            return None
        else:
            metadata = Metadata(content_type_of(place.name), found.mtime, found.mode)
            stored_name, kept = _copy(shelf, place, metadata, None)
            add_stored(session, shelf, place._replace(name=stored_name), kept, found)
    shelf.delete("backup", place)
    return kept.size


def _copy(
    shelf: Shelf, place: Place, metadata: Metadata, expected: Digest | None
) -> tuple[str, Kept]:
    """Copy a file to the primary store and read it there; what is there already stays."""
    source = checked(partial(shelf.open, "backup", place), expected, f"{place} in the backup")
    with source:
        stored_name, kept = shelf.put("primary", place, source, metadata)
    with shelf.open("primary", place._replace(name=stored_name)) as copy:
        check_same(measure(copy), Digest(kept.size, kept.sha256), f"the copy of {place}")
    return stored_name, kept


def _move_row(session: Session, shelf: Shelf, row: Recorded, stored_name: str, kept: Kept) -> None:
    table = shelf.table
    session.execute(
        update(table)
        .where(table.run_id == row.run_id, table.name == row.name)
        .values(
            location="primary",
            stored_name=stored_name,
            stored_size=kept.stored_size,
            stored_at=func.now(),
        ),
        execution_options={"synchronize_session": False},
    )


def _is_young(found: BlobStat, grace: timedelta) -> bool:
    return datetime.now(UTC) - found.created < grace
