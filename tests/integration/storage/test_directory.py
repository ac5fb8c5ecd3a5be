"""What only a directory does; :mod:`test_port` has the promises that every store keeps."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from janitor.names import UnsafeName
from janitor.storage import (
    DirectoryStore,
    Metadata,
    ServiceUnavailable,
)

THEN = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
METADATA = Metadata("text/plain", THEN, mode=0o640)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "deep" / "store")


def put(store: DirectoryStore, key: str, content: bytes) -> int:
    return store.put(key, io.BytesIO(content), METADATA)


def test_deleting_leaves_no_directory_behind(store: DirectoryStore) -> None:
    put(store, "a/b/1", b"")
    put(store, "a/2", b"")
    assert store.delete("a/b/1")
    assert sorted(path.name for path in Path(store.location).iterdir()) == [".incoming", "a"]
    assert not (Path(store.location) / "a" / "b").exists()


@pytest.mark.parametrize("key", ["", "..", "a/../b", "/etc/passwd", ".incoming/x"])
def test_a_refused_key_makes_nothing(store: DirectoryStore, key: str) -> None:
    with pytest.raises(UnsafeName):
        put(store, key, b"")
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
