"""What the database knows of files that were stored (:mod:`janitor.state.stored`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert

from janitor.errors import Failure
from janitor.state import Conn
from janitor.state.run import RunRow
from janitor.state.stored import RunArtifact, RunLog
from janitor.storage.backup import Location


class NoSuchRun(Failure):
    """Files were stored of a run that the database doesn't know."""


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file of a run that is in a store now.

    Args:
        run_id: whose.
        name: its name in the run.
        stored_name: the name that its manager has it under.
        size: of its content, in bytes.
        stored_size: in the store, in bytes.
        sha256: of its content, in hex.
        content_type: its media type.
        mtime: when it was last changed.
        location: the store that has it.
    """

    run_id: str
    name: str
    stored_name: str
    size: int
    stored_size: int
    sha256: str
    content_type: str
    mtime: datetime
    location: Location


def record(
    conn: Conn, table: type[RunLog | RunArtifact], run_id: str, files: Sequence[StoredFile]
) -> None:
    """Record where files of a run are, in the caller's transaction.

    A file that was recorded before is recorded as it was stored last.

    Raises:
        NoSuchRun: there is no such run.
    """
    if not conn.execute(select(exists().where(RunRow.id == run_id))).scalar_one():
        raise NoSuchRun(f"run {run_id}: there is no such run; its files are not recorded")
    for file in files:
        values = asdict(file)
        conn.execute(
            insert(table)
            .values(values)
            .on_conflict_do_update(
                index_elements=["run_id", "name"],
                set_=values | {"stored_at": func.now(), "expires_at": None},
            )
        )
