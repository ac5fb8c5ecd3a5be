"""The promises of the port, kept by a directory."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from janitor.names import UnsafeName
from janitor.storage import (
    DirectoryStore,
    KeyTaken,
    Metadata,
    NoSuchBlob,
    ServiceUnavailable,
    keep,
)

THEN = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
METADATA = Metadata("text/plain", THEN, mode=0o640)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "deep" / "store")


def put(store: DirectoryStore, key: str, content: bytes) -> int:
    return store.put(key, io.BytesIO(content), METADATA)


def test_what_was_put_is_there_with_its_metadata(store: DirectoryStore) -> None:
    assert put(store, "run/name", b"content") == 7
    with store.open("run/name") as file:
        assert file.read() == b"content"
    found = store.stat("run/name")
    assert found is not None
    assert (found.size, found.mtime, found.mode) == (7, THEN, 0o640)
    assert list(store.iter_keys()) == ["run/name"]


def test_nobody_gains_rights_and_we_can_still_read(store: DirectoryStore) -> None:
    for mode, kept in ((0o4755, 0o755), (0o000, 0o400)):
        store.put(f"run/{mode:o}", io.BytesIO(b""), Metadata("text/plain", THEN, mode))
        found = store.stat(f"run/{mode:o}")
        assert found is not None
        assert found.mode == kept


def test_a_key_is_never_overwritten(store: DirectoryStore) -> None:
    put(store, "run/name", b"first")
    with pytest.raises(KeyTaken):
        put(store, "run/name", b"second")
    assert store.open("run/name").read() == b"first"


def test_the_same_content_twice_is_kept_once(store: DirectoryStore) -> None:
    first = keep(store, "run/name", io.BytesIO(b"content"), METADATA)
    assert keep(store, "run/name", io.BytesIO(b"content"), METADATA) == first
    with pytest.raises(KeyTaken, match="other content"):
        keep(store, "run/name", io.BytesIO(b"CONTENT"), METADATA)


def test_whoever_loses_a_race_looks_at_what_the_other_stored(store: DirectoryStore) -> None:
    class Overtaken(DirectoryStore):
        """Somebody else stores between our look and our put."""

        def put(
            self,
            key: str,
            content: BinaryIO,
            metadata: Metadata,
            *,
            timeout: float | None = None,
        ) -> int:
            put(store, key, b"content")
            return super().put(key, content, metadata, timeout=timeout)

    kept = keep(Overtaken(store.location), "run/name", io.BytesIO(b"content"), METADATA)
    assert (kept.size, kept.stored_size) == (7, 7)


def test_keys_below_one_and_none_of_what_was_never_stored(store: DirectoryStore) -> None:
    assert list(store.iter_keys()) == []
    for key in ("a/1", "a-b/1", "a/2", "b/c/1"):
        put(store, key, b"")
    assert list(store.iter_keys("a")) == ["a/1", "a/2"]
    assert sorted(store.iter_keys()) == ["a-b/1", "a/1", "a/2", "b/c/1"]
    assert list(store.iter_keys("none")) == []
    assert store.stat("a") is None
    with pytest.raises(NoSuchBlob):
        store.open("a")
    with pytest.raises(FileNotFoundError):
        store.open("a/3")


def test_deleting_leaves_nothing_behind(store: DirectoryStore) -> None:
    put(store, "a/b/1", b"")
    put(store, "a/2", b"")
    assert store.delete("a/b/1")
    assert not store.delete("a/b/1")
    assert sorted(path.name for path in Path(store.location).iterdir()) == [".incoming", "a"]
    assert list(store.iter_keys()) == ["a/2"]
    assert not (Path(store.location) / "a" / "b").exists()


@pytest.mark.parametrize(
    "key", ["", "..", "a/../b", "/etc/passwd", "a//b", "a\0", ".incoming/x", "a/" + "x" * 256]
)
def test_keys_that_could_leave_their_place_are_refused(store: DirectoryStore, key: str) -> None:
    with pytest.raises(UnsafeName):
        put(store, key, b"")
    with pytest.raises(UnsafeName):
        store.open(key)
    assert not Path(store.location).exists()


def test_a_place_that_is_no_directory_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = DirectoryStore(tmp_path / "file")
    with pytest.raises(ServiceUnavailable, match="file"):
        put(store, "run/name", b"")
    with pytest.raises(ServiceUnavailable):
        store.stat("run/name")
    with pytest.raises(ServiceUnavailable):
        list(store.iter_keys())


KILLED_WHILE_STORING = """
import io, os, sys
from datetime import UTC, datetime
from janitor.storage import DirectoryStore, Metadata

def kill_ourselves(event, arguments):
    if event == sys.argv[2]:
        os.kill(os.getpid(), 9)

sys.addaudithook(kill_ourselves)
content = io.BytesIO(b"x" * 1_000_000)
metadata = Metadata("text/plain", datetime.now(UTC), 0o644)
DirectoryStore(sys.argv[1]).put("run/name", content, metadata)
"""


@pytest.mark.parametrize("moment", ["os.chmod", "os.utime", "os.link"])
def test_a_crash_before_the_end_leaves_nothing_to_see(store: DirectoryStore, moment: str) -> None:
    command = [sys.executable, "-c", KILLED_WHILE_STORING, store.location, moment]
    assert subprocess.run(command, check=False, cwd=Path.cwd()).returncode == -9
    assert store.stat("run/name") is None
    assert list(store.iter_keys()) == []
    assert put(store, "run/name", b"whole") == 5


def test_what_a_crash_left_is_swept_when_nobody_can_be_writing_it(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "run/1", b"")
    left = Path(store.location) / ".incoming" / "left"
    left.touch()
    os.utime(left, (0, 0))  # as the time of the content may be
    put(store, "run/2", b"")
    assert left.exists()
    monkeypatch.setattr("janitor.storage.directory.FORGOTTEN", -1)
    put(store, "run/3", b"")
    assert not left.exists()
