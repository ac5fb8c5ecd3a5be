"""Logs in a directory: each text once, none overwritten, any size."""

from __future__ import annotations

import gzip
import io
import os
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from janitor.logs import (
    FileSystemLogFileManager,
    LogRetrievalError,
    ServiceUnavailable,
    get_log_manager,
    import_log,
    import_logs,
)
from janitor.names import UnsafeName
from janitor.storage import NotRegular

MIB = 1024 * 1024
TEXT = b"line one\nline two\n" * 100


@pytest.fixture
def logs(tmp_path: Path) -> FileSystemLogFileManager:
    return FileSystemLogFileManager(str(tmp_path / "logs"))


@pytest.fixture
def broken(tmp_path: Path) -> FileSystemLogFileManager:
    """A store that takes nothing."""
    (tmp_path / "broken").touch()
    return FileSystemLogFileManager(tmp_path / "broken")


def a_file(tmp_path: Path, content: bytes = TEXT, name: str = "worker.log") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def stored(tmp_path: Path, store: str = "logs") -> list[str]:
    root = tmp_path / store
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_log_comes_back_as_it_was(logs: FileSystemLogFileManager, tmp_path: Path) -> None:
    with logs:
        logs.import_log("hello", "r1", str(a_file(tmp_path)))
        assert logs.has_log("hello", "r1", "worker.log")
        assert not logs.has_log("hello", "r2", "worker.log")
        with logs.get_log("hello", "r1", "worker.log") as log:
            assert log.read() == TEXT
    assert stored(tmp_path) == ["hello/r1/worker.log.gz"]
    file = tmp_path / "logs/hello/r1/worker.log.gz"
    assert gzip.decompress(file.read_bytes()) == TEXT
    assert file.stat().st_mtime == 1_700_000_000


def test_the_same_text_makes_the_same_bytes(logs: FileSystemLogFileManager, tmp_path: Path) -> None:
    path = a_file(tmp_path)
    logs.import_log("hello", "r1", path)
    logs.import_log("hello", "r2", path, mtime=1_600_000_000.5, basename="other.log")
    first = (tmp_path / "logs/hello/r1/worker.log.gz").read_bytes()
    assert (tmp_path / "logs/hello/r2/other.log.gz").read_bytes() == first


def test_the_same_log_twice_is_stored_once(logs: FileSystemLogFileManager, tmp_path: Path) -> None:
    for _ in range(2):
        logs.import_log("hello", "r1", a_file(tmp_path))
    assert stored(tmp_path) == ["hello/r1/worker.log.gz"]


def test_what_another_program_compressed_or_did_not_counts_as_stored(
    logs: FileSystemLogFileManager, tmp_path: Path
) -> None:
    there = tmp_path / "logs/hello/r1"
    there.mkdir(parents=True)
    (there / "worker.log.gz").write_bytes(gzip.compress(TEXT, compresslevel=1))
    (there / "build.log").write_bytes(TEXT)
    logs.import_log("hello", "r1", a_file(tmp_path))
    logs.import_log("hello", "r1", a_file(tmp_path, name="build.log"))
    assert stored(tmp_path) == ["hello/r1/build.log", "hello/r1/worker.log.gz"]
    assert logs.get_log("hello", "r1", "build.log").read() == TEXT


def test_other_text_gets_a_name_of_its_own_and_always_the_same(
    logs: FileSystemLogFileManager, tmp_path: Path
) -> None:
    logs.import_log("hello", "r1", a_file(tmp_path))
    for content in (b"second", b"second", b"third"):
        logs.import_log("hello", "r1", a_file(tmp_path, content))
    names = [
        "worker.log",
        "worker.log.20231114T221320.000000Z",
        "worker.log.20231114T221320.000001Z",
    ]
    assert list(logs.iter_logs()) == [("hello", "r1", names)]
    texts = [logs.get_log("hello", "r1", name).read() for name in names]
    assert texts == [TEXT, b"second", b"third"]


def test_a_damaged_log_is_told_and_not_taken_for_the_same(
    logs: FileSystemLogFileManager, tmp_path: Path
) -> None:
    there = tmp_path / "logs/hello/r1"
    there.mkdir(parents=True)
    (there / "worker.log.gz").write_bytes(gzip.compress(TEXT)[:-9])
    (there / "text.log.gz").write_bytes(TEXT)
    for name in ("worker.log", "text.log"):
        with pytest.raises(LogRetrievalError):
            logs.get_log("hello", "r1", name).read()
    logs.import_log("hello", "r1", a_file(tmp_path))
    assert len(stored(tmp_path)) == 3


def test_what_is_missing_is_not_found(logs: FileSystemLogFileManager) -> None:
    with pytest.raises(FileNotFoundError, match=r"worker\.log"):
        logs.get_log("hello", "r1", "worker.log")
    with pytest.raises(FileNotFoundError):
        logs.get_ctime("hello", "r1", "worker.log")
    logs.delete_log("hello", "r1", "worker.log")
    assert list(logs.iter_logs()) == []


def test_the_time_of_storing_and_deleting(logs: FileSystemLogFileManager, tmp_path: Path) -> None:
    logs.import_log("hello", "r1", a_file(tmp_path))
    logs.import_log("world", "r2", a_file(tmp_path))
    age = datetime.now(UTC) - logs.get_ctime("hello", "r1", "worker.log")
    assert timedelta(0) <= age < timedelta(hours=1)  # unlike its mtime, years ago
    logs.delete_log("hello", "r1", "worker.log")
    assert list(logs.iter_logs()) == [("world", "r2", ["worker.log"])]


@pytest.mark.parametrize("name", ["../worker.log", "..", "/etc/passwd", "a\\b", "", "a\0.log"])
def test_names_that_could_leave_the_store_are_refused(
    logs: FileSystemLogFileManager, tmp_path: Path, name: str
) -> None:
    path = a_file(tmp_path)
    before = stored(tmp_path, ".")
    for place in ((name, "r1", "x.log"), ("hello", name, "x.log"), ("hello", "r1", name)):
        with pytest.raises(UnsafeName):
            logs.import_log(place[0], place[1], path, basename=place[2])
        with pytest.raises(UnsafeName):
            logs.get_log(*place)
        with pytest.raises(UnsafeName):
            logs.delete_log(*place)
    assert stored(tmp_path, ".") == before


def test_a_link_is_not_imported(logs: FileSystemLogFileManager, tmp_path: Path) -> None:
    (tmp_path / "link.log").symlink_to(a_file(tmp_path))
    with pytest.raises(NotRegular):
        logs.import_log("hello", "r1", tmp_path / "link.log")


def test_the_backup_gets_what_the_primary_does_not_take(
    logs: FileSystemLogFileManager, broken: FileSystemLogFileManager, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    a_file(tmp_path / "run", name="a.log")
    a_file(tmp_path / "run", name="b.log")
    with os.scandir(tmp_path / "run") as entries:
        import_logs(entries, broken, "hello", "r1", backup_logfile_manager=logs)
    assert stored(tmp_path) == ["hello/r1/a.log.gz", "hello/r1/b.log.gz"]


def test_without_a_backup_it_is_no_secret(broken: FileSystemLogFileManager, tmp_path: Path) -> None:
    path = str(a_file(tmp_path))
    with pytest.raises(ServiceUnavailable, match="broken"):
        import_log(broken, "hello", "r1", "worker.log", path)
    with pytest.raises(ServiceUnavailable):
        import_log(broken, "hello", "r1", "worker.log", path, backup_logfile_manager=broken)


def test_a_big_log_streams(logs: FileSystemLogFileManager, tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    with path.open("wb") as file:
        for number in range(64):
            # Half of it does not compress, so that what is stored is big, too.
            file.write(os.urandom(MIB // 2) + f"line {number}\n".encode() * (MIB // 14))
    size = path.stat().st_size
    assert size > 64 * MIB
    tracemalloc.start()
    try:
        logs.import_log("hello", "r1", path)
        logs.import_log("hello", "r1", path)  # which compares
        read = 0
        with logs.get_log("hello", "r1", "big.log") as log:
            while piece := log.read(MIB):
                read += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read == size
    assert stored(tmp_path) == ["hello/r1/big.log.gz"]
    assert peak < 8 * MIB


def test_text_is_compressed_whatever_the_pieces(tmp_path: Path) -> None:
    from janitor.logs.compression import compressed, plain_text

    for content in (b"", b"x", os.urandom(1_000_001)):
        packed = compressed(io.BytesIO(content)).read()
        assert gzip.decompress(packed) == content
        assert packed[4:8] == bytes(4)  # no time in the header
        (tmp_path / "packed").write_bytes(packed)
        with plain_text((tmp_path / "packed").open("rb")) as text:
            assert text.read(1) + text.read() == content


def test_a_path_is_a_directory_of_logs(tmp_path: Path) -> None:
    manager = get_log_manager(str(tmp_path))
    assert isinstance(manager, FileSystemLogFileManager)
    assert manager.location == str(tmp_path)
