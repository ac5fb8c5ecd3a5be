"""Runs whose files are in two directory stores, a primary one and a backup."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session, sessionmaker

from janitor.artifacts import LocalArtifactManager
from janitor.files.records import Recorded, files_of_run
from janitor.files.shelf import Kind, Place, Shelf
from janitor.files.shelves import ArtifactShelf, LogShelf
from janitor.logs import FileSystemLogFileManager
from janitor.state.run import RunRow
from janitor.storage import Location, Metadata
from janitor.storage.measured import Digest
from janitor.storage.records import record

CODEBASE, CAMPAIGN = "hello", "tidy"
WRITTEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LONG_AGO = timedelta(days=400)


@dataclass
class House:
    """A shelf of one kind of files and the database beside it."""

    kind: Kind
    directory: Path
    sessions: sessionmaker[Session]

    @property
    def shelf(self) -> Shelf:
        return self.shelf_with(self.directory / "backup")

    def shelf_with(self, backup: Path | None) -> Shelf:
        primary = self.directory / "primary"
        if self.kind == "logs":
            spare = None if backup is None else FileSystemLogFileManager(backup)
            return LogShelf(FileSystemLogFileManager(primary), spare)
        aside = None if backup is None else LocalArtifactManager(backup)
        return ArtifactShelf(LocalArtifactManager(primary), aside)

    def add_run(self, run_id: str, *, age: timedelta = timedelta(), **fields: object) -> None:
        """Make a run of the campaign ``tidy`` on ``hello`` that ended some time ago."""
        codebase, suite = fields.get("codebase", CODEBASE), fields.get("suite", CAMPAIGN)
        ended = datetime.now(UTC) - age
        values = {"result_code": "success", "logfilenames": [], "codebase": codebase}
        values |= {"suite": suite, "change_set": run_id, "start_time": ended, "finish_time": ended}
        with self.sessions.begin() as session:
            session.execute(
                text(
                    "INSERT INTO codebase (name, branch_url, url) VALUES (:name, :name, :name)"
                    " ON CONFLICT DO NOTHING"
                ),
                {"name": codebase},
            )
            session.execute(
                text("INSERT INTO change_set (id, campaign) VALUES (:id, :campaign)"),
                {"id": run_id, "campaign": suite},
            )
            session.add(RunRow(id=run_id, **values | fields))

    def place(self, run_id: str, name: str) -> Place:
        return Place(CODEBASE if self.kind == "logs" else "", run_id, name)

    def leave(
        self, run_id: str, name: str, content: bytes = b"content", location: Location = "primary"
    ) -> Place:
        """Put a file into a store without a word to anybody."""
        place = self.place(run_id, name)
        stored, _ = self.shelf.put(location, place, io.BytesIO(content), Metadata("", WRITTEN))
        return place._replace(name=stored)

    def store(
        self, run_id: str, name: str, content: bytes = b"content", location: Location = "primary"
    ) -> Place:
        """Store a file and record it."""
        place = self.leave(run_id, name, content, location)
        digest = Digest(len(content), hashlib.sha256(content).hexdigest())
        file = self.shelf.described(place, location, self.shelf.stat(location, place), digest)
        with self.sessions.begin() as session:
            record(session, self.shelf.table, run_id, [file])
        return place

    def rows(self, run_id: str) -> list[Recorded]:
        with self.sessions() as session:
            return files_of_run(session, self.shelf, run_id)

    def forget(self) -> None:
        """Lose every row."""
        with self.sessions.begin() as session:
            session.execute(delete(self.shelf.table))

    def recorded(self) -> list[tuple[str, str, str]]:
        """The run, name and location of each row."""
        table = self.shelf.table
        with self.sessions() as session:
            rows = session.execute(
                select(table.run_id, table.stored_name, table.location).order_by(
                    table.run_id, table.stored_name
                )
            )
            return [tuple(row) for row in rows]

    def stored(self, location: Location) -> dict[Place, bytes]:
        """What a store has."""
        content = {}
        for place in self.shelf.places(location):
            with self.shelf.open(location, place) as file:
                content[place] = file.read()
        return content

    def path(self, location: Location, place: Place) -> Path:
        """Where a file of a store is."""
        name = f"{place.name}.gz" if self.kind == "logs" else place.name
        return self.directory / location / place.codebase / place.run_id / name

    def take_away(self, location: Location) -> None:
        """Make a store unusable for anybody, root too."""
        store = self.directory / location
        if store.exists():
            store.rename(self.directory / f"{location} elsewhere")
        store.touch()

    def bring_back(self, location: Location) -> None:
        """Make it what it was."""
        store = self.directory / location
        store.unlink()
        elsewhere = self.directory / f"{location} elsewhere"
        if elsewhere.exists():
            elsewhere.rename(store)
