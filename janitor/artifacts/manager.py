"""Where the artifacts of a run are kept: ``RUN/NAME``, as they are.

An artifact is never overwritten; the run that it belongs to ended with just that content.
"""

from __future__ import annotations

import mimetypes
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from janitor.errors import Failure
from janitor.names import checked_component
from janitor.storage import (
    BlobManager,
    BlobStat,
    DirectoryStore,
    Kept,
    Metadata,
    NoSuchBlob,
    in_parallel,
    keep,
    open_regular,
)
from janitor.storage.port import CHUNK

DEFAULT_GCS_TIMEOUT = 60  # seconds
_UNKNOWN_TYPE = "application/octet-stream"


class ArtifactsMissing(Failure, FileNotFoundError):
    """There are no artifacts of that run, or none of that name."""


class ArtifactManager(BlobManager):
    """Stores and finds artifacts; ``timeout`` is in seconds, None is the store's own.

    Every method raises :class:`~janitor.storage.ServiceUnavailable` where the store doesn't
    answer, and :class:`~janitor.names.UnsafeName` for a name that could leave its place.
    """

    def store_artifacts(
        self,
        run_id: str,
        local_path: str | os.PathLike[str],
        names: Iterable[str] | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Store files of a directory; storing the same ones again changes nothing.

        Args:
            run_id: whose artifacts they are.
            local_path: the directory.
            names: which of its files; all regular ones by default.
            timeout: of each call of the store, in seconds.

        Raises:
            KeyTaken: an artifact is stored already, with other content.
            NotRegular: a file that was named is a link or no regular file.
            FileNotFoundError: a file that was named isn't there.
        """
        directory = Path(local_path)

        def store(name: str) -> None:
            file, status = open_regular(directory / checked_component(name, "artifact"))
            with file:
                self.store_artifact(run_id, name, file, metadata_of(name, status), timeout=timeout)

        in_parallel(store, _regular_files(directory) if names is None else names)

    def store_artifact(
        self,
        run_id: str,
        name: str,
        content: BinaryIO,
        metadata: Metadata,
        *,
        timeout: float | None = None,
    ) -> Kept:
        """Store one artifact from an open file and say what is stored now.

        Args:
            run_id: whose it is.
            name: its name.
            content: a seekable file.
            metadata: kept with it as far as the store can.
            timeout: of each call of the store, in seconds.

        Raises:
            KeyTaken: it is stored already, with other content.
        """
        return keep(self._store, _key(run_id, name), content, metadata, timeout=timeout)

    def get_artifact(self, run_id: str, filename: str, timeout: float | None = None) -> BinaryIO:
        """Open an artifact for reading.

        Raises:
            ArtifactsMissing: there is none of that run and name.
        """
        try:
            return self._store.open(_key(run_id, filename), timeout=timeout)
        except NoSuchBlob:
            raise self._missing(run_id, filename) from None

    def stat_artifact(self, run_id: str, filename: str, timeout: float | None = None) -> BlobStat:
        """Return what the store knows of an artifact.

        Raises:
            ArtifactsMissing: there is none of that run and name.
        """
        found = self._store.stat(_key(run_id, filename), timeout=timeout)
        if found is None:
            raise self._missing(run_id, filename)
        return found

    def public_artifact_url(self, run_id: str, filename: str) -> str:
        """Return the URL that an artifact has, or would have."""
        return self._store.url(_key(run_id, filename))

    def signed_artifact_url(self, run_id: str, filename: str, valid_for: timedelta) -> str:
        """Return a URL under which anybody may read an artifact, for some time.

        Raises:
            NoSignedUrls: the store has none.
        """
        return self._store.signed_url(_key(run_id, filename), valid_for)

    def retrieve_artifacts(
        self,
        run_id: str,
        local_path: str | os.PathLike[str],
        filter_fn: Callable[[str], bool] | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Copy the artifacts of a run into a directory, with time and mode.

        Args:
            run_id: whose.
            local_path: the directory; files of the same names are replaced.
            filter_fn: says of a name whether it is wanted; all are by default.
            timeout: of each call of the store, in seconds.

        Raises:
            ArtifactsMissing: there are none of that run, wanted or not.
        """
        for name in self.names(run_id):
            if filter_fn is None or filter_fn(name):
                self._retrieve(run_id, name, Path(local_path) / name, timeout)

    def names(self, run_id: str) -> list[str]:
        """Return the names of a run's artifacts.

        Raises:
            ArtifactsMissing: there are none.
        """
        run_id = checked_component(run_id, "run id")
        names = [key.split("/", 1)[1] for key in self._store.iter_keys(run_id)]
        if not names:
            raise self._missing(run_id)
        return [checked_component(name, "artifact") for name in names]

    def delete_artifacts(self, run_id: str, *, names: Iterable[str] | None = None) -> None:
        """Delete artifacts of a run.

        Args:
            run_id: whose.
            names: which; all by default.

        Raises:
            ArtifactsMissing: all were to go, and there are none.
        """
        for name in self.names(run_id) if names is None else names:
            self._store.delete(_key(run_id, name))

    def iter_ids(self) -> Iterator[str]:
        """Yield the id of each run that has artifacts here."""
        for run_id, _ in self.iter_artifacts():
            yield run_id

    def iter_artifacts(self) -> Iterator[tuple[str, Iterator[str]]]:
        """Yield the id of each run that has artifacts here, with their names."""
        keys = (key.split("/", 1) for key in self._store.iter_keys() if "/" in key)
        for run_id, group in groupby(keys, key=itemgetter(0)):
            yield run_id, (name for _, name in group)

    def _retrieve(self, run_id: str, name: str, path: Path, timeout: float | None) -> None:
        found = self.stat_artifact(run_id, name, timeout)
        path.unlink(missing_ok=True)
        with self.get_artifact(run_id, name, timeout) as stored, path.open("xb") as file:
            shutil.copyfileobj(stored, file, CHUNK)
        if found.mode is not None:
            path.chmod(found.mode)
        os.utime(path, (found.mtime.timestamp(), found.mtime.timestamp()))

    def _missing(self, run_id: str, name: str | None = None) -> ArtifactsMissing:
        what = "are no artifacts" if name is None else f"is no artifact {name}"
        return ArtifactsMissing(f"{self.location}: there {what} of run {run_id}")


class LocalArtifactManager(ArtifactManager):
    """Keeps artifacts in a directory.

    Args:
        path: its path; it is made when the first artifact comes.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(DirectoryStore(path))


def list_ids(manager: ArtifactManager) -> None:
    """Print the id of each run that has artifacts, one a line."""
    for run_id in manager.iter_ids():
        print(run_id)  # noqa: T201 - printing is what callers want of it (api.md)


def metadata_of(name: str, status: os.stat_result) -> Metadata:
    """Return what a file's name and status say of the artifact that it becomes."""
    return Metadata(
        content_type=content_type_of(name),
        mtime=datetime.fromtimestamp(status.st_mtime, UTC),
        mode=stat.S_IMODE(status.st_mode),
    )


def content_type_of(name: str) -> str:
    """Return the media type that a name speaks of."""
    content_type, encoding = mimetypes.guess_type(name)
    if encoding is not None:  # the type is then of what is inside
        return "application/gzip" if encoding == "gzip" else _UNKNOWN_TYPE
    return content_type or _UNKNOWN_TYPE


def _regular_files(directory: Path) -> list[str]:
    with os.scandir(directory) as found:
        return sorted(entry.name for entry in found if entry.is_file(follow_symlinks=False))


def _key(run_id: str, name: str) -> str:
    return f"{checked_component(run_id, 'run id')}/{checked_component(name, 'artifact')}"
