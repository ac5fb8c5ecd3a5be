"""What logs and artifacts have in common for those who look after stored files.

A shelf knows one kind of them: the table of what is stored, the two stores, and how its
manager says things (:mod:`.shelves`). The other modules of this package are written once for
both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import BinaryIO, ClassVar, Literal, NamedTuple

from janitor.state.stored import RunArtifact, RunLog
from janitor.storage import BlobStat, Kept, Location, Metadata
from janitor.storage.measured import Digest
from janitor.storage.records import StoredFile

Kind = Literal["logs", "artifacts"]
KINDS: tuple[Kind, ...] = ("logs", "artifacts")
NO_MODE = 0o644  # of a file whose store keeps no modes


class Place(NamedTuple):
    """Where a file of a run lies in its store: the codebase, the run, the name there."""

    codebase: str
    run_id: str
    name: str

    def __str__(self) -> str:
        return f"run {self.run_id}: {self.name}"


class Shelf(ABC):
    """One kind of stored files; each method speaks of the store at a location."""

    kind: ClassVar[Kind]
    table: ClassVar[type[RunLog | RunArtifact]]
    job: ClassVar[str]

    @property
    @abstractmethod
    def locations(self) -> tuple[Location, ...]:
        """The stores that there are."""

    @abstractmethod
    def places(self, location: Location) -> Iterator[Place]:
        """Yield what a store has; the codebase of an artifact is ``''``, no key has it."""

    @abstractmethod
    def place(self, codebase: str, run_id: str, name: str) -> Place:
        """Return where a file of a run is, or would be."""

    @abstractmethod
    def places_of_run(
        self, location: Location, codebase: str, run_id: str, logs: Iterable[str]
    ) -> list[Place]:
        """Return what a store has of a run.

        Args:
            location: the store.
            codebase: the run's.
            run_id: whose.
            logs: the names that the run's own row says.
        """

    @abstractmethod
    def open(self, location: Location, place: Place) -> BinaryIO:
        """Open the content of a file; FileNotFoundError where there is none."""

    @abstractmethod
    def stat(self, location: Location, place: Place) -> BlobStat:
        """Return what the store knows of a file; FileNotFoundError where there is none."""

    @abstractmethod
    def put(
        self, location: Location, place: Place, content: BinaryIO, metadata: Metadata
    ) -> tuple[str, Kept]:
        """Store a file; return the name that it got and what is stored."""

    @abstractmethod
    def delete(self, location: Location, place: Place) -> None:
        """Delete a file; no harm if there is none."""

    @abstractmethod
    def signed_url(self, location: Location, place: Place, valid_for: timedelta) -> str:
        """Return a URL under which anybody may read a file as it is stored, for some time.

        Raises:
            NoSignedUrls: the store has none.
        """

    @abstractmethod
    def described(
        self, place: Place, location: Location, found: BlobStat, digest: Digest
    ) -> StoredFile:
        """Return what a row says of a file that nobody recorded."""

    def exists(self, location: Location, place: Place) -> bool:
        """Return whether a store has a file."""
        try:
            self.stat(location, place)
        except FileNotFoundError:
            return False
        return True
