"""Reading a log while it is written, rotated, cut short and taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from janitor.logs.following import LONGEST_LINE, follow, last_lines
from janitor.spool import NotInSpool, Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path / "spool"))


@pytest.fixture
def log(spool: Spool) -> Path:
    path = spool.create("r1") / "worker.log"
    path.write_bytes(b"one\ntwo\n")
    return path


def read(spool: Spool, *changes: Callable[[], object], last: int = 10) -> bytes:
    """What comes out if, each time somebody would wait, the next change is made."""
    steps: Iterator[Callable[[], object]] = iter(changes)

    def wait() -> None:
        next(steps)()

    return b"".join(follow(lambda: spool.open("r1", "worker.log"), last=last, wait=wait))


def append(path: Path, text: bytes) -> Callable[[], object]:
    def change() -> None:
        with path.open("ab") as file:
            file.write(text)

    return change


def test_what_is_written_comes_out(spool: Spool, log: Path) -> None:
    said = read(spool, append(log, b"three"), append(log, b" and four\n"), log.unlink, last=1)
    assert said == b"two\nthree and four\n"


def test_a_rotated_log_is_gone_on_with_under_its_name(spool: Spool, log: Path) -> None:
    def rotate() -> None:
        append(log, b"last words\n")()
        log.rename(log.with_name("worker.log.1"))
        log.write_bytes(b"new\n")

    assert read(spool, rotate, append(log, b"more\n"), log.unlink) == (
        b"one\ntwo\nlast words\nnew\nmore\n"
    )


def test_a_log_that_was_cut_short_is_read_from_its_beginning(spool: Spool, log: Path) -> None:
    assert read(spool, lambda: log.write_bytes(b"a\n"), log.unlink) == b"one\ntwo\na\n"


def test_what_came_before_the_log_went_is_not_lost(spool: Spool, log: Path) -> None:
    def end() -> None:
        append(log, b"the end\n")()
        log.unlink()

    assert read(spool, end).endswith(b"the end\n")


def test_a_log_that_is_not_there_is_an_error(spool: Spool) -> None:
    with pytest.raises(NotInSpool):
        read(spool)


def test_the_last_lines_of_a_log_without_lines_are_bounded(log: Path) -> None:
    log.write_bytes(b"x" * LONGEST_LINE * 5)
    with log.open("rb") as file:
        assert len(b"".join(last_lines(file, 2))) == 2 * LONGEST_LINE
