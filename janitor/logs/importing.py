"""Logs from files into a store, or into its backup while it is away."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Protocol

from janitor.logs.manager import LogFileManager
from janitor.storage import with_backup


class Entry(Protocol):
    """A file in a directory; :class:`os.DirEntry` is one."""

    @property
    def name(self) -> str:
        """Its name there."""

    @property
    def path(self) -> str:
        """Where it is."""


def import_log(
    logfile_manager: LogFileManager,
    pkg: str,
    log_id: str,
    name: str,
    path: str | os.PathLike[str],
    *,
    mtime: float | None = None,
    backup_logfile_manager: LogFileManager | None = None,
) -> None:
    """Store one log from a file.

    Args:
        logfile_manager: where to.
        pkg: the codebase.
        log_id: the run's id.
        name: the log's name.
        path: the file with its plain text.
        mtime: when it was written, in seconds since 1970; the file's by default.
        backup_logfile_manager: where to while the other is unavailable.

    Raises:
        ServiceUnavailable: neither store takes it.
    """
    with_backup(
        lambda manager: manager.import_log(pkg, log_id, path, mtime=mtime, basename=name),
        logfile_manager,
        backup_logfile_manager,
        f"log {name} of run {log_id}",
    )


def import_logs(
    entries: Iterable[Entry],
    logfile_manager: LogFileManager,
    pkg: str,
    log_id: str,
    *,
    backup_logfile_manager: LogFileManager | None = None,
    mtime: float | None = None,
) -> None:
    """Store the logs of a run, each as :func:`import_log` does.

    Args:
        entries: the files, as :func:`os.scandir` gives them.
        logfile_manager: where to.
        pkg: the codebase.
        log_id: the run's id.
        backup_logfile_manager: where to while the other is unavailable.
        mtime: when they were written, in seconds since 1970; each file's own by default.
    """
    for entry in entries:
        import_log(
            logfile_manager,
            pkg,
            log_id,
            entry.name,
            entry.path,
            mtime=mtime,
            backup_logfile_manager=backup_logfile_manager,
        )
