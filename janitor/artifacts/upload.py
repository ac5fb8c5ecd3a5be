"""From the spool to the store: the artifacts of a run."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, update

from janitor.artifacts.manager import ArtifactManager, metadata_of
from janitor.jobs import JobKind, Payload
from janitor.jobs.retry import UNTIL_STORED
from janitor.names import FileName, RunId
from janitor.spool import Spool
from janitor.state import Conn
from janitor.state.run import RunRow
from janitor.state.stored import RunArtifact
from janitor.storage import Kept, Location, in_parallel, with_backup
from janitor.storage.records import StoredFile, record

FAILED = "artifact-upload-failed"


class UploadArtifacts(Payload):
    """Which spooled files of which run to store."""

    run_id: RunId
    names: list[FileName]


@dataclass(frozen=True, kw_only=True)
class StoredArtifact(StoredFile):
    """An artifact that is in a store now, with the mode bits that its file had."""

    mode: int


def upload(
    ask: UploadArtifacts,
    spool: Spool,
    manager: ArtifactManager,
    backup: ArtifactManager | None,
) -> tuple[StoredArtifact, ...]:
    """Store the artifacts of a run, all of them in one place.

    Args:
        ask: which.
        spool: where they wait.
        manager: where to.
        backup: where to while the other is unavailable.

    Returns:
        What is stored now, for :func:`record_artifacts`.

    Raises:
        NotInSpool: one of them is not there.
        ServiceUnavailable: neither store takes them.
    """
    names = list(dict.fromkeys(ask.names))
    stored, location = with_backup(
        lambda store: in_parallel(lambda name: _store(ask.run_id, name, spool, store), names),
        manager,
        backup,
        f"the artifacts of run {ask.run_id}",
    )
    return tuple(
        as_stored(ask.run_id, name, kept, status, location)
        for name, (kept, status) in zip(names, stored, strict=True)
    )


def record_artifacts(conn: Conn, stored: Sequence[StoredArtifact]) -> None:
    """Record where the artifacts of a run are, in the caller's transaction.

    Raises:
        NoSuchRun: the database doesn't know the run.
    """
    if stored:
        record(conn, RunArtifact, stored[0].run_id, stored)


def _store(
    run_id: str, name: str, spool: Spool, manager: ArtifactManager
) -> tuple[Kept, os.stat_result]:
    file, status = spool.open(run_id, name)
    with file:
        return manager.store_artifact(run_id, name, file, metadata_of(name, status)), status


def as_stored(
    run_id: str, name: str, kept: Kept, status: os.stat_result, location: Location
) -> StoredArtifact:
    """Return what a row says of an artifact that was just stored from a file."""
    metadata = metadata_of(name, status)
    return StoredArtifact(
        run_id=run_id,
        name=name,
        stored_name=name,
        size=kept.size,
        stored_size=kept.stored_size,
        sha256=kept.sha256,
        content_type=metadata.content_type,
        mtime=metadata.mtime,
        location=location,
        mode=stat.S_IMODE(status.st_mode),
    )


def _fail_run(conn: Conn, ask: UploadArtifacts, reason: str) -> None:
    """Give the run the result of an upload that failed for good.

    Not a run whose artifacts are stored: that is a message that came again when the spool
    was empty already.
    """
    recorded = exists().where(RunArtifact.run_id == ask.run_id)
    conn.execute(
        update(RunRow)
        .where(RunRow.id == ask.run_id, ~recorded)
        .values(result_code=FAILED, description=reason)
    )


UPLOAD = JobKind(
    "janitor.artifacts.upload",
    UploadArtifacts,
    key=lambda ask: ask.run_id,
    run=lambda ask: ask.run_id,
    when_failed=_fail_run,
    retry=UNTIL_STORED,
)
