"""One more artifact for a run that is stored already, from a file that somebody has."""

from __future__ import annotations

import os

from janitor.artifacts.manager import ArtifactManager, metadata_of
from janitor.artifacts.upload import StoredArtifact, as_stored
from janitor.storage import open_regular, with_backup


def add_artifact(
    run_id: str,
    name: str,
    path: str | os.PathLike[str],
    manager: ArtifactManager,
    backup: ArtifactManager | None,
) -> StoredArtifact:
    """Store a file as an artifact of a run.

    Args:
        run_id: whose it becomes.
        name: its name there.
        path: a regular file.
        manager: where to.
        backup: where to while the other is unavailable.

    Returns:
        What is stored now, for :func:`janitor.artifacts.upload.record_artifacts`.

    Raises:
        KeyTaken: the run has other content of that name.
        NotRegular: the file is a link or no regular file.
        ServiceUnavailable: neither store takes it.
    """
    file, status = open_regular(path)
    with file:
        kept, location = with_backup(
            lambda store: store.store_artifact(run_id, name, file, metadata_of(name, status)),
            manager,
            backup,
            f"artifact {name} of run {run_id}",
        )
    return as_stored(run_id, name, kept, status, location)
