"""Reading ahead changes when a file is read, and nothing else."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator

import pytest

from janitor.storage.ahead import PIECES, read_ahead
from janitor.storage.port import CHUNK


class Source(io.RawIOBase):
    """Gives one piece after the other, and then what it is told to."""

    def __init__(self, pieces: int, end: Exception | None = None) -> None:
        super().__init__()
        self._left = iter(range(pieces))
        self._end = end
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        for number in self._left:
            self.given += 1
            return bytes([number]) * size
        if self._end is not None:
            raise self._end
        return b""


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK * PIECES + 1])
@pytest.mark.parametrize("step", [1000, CHUNK, CHUNK * 3, -1])
def test_what_is_read_is_what_is_there(size: int, step: int) -> None:
    content = bytes(number % 251 for number in range(1009)) * (size // 1009 + 1)
    with read_ahead(io.BytesIO(content[:size])) as ahead:
        pieces = list(iter(lambda: ahead.read(step), b""))
    assert b"".join(pieces) == content[:size]
    assert all(len(piece) <= step for piece in pieces) or step < 0


def test_no_more_is_in_memory_than_a_few_pieces() -> None:
    source = Source(100)
    with read_ahead(source) as ahead:
        ahead.read(1)
    assert 1 <= source.given <= PIECES + 1


def test_an_error_comes_where_the_reader_would_meet_it() -> None:
    with read_ahead(Source(2, OSError("the disk is gone"))) as ahead:
        assert ahead.read(2 * CHUNK) == bytes([0]) * CHUNK
        assert ahead.read(2 * CHUNK) == bytes([1]) * CHUNK
        with pytest.raises(OSError, match="disk is gone"):
            ahead.read(1)


def test_closing_waits_for_the_read_under_way() -> None:
    class Slow(Source):
        """Lets nobody go before it is told."""

        let_go = threading.Event()

        def read(self, size: int = -1, /) -> bytes:
            if self.given:
                self.let_go.wait(60)
            return super().read(size)

    source = Slow(3)
    closing = threading.Thread(target=read_ahead(source).close)
    closing.start()
    closing.join(0.2)  # long enough to see it end too early, and no test fails by it
    waited = closing.is_alive()
    source.let_go.set()
    closing.join()
    assert waited


def test_afterwards_the_file_is_open_and_nobody_else_reads_it() -> None:
    file = io.BytesIO(bytes(CHUNK * 50))
    with read_ahead(file) as ahead:
        ahead.read(10)
    file.seek(0)
    assert len(file.read()) == CHUNK * 50
