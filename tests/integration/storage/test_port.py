"""The promises of the port, kept by every store."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from janitor.names import UnsafeName
from janitor.storage import BlobStore, KeyTaken, Metadata, NoSuchBlob, keep
from janitor.storage.pieces import PIECE
from tests.integration.storage.conftest import Place

MIB = 1024 * 1024
THEN = datetime(2024, 2, 3, 4, 5, 6, 123456, tzinfo=UTC)
METADATA = Metadata("text/plain", THEN, mode=0o640)
SIZES = (0, PIECE - 1, PIECE, PIECE + 1)  # around the pieces of uploads


@pytest.fixture
def store(place: Place) -> BlobStore:
    return place.store


def put(store: BlobStore, key: str, content: bytes) -> int:
    return store.put(key, io.BytesIO(content), METADATA)


def get(store: BlobStore, key: str) -> bytes:
    with store.open(key) as file:
        return file.read()


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_is_there_with_its_metadata(store: BlobStore, size: int) -> None:
    content = os.urandom(size)
    before = datetime.now(UTC).replace(microsecond=0)
    assert put(store, "run/name", content) == size
    assert get(store, "run/name") == content
    found = store.stat("run/name")
    assert found is not None
    assert (found.size, found.mtime, found.mode) == (size, THEN, 0o640)
    assert before - timedelta(seconds=1) <= found.created <= datetime.now(UTC)
    assert list(store.iter_keys()) == ["run/name"]


def test_a_stream_that_gives_little_at_a_time_is_stored_whole(store: BlobStore) -> None:
    class Trickle(io.RawIOBase):
        left = 9 * MIB + 5

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            piece = b"x" * min(self.left, size, 100_000)
            self.left -= len(piece)
            return piece

    assert store.put("run/name", Trickle(), METADATA) == 9 * MIB + 5  # type: ignore[arg-type]
    assert get(store, "run/name") == b"x" * (9 * MIB + 5)


def test_compressed_content_comes_back_as_it_was_stored(store: BlobStore) -> None:
    packed = gzip.compress(b"text" * 1000)
    store.put("run/a.gz", io.BytesIO(packed), Metadata("application/gzip", THEN))
    assert get(store, "run/a.gz") == packed


def test_nobody_gains_rights_and_we_can_still_read(store: BlobStore) -> None:
    for mode, kept in ((0o4755, 0o755), (0o000, 0o400)):
        store.put(f"run/{mode:o}", io.BytesIO(b""), Metadata("text/plain", THEN, mode))
        found = store.stat(f"run/{mode:o}")
        assert found is not None
        assert found.mode == kept


@pytest.mark.parametrize("size", [1, PIECE + 1])
def test_a_key_is_never_overwritten(store: BlobStore, size: int) -> None:
    put(store, "run/name", b"first")
    with pytest.raises(KeyTaken):
        put(store, "run/name", b"2" * size)
    assert get(store, "run/name") == b"first"


@pytest.mark.parametrize("size", [1, PIECE + 1])
def test_of_two_at_the_same_moment_one_stores(place: Place, size: int) -> None:
    both = threading.Barrier(2)
    outcomes: list[str] = []

    class Slow(io.BytesIO):
        """Both have looked before either has sent."""

        def read(self, size: int | None = -1) -> bytes:
            if self.tell() == 0:
                both.wait(timeout=60)
            return super().read(size)

    def store_one(letter: bytes) -> None:
        try:
            place.store.put("run/name", Slow(letter * size), METADATA)
        except KeyTaken:
            outcomes.append("taken")
        else:
            outcomes.append(letter.decode())

    threads = [threading.Thread(target=store_one, args=(letter,)) for letter in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = next(outcome for outcome in outcomes if outcome != "taken")
    assert sorted(outcomes) == sorted([winner, "taken"])
    assert get(place.store, "run/name") == winner.encode() * size


@pytest.mark.parametrize("size", [7, PIECE + 1])
def test_the_same_content_twice_is_kept_once(store: BlobStore, size: int) -> None:
    content = os.urandom(size)
    first = keep(store, "run/name", io.BytesIO(content), METADATA)
    assert keep(store, "run/name", io.BytesIO(content), METADATA) == first
    with pytest.raises(KeyTaken, match="other content"):
        keep(store, "run/name", io.BytesIO(content[:-1] + bytes([content[-1] ^ 1])), METADATA)
    assert get(store, "run/name") == content


def test_whoever_loses_a_race_looks_at_what_the_other_stored(store: BlobStore) -> None:
    class Overtaking(io.BytesIO):
        """Somebody else stores the same between our look and our put."""

        def seek(self, offset: int, whence: int = 0) -> int:
            if not list(store.iter_keys()):
                put(store, "run/name", b"content")
            return super().seek(offset, whence)

    kept = keep(store, "run/name", Overtaking(b"content"), METADATA)
    assert (kept.size, kept.stored_size) == (7, 7)


def test_content_that_breaks_off_is_not_stored(store: BlobStore) -> None:
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 9 * MIB:
                raise ValueError("the source broke")
            return super().read(size)

    with pytest.raises(ValueError, match="the source broke"):
        store.put("run/name", Breaking(bytes(20 * MIB)), METADATA)
    assert store.stat("run/name") is None
    assert list(store.iter_keys()) == []
    assert put(store, "run/name", b"whole") == 5


def test_keys_below_one_and_none_of_what_was_never_stored(store: BlobStore) -> None:
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


def test_keys_with_the_same_first_name_come_together(store: BlobStore) -> None:
    keys = ["a/1", "a.b/1", "a/2", "a-b/1", "a b/1", "a/3"]
    for key in keys:
        put(store, key, b"")
    first = [key.split("/")[0] for key in store.iter_keys()]
    assert len(first) == 6
    together = [name for number, name in enumerate(first) if name not in first[:number]]
    assert first == sorted(first, key=together.index)


def test_deleting_leaves_nothing_behind(store: BlobStore) -> None:
    put(store, "a/b/1", b"")
    put(store, "a/2", b"")
    assert store.delete("a/b/1")
    assert not store.delete("a/b/1")
    assert list(store.iter_keys()) == ["a/2"]


UNSAFE = ["", "..", "a/../b", "/etc/passwd", "a//b", "a\0", "a/b\n", "a\\b", "a/" + "x" * 256]


@pytest.mark.parametrize("key", [*UNSAFE, "a/" + "ä" * 128, "a/\udcff"])
def test_keys_that_could_leave_their_place_are_refused(store: BlobStore, key: str) -> None:
    asking = (
        lambda: put(store, key, b""),
        lambda: store.open(key),
        lambda: store.stat(key),
        lambda: store.delete(key),
        lambda: store.url(key),
    )
    for ask in asking:
        with pytest.raises(UnsafeName):
            ask()
    assert list(store.iter_keys()) == []


NAMES = [
    "x" * 255,
    "ä" * 127,
    "журнал сборки.log",
    "构建日志.log",
    "سجل.log",
    "👩‍🔧.log",
    "e\u0301.log",  # not é in one character
    "a b+c%2F&d=e?f#g.log",
    "~'\"<>|*.log",
    "-rf",
    ".hidden",
    "acl",  # what a service has a page of its own for
]


@pytest.mark.parametrize("name", NAMES)
def test_names_in_any_script_come_back_as_they_were(store: BlobStore, name: str) -> None:
    put(store, f"run/{name}", name.encode())
    assert get(store, f"run/{name}") == name.encode()
    assert list(store.iter_keys()) == list(store.iter_keys("run")) == [f"run/{name}"]
    assert store.delete(f"run/{name}")
    assert store.stat(f"run/{name}") is None


STREAMING = """
import io, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from janitor.artifacts import get_artifact_manager
from janitor.storage import Metadata

class Zeros(io.RawIOBase):
    left = int(sys.argv[2])
    def readable(self):
        return True
    def readinto(self, buffer):
        size = min(self.left, len(buffer))
        self.left -= size
        return size

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

store = get_artifact_manager(sys.argv[1])._store
metadata = Metadata("text/plain", datetime.now(UTC))
store.put("run/small", io.BytesIO(b"x"), metadata)
before = peak()
assert store.put("run/big", io.BufferedReader(Zeros()), metadata) == int(sys.argv[2])
with store.open("run/big") as file:
    while file.read(1024 * 1024):
        pass
print(peak() - before)
"""


def test_any_size_in_constant_memory(place: Place) -> None:
    # In a process of its own: the servers of the tests hold whole objects in memory.
    command = [sys.executable, "-c", STREAMING, place.location, str(96 * MIB)]
    ran = subprocess.run(command, check=True, cwd=Path.cwd(), capture_output=True, text=True)
    assert int(ran.stdout) < 48 * MIB


def test_a_store_says_where_it_is_and_not_more(place: Place, store: BlobStore) -> None:
    assert store.location.startswith(place.location)
    assert store.url("run/a b.txt").endswith("/run/a%20b.txt")
