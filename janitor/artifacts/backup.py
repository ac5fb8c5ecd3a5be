"""Artifacts that find their store away: to the backup, and from there when it is back."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from janitor.artifacts.manager import ArtifactManager
from janitor.errors import JanitorError
from janitor.redaction import redact
from janitor.storage import with_backup

logger = logging.getLogger(__name__)


def store_artifacts_with_backup(
    manager: ArtifactManager,
    backup_manager: ArtifactManager | None,
    from_dir: str | os.PathLike[str],
    run_id: str,
    names: Iterable[str] | None = None,
) -> None:
    """Store the artifacts of a run, all of them in one place.

    Args:
        manager: where to.
        backup_manager: where to while the other is unavailable.
        from_dir: the directory that they are in.
        run_id: whose they are.
        names: which files of the directory; all regular ones by default.

    Raises:
        ServiceUnavailable: neither store takes them.
    """
    chosen = None if names is None else list(names)
    with_backup(
        lambda store: store.store_artifacts(run_id, from_dir, chosen),
        manager,
        backup_manager,
        f"the artifacts of run {run_id}",
    )


def upload_backup_artifacts(
    backup: ArtifactManager, manager: ArtifactManager, timeout: float | None = None
) -> list[str]:
    """Move what waits in the backup to the primary store.

    Args:
        backup: where runs wait; what is stored safely is deleted there.
        manager: where they belong.
        timeout: of each call of a store, in seconds.

    Returns:
        The ids of the runs that were moved; the others stay where they are, and the log
        says why.
    """
    done = []
    for run_id in list(backup.iter_ids()):
        try:
            _move(run_id, backup, manager, timeout)
        except JanitorError as error:
            logger.warning("run %s stays in the backup store: %s", run_id, redact(str(error)))
        else:
            done.append(run_id)
    return done


def _move(
    run_id: str, backup: ArtifactManager, manager: ArtifactManager, timeout: float | None
) -> None:
    with tempfile.TemporaryDirectory(prefix="janitor-artifacts-") as scratch:
        backup.retrieve_artifacts(run_id, scratch, timeout=timeout)
        names = [path.name for path in Path(scratch).iterdir()]
        manager.store_artifacts(run_id, scratch, names, timeout=timeout)
    # Those and no others: more may have come meanwhile.
    backup.delete_artifacts(run_id, names=names)
