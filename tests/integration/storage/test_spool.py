"""The spool trusts nothing that lies in it."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from janitor.errors import Failure
from janitor.names import UnsafeName
from janitor.spool import NotInSpool, Spool, SpoolUnavailable
from janitor.storage import NotRegular, UnsupportedLocation


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path / "spool"))


def test_files_from_their_making_to_their_end(spool: Spool) -> None:
    assert spool.run_ids() == []
    assert spool.files("r1") == []
    directory = spool.create("r1")
    assert directory == spool.create("r1") == spool.run_directory("r1")
    (directory / "b.log").write_bytes(b"b")
    (directory / "a.log").write_bytes(b"aa")
    assert spool.run_ids() == ["r1"]
    assert spool.files("r1") == ["a.log", "b.log"]
    file, status = spool.open("r1", "a.log")
    with file:
        assert (file.read(), status.st_size) == (b"aa", 2)
    spool.discard("r1")
    spool.discard("r1")
    assert spool.run_ids() == []
    assert not directory.exists()


def test_a_missing_file_is_named(spool: Spool) -> None:
    for _ in range(2):
        with pytest.raises(NotInSpool, match=r"run r1: worker\.log is not in the spool"):
            spool.open("r1", "worker.log")
        spool.create("r1")


def test_links_pipes_devices_and_directories_are_not_read(spool: Spool, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    directory = spool.create("r1")
    (directory / "link").symlink_to(secret)
    (directory / "dangling").symlink_to(tmp_path / "nothing")
    (directory / "directory").mkdir()
    os.mkfifo(directory / "pipe")
    (directory / "device").symlink_to("/dev/zero")
    if os.geteuid() == 0:  # nobody else may make one
        (directory / "device").unlink()
        os.mknod(directory / "device", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    socket.socket(socket.AF_UNIX).bind(str(directory / "socket"))
    (directory / "file").touch()
    assert spool.files("r1") == ["file"]
    for name in ("link", "dangling", "directory", "pipe", "device", "socket"):
        with pytest.raises(NotRegular):
            spool.open("r1", name)


def test_a_run_that_is_a_link_is_not_followed(spool: Spool, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("of somebody else")
    spool.create("r1")
    spool.run_directory("r2").symlink_to(elsewhere)
    assert spool.run_ids() == ["r1"]
    for reading in (lambda: spool.files("r2"), lambda: spool.open("r2", "file")):
        with pytest.raises(SpoolUnavailable):
            reading()
    with pytest.raises(SpoolUnavailable):
        spool.discard("r2")
    assert (elsewhere / "file").exists()


@pytest.mark.parametrize("name", ["..", "../r2", "/etc/passwd", "", "a\0b"])
def test_names_that_could_leave_the_spool_are_refused(spool: Spool, name: str) -> None:
    spool.create("r1")
    for asking in (spool.run_directory, spool.create, spool.files, spool.discard):
        with pytest.raises(UnsafeName):
            asking(name)
    with pytest.raises(UnsafeName):
        spool.open("r1", name)


def test_a_file_whose_name_nobody_can_use_is_not_passed_over(spool: Spool) -> None:
    (spool.create("r1") / "two\nlines.log").touch()
    with pytest.raises(Failure, match="run r1"):
        spool.files("r1")


def test_a_spool_that_is_away_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spool = Spool(str(tmp_path / "file"))
    for asking in (spool.create, spool.files):
        with pytest.raises(SpoolUnavailable):
            asking("r1")
    with pytest.raises(SpoolUnavailable):
        spool.run_ids()


def test_a_bucket_is_refused_in_words() -> None:
    with pytest.raises(UnsupportedLocation, match=r"gs://bucket/.*directories only"):
        Spool("gs://bucket/")
