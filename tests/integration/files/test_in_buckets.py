"""The life of files whose primary store is a bucket: back from the backup, expired, orphans."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from janitor.artifacts import LocalArtifactManager
from janitor.errors import Failure
from janitor.files.expiry import expire
from janitor.files.needed import pin
from janitor.files.orphans import find_orphans, mend
from janitor.files.policies import Policy, set_policy
from janitor.files.returning import return_files
from janitor.files.shelf import Shelf
from janitor.files.shelves import ArtifactShelf, LogShelf
from janitor.logs import FileSystemLogFileManager
from tests.integration.files.house import WRITTEN, House
from tests.integration.storage.conftest import Place
from tests.integration.storage.proxy import Proxy, answer

DAY = timedelta(days=1)
LARGE = b"text of some length\n" * 400_000  # more than a piece
AWAY = answer("503 Service Unavailable")
MANY = 10_000


@dataclass
class BucketHouse(House):
    """A house whose primary store is a bucket."""

    place_of_store: Place
    proxy: Proxy

    def shelf_with(self, backup: Path | None) -> Shelf:
        assert backup is not None
        if self.kind == "logs":
            return LogShelf(self.place_of_store.logs, FileSystemLogFileManager(backup))
        return ArtifactShelf(self.place_of_store.artifacts, LocalArtifactManager(backup))

    def go_away(self) -> None:
        self.proxy.plan(AWAY, lambda _: True, times=MANY)

    def come_back(self) -> None:
        self.proxy.forget()


@pytest.fixture(params=["logs", "artifacts"])
def house(
    request: pytest.FixtureRequest, engine: Engine, tmp_path: Path, proxied: Place, proxy: Proxy
) -> BucketHouse:
    sessions = sessionmaker(engine, expire_on_commit=False)
    house = BucketHouse(request.param, tmp_path, sessions, proxied, proxy)
    house.add_run("r1")
    return house


def test_files_come_back_from_the_backup_when_the_bucket_does(house: BucketHouse) -> None:
    small = house.store("r1", "a.log", b"text", "backup")
    large = house.store("r1", "b.log", LARGE, "backup")
    house.leave("r1", "c.log", b"left by an interrupted move", "backup")
    before = house.rows("r1")
    house.go_away()
    returned = return_files(house.sessions, house.shelf, grace=timedelta())
    assert (returned.moved, returned.left) == (0, 3)
    assert len(house.stored("backup")) == 3
    house.come_back()
    assert return_files(house.sessions, house.shelf, grace=timedelta()).moved == 3
    assert house.stored("backup") == {}
    stored = house.stored("primary")
    assert (stored[small], stored[large], len(stored)) == (b"text", LARGE, 3)
    after = house.rows("r1")[:2]
    assert {row.location for row in after} == {"primary"}
    assert [(row.digest, row.mtime, row.mode) for row in after] == [
        (row.digest, row.mtime, row.mode) for row in before
    ]
    found = house.shelf.stat("primary", small)
    assert found.mtime == WRITTEN
    assert found.digest == before[0].digest


def test_a_copy_that_is_not_the_same_is_noticed(house: BucketHouse) -> None:
    house.store("r1", "a.log", b"text", "backup")

    def downloads(head: str) -> bool:
        return head.startswith("GET ") and "range:" in head.lower()

    house.proxy.plan(AWAY, downloads, times=MANY)  # the copy cannot be read
    assert return_files(house.sessions, house.shelf).moved == 0
    assert len(house.stored("backup")) == 1
    assert house.recorded() == [("r1", "a.log", "backup")]
    house.come_back()
    assert return_files(house.sessions, house.shelf).moved == 1
    assert (house.stored("backup"), len(house.stored("primary"))) == ({}, 1)


def test_what_no_policy_keeps_goes_and_what_is_needed_stays(house: BucketHouse) -> None:
    for run_id in ("old", "pinned", "away"):
        house.add_run(run_id, age=40 * DAY)
    house.store("old", "a.log")
    kept = house.store("pinned", "a.log")
    with house.sessions.begin() as session:
        set_policy(session, Policy(house.kind, "*", "*", 30 * DAY))
        pin(session, (house.shelf,), "pinned", "for a talk")
    house.go_away()
    gone = expire(house.sessions, house.shelf)
    assert (gone.files, gone.left) == (0, 1)
    house.come_back()
    assert len(house.stored("primary")) == 2
    assert expire(house.sessions, house.shelf).files == 1
    assert set(house.stored("primary")) == {kept}
    assert house.recorded() == [("pinned", "a.log", "primary")]


def test_a_file_can_be_shown_to_others_for_a_while(house: BucketHouse) -> None:
    place = house.store("r1", "a b.log", LARGE)
    if house.place_of_store.kind == "gcs":  # without a key file nobody can sign
        with pytest.raises(Failure, match="key file"):
            house.shelf.signed_url("primary", place, DAY)
    else:
        url = house.shelf.signed_url("primary", place, DAY)
        shown = requests.get(url, timeout=60).content
        assert (gzip.decompress(shown) if house.kind == "logs" else shown) == LARGE


def test_orphans_are_found_and_mended_both_ways(house: BucketHouse) -> None:
    house.store("r1", "fits.log", LARGE)
    house.leave("r1", "unknown.log", b"text")
    house.leave("r9", "of no run.log")
    lost = house.store("r1", "lost.log")
    house.shelf.delete("primary", lost)
    moved = house.store("r1", "moved.log", b"moved")
    house.shelf.delete("primary", moved)
    house.leave("r1", "moved.log", b"moved", "backup")
    engine = house.sessions.kw["bind"]
    with engine.begin() as conn:
        orphans = list(find_orphans(conn, house.shelf, young=timedelta(seconds=-5)))
    found = {orphan.place.name: orphan.wrong for orphan in orphans}
    assert found == {
        "unknown.log": "without a row",
        "of no run.log": "of no run",
        "lost.log": "without a file",
        "moved.log": "elsewhere",
    }
    for orphan in orphans:
        with house.sessions.begin() as session:
            assert mend(session, house.shelf, orphan)
    with engine.begin() as conn:
        assert list(find_orphans(conn, house.shelf, young=timedelta(seconds=-5))) == []
    assert [name for _, name, _ in house.recorded()] == ["fits.log", "moved.log", "unknown.log"]
