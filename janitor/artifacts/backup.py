"""Artifacts that find their store away: to the backup, and from there when it is back."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from functools import partial

from janitor.artifacts.manager import ArtifactManager, content_type_of
from janitor.errors import JanitorError
from janitor.redaction import redact
from janitor.storage import Metadata, with_backup
from janitor.storage.checked import check_same, checked
from janitor.storage.measured import Digest, measure

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

    Files and nothing else: :mod:`janitor.files.returning` goes by what is recorded, too.

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
    names = backup.names(run_id)
    for name in names:
        found = backup.stat_artifact(run_id, name, timeout)
        metadata = Metadata(content_type_of(name), found.mtime, found.mode)
        with checked(partial(backup.get_artifact, run_id, name, timeout), None, name) as content:
            kept = manager.store_artifact(run_id, name, content, metadata, timeout=timeout)
        with manager.get_artifact(run_id, name, timeout) as copy:
            check_same(measure(copy), Digest(kept.size, kept.sha256), f"the copy of {name}")
    # Those and no others: more may have come meanwhile.
    backup.delete_artifacts(run_id, names=names)
