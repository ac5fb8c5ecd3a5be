"""The shelves that there are: logs and artifacts, each over its managers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, BinaryIO, ClassVar, Generic, TypeVar

from janitor.artifacts.manager import ArtifactManager, ArtifactsMissing, content_type_of
from janitor.artifacts.upload import UPLOAD, StoredArtifact
from janitor.deployment import Deployment
from janitor.errors import Failure
from janitor.files.shelf import NO_MODE, Kind, Place, Shelf
from janitor.logs.ingest import INGEST, StoredLog
from janitor.logs.manager import CONTENT_TYPE, LogFileManager
from janitor.state.stored import RunArtifact, RunLog
from janitor.storage import BlobManager, BlobStat, Kept, Location, Metadata
from janitor.storage.measured import Digest
from janitor.storage.records import StoredFile

M = TypeVar("M", bound=BlobManager)


class NoBackup(Failure):
    """A file is recorded in a backup store that the configuration no longer names."""


class _Managed(Shelf, Generic[M]):
    """A shelf over two managers.

    Args:
        primary: of the store where the files belong.
        backup: of the one where they are while that is away, if there is such a store.
    """

    row: ClassVar[type[StoredFile]]

    def __init__(self, primary: M, backup: M | None) -> None:
        self._primary = primary
        self._backup = backup

    @property
    def locations(self) -> tuple[Location, ...]:
        return ("primary",) if self._backup is None else ("primary", "backup")

    def _at(self, location: Location) -> M:
        if location == "primary":
            return self._primary
        if self._backup is None:
            raise NoBackup(f"{self.kind} are recorded in a backup store, and none is configured")
        return self._backup

    def described(
        self, place: Place, location: Location, found: BlobStat, digest: Digest
    ) -> StoredFile:
        """Return what a row says of a file that nobody recorded."""
        return self.row(
            run_id=place.run_id,
            name=place.name,
            stored_name=place.name,
            size=digest.size,
            stored_size=found.size,
            sha256=digest.sha256,
            mtime=found.mtime,
            location=location,
            **self._own(place, found),
        )

    @abstractmethod
    def _own(self, place: Place, found: BlobStat) -> dict[str, Any]:
        """Return what is not said alike of logs and artifacts."""


class LogShelf(_Managed[LogFileManager]):
    """Logs: compressed, below their codebase."""

    kind = "logs"
    table = RunLog
    row = StoredLog
    job = INGEST.name

    def places(self, location: Location) -> Iterator[Place]:
        """Yield what a store has."""
        for codebase, run_id, names in self._at(location).iter_logs():
            yield from (Place(codebase, run_id, name) for name in names)

    def place(self, codebase: str, run_id: str, name: str) -> Place:
        """Return where a log is, or would be."""
        return Place(codebase, run_id, name)

    def places_of_run(
        self, location: Location, codebase: str, run_id: str, logs: Iterable[str]
    ) -> list[Place]:
        """Return the logs of a run that a store has: those that its row names."""
        places = (Place(codebase, run_id, name) for name in logs)
        return [place for place in places if self.exists(location, place)]

    def open(self, location: Location, place: Place) -> BinaryIO:
        """Open the plain text of a log."""
        return self._at(location).get_log(*place)

    def stat(self, location: Location, place: Place) -> BlobStat:
        """Return what the store knows of a log."""
        return self._at(location).stat_log(*place)

    def put(
        self, location: Location, place: Place, content: BinaryIO, metadata: Metadata
    ) -> tuple[str, Kept]:
        """Store a log, under another name where its own has other text."""
        kept = self._at(location).store_log(*place, content, metadata.mtime)
        return kept.stored_name, kept.kept

    def delete(self, location: Location, place: Place) -> None:
        """Delete a log."""
        self._at(location).delete_log(*place)

    def signed_url(self, location: Location, place: Place, valid_for: timedelta) -> str:
        """Return a URL of a log, compressed as it is."""
        return self._at(location).signed_log_url(*place, valid_for)

    def _own(self, place: Place, found: BlobStat) -> dict[str, Any]:  # noqa: ARG002 - all are alike
        return {"content_type": CONTENT_TYPE}


class ArtifactShelf(_Managed[ArtifactManager]):
    """Artifacts: as they are, below their run."""

    kind = "artifacts"
    table = RunArtifact
    row = StoredArtifact
    job = UPLOAD.name

    def places(self, location: Location) -> Iterator[Place]:
        """Yield what a store has."""
        for run_id, names in self._at(location).iter_artifacts():
            yield from (Place("", run_id, name) for name in names)

    def place(self, codebase: str, run_id: str, name: str) -> Place:  # noqa: ARG002 - see Place
        """Return where an artifact is, or would be."""
        return Place("", run_id, name)

    def places_of_run(
        self,
        location: Location,
        codebase: str,
        run_id: str,
        logs: Iterable[str],  # noqa: ARG002 - artifacts are named nowhere else
    ) -> list[Place]:
        """Return the artifacts of a run that a store has."""
        try:
            names = self._at(location).names(run_id)
        except ArtifactsMissing:
            return []
        return [self.place(codebase, run_id, name) for name in names]

    def open(self, location: Location, place: Place) -> BinaryIO:
        """Open an artifact."""
        return self._at(location).get_artifact(place.run_id, place.name)

    def stat(self, location: Location, place: Place) -> BlobStat:
        """Return what the store knows of an artifact."""
        return self._at(location).stat_artifact(place.run_id, place.name)

    def put(
        self, location: Location, place: Place, content: BinaryIO, metadata: Metadata
    ) -> tuple[str, Kept]:
        """Store an artifact."""
        return place.name, self._at(location).store_artifact(
            place.run_id, place.name, content, metadata
        )

    def delete(self, location: Location, place: Place) -> None:
        """Delete an artifact."""
        self._at(location).delete_artifacts(place.run_id, names=[place.name])

    def signed_url(self, location: Location, place: Place, valid_for: timedelta) -> str:
        """Return a URL of an artifact."""
        return self._at(location).signed_artifact_url(place.run_id, place.name, valid_for)

    def _own(self, place: Place, found: BlobStat) -> dict[str, Any]:
        mode = NO_MODE if found.mode is None else found.mode
        return {"content_type": content_type_of(place.name), "mode": mode}


def shelf_of(deployment: Deployment, kind: Kind) -> Shelf:
    """Return a deployment's shelf of one kind of files."""
    if kind == "logs":
        return LogShelf(deployment.logs, deployment.backup_logs)
    return ArtifactShelf(deployment.artifacts, deployment.backup_artifacts)
