"""Where files wait between those who made them and the jobs that take them in.

A directory that all hosts see, with one directory for each run. A runner fills that of its
run before it hands the run in (:mod:`janitor.runs`); it is emptied when no job needs its
files any more (:mod:`tasks.spool`). Beside them is one directory for uploads
(:mod:`janitor.uploads`). What lies there was left by others, so nothing but regular files is
read and no link is followed.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from janitor.errors import Failure, PassingError
from janitor.names import UnsafeName, checked_component
from janitor.storage import directory_at, open_regular

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

UPLOADS = "uploads"  # the one name that is no run's


class NotInSpool(Failure):
    """A file that should wait in the spool, and doesn't."""


class SpoolUnavailable(PassingError):
    """A spool that can't be read or written now."""


class Spool:
    """The files of runs that are not stored yet.

    Args:
        location: the path of the directory; it is made when the first run comes.

    Raises:
        UnsupportedLocation: the location is no path.
    """

    def __init__(self, location: str) -> None:
        self._directory = directory_at(location)

    def run_directory(self, run_id: str) -> Path:
        """Return where the files of a run are, or would be."""
        if run_id == UPLOADS:
            raise UnsafeName(f"run id {run_id!r} is refused: the spool's uploads are there")
        return self._directory / checked_component(run_id, "run id")

    @property
    def upload_directory(self) -> Path:
        """Where uploads wait and their reports are left; made by whoever comes first."""
        return self._directory / UPLOADS

    def create(self, run_id: str) -> Path:
        """Make the directory of a run, if it isn't there, and return it."""
        directory = self.run_directory(run_id)
        with _answering(f"make {directory}"):
            directory.mkdir(parents=True, exist_ok=True)
        return directory

    def files(self, run_id: str) -> list[str]:
        """Return the sorted names of a run's regular files; none if there is nothing.

        Raises:
            UnsafeName: a file's name can't be used; renaming it helps.
        """
        with self._opened(self.run_directory(run_id)) as directory:
            if directory is None:
                return []
            with os.scandir(directory) as found:
                names = [entry.name for entry in found if entry.is_file(follow_symlinks=False)]
        return sorted(checked_component(name, f"run {run_id}: file") for name in names)

    def open(self, run_id: str, name: str) -> tuple[BinaryIO, os.stat_result]:
        """Open one file of a run for reading.

        Args:
            run_id: whose.
            name: which of its files.

        Returns:
            The file, and its status as opened.

        Raises:
            NotInSpool: there is no such file.
            NotRegular: it is a link, or anything else that is no regular file.
        """
        return self._open(self.run_directory(run_id), name, f"run {run_id}")

    def open_upload(self, name: str) -> BinaryIO:
        """Open a file of the uploads for reading.

        Raises:
            NotInSpool: there is no such file.
            NotRegular: it is a link, or anything else that is no regular file.
        """
        return self._open(self.upload_directory, name, "uploads")[0]

    def leave_report(self, name: str, report: bytes) -> None:
        """Leave what became of an upload as ``NAME.report.json`` beside it, whole or not at all.

        Raises:
            UnsafeName: with that ending the name is too long.
        """
        target = checked_component(f"{name}.report.json", "report's name")
        fresh = f".{uuid.uuid4().hex}"
        with self._opened(self.upload_directory) as directory:
            if directory is None:
                raise NotInSpool(f"the spool: {self.upload_directory} is gone")
            with os.fdopen(os.open(fresh, _NEW, 0o644, dir_fd=directory), "wb") as file:
                file.write(report)
            os.replace(fresh, target, src_dir_fd=directory, dst_dir_fd=directory)

    def discard_upload(self, name: str) -> None:
        """Delete an upload that was taken in; its report stays."""
        checked_component(name, "file name")
        with self._opened(self.upload_directory) as directory, suppress(FileNotFoundError):
            if directory is not None:
                os.unlink(name, dir_fd=directory)

    def discard(self, run_id: str) -> None:
        """Delete what lies there for a run; no harm if somebody else does so too."""
        directory = self.run_directory(run_id)
        with _answering(f"empty {directory}"):
            while os.path.lexists(directory):
                with suppress(FileNotFoundError):
                    shutil.rmtree(directory)

    def changed_at(self, run_id: str) -> datetime | None:
        """Return when a file of a run last came or went, None where there is no directory."""
        directory = self.run_directory(run_id)
        with _answering(f"look at {directory}"), suppress(FileNotFoundError):
            return datetime.fromtimestamp(directory.stat().st_mtime, UTC)
        return None

    def run_ids(self) -> list[str]:
        """Return the sorted ids of the runs that have a directory here."""
        with _answering(f"list {self._directory}"):
            try:
                with os.scandir(self._directory) as found:
                    names = [e.name for e in found if e.is_dir(follow_symlinks=False)]
            except FileNotFoundError:
                return []
        return sorted(name for name in names if name != UPLOADS)

    def _open(self, path: Path, name: str, where: str) -> tuple[BinaryIO, os.stat_result]:
        checked_component(name, "file name")
        with self._opened(path) as directory:
            if directory is not None:
                with suppress(FileNotFoundError):
                    return open_regular(name, directory=directory)
        raise NotInSpool(f"{where}: {name} is not in the spool")

    @contextmanager
    def _opened(self, path: Path) -> Iterator[int | None]:
        """A descriptor of a directory for the length of a block, None if it isn't there."""
        with _answering(f"read {path}"):
            try:
                directory = os.open(path, _DIRECTORY)
            except FileNotFoundError:
                yield None
                return
            try:
                yield directory
            finally:
                os.close(directory)


@contextmanager
def _answering(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SpoolUnavailable(f"the spool: can't {doing}: {error.strerror or error}") from error
