"""What is compressed, any gzip reads; what is damaged is told; no file fills the memory."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import tracemalloc
import zlib

import pytest

from janitor.logs import LogRetrievalError
from janitor.logs.compression import compressed, plain_text

MIB = 1024 * 1024
TEXT = b"".join(b"line %d of a log\n" % number for number in range(200_000))
PACKED = gzip.compress(TEXT[:100_000])


class Trickle(io.RawIOBase):
    """Gives as little at a time as dice say."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = io.BytesIO(content)
        self._dice = random.Random(4)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        view = memoryview(buffer)
        return self._content.readinto(view[: self._dice.randrange(1, 100_000)])


def test_another_program_reads_it() -> None:
    packed = compressed(io.BytesIO(TEXT)).read()
    assert len(packed) < len(TEXT) / 4
    read = subprocess.run(["gzip", "-dc"], input=packed, capture_output=True, check=True)
    assert read.stdout == TEXT


def test_the_bytes_do_not_depend_on_how_the_text_comes() -> None:
    packed = compressed(io.BytesIO(TEXT)).read()
    assert compressed(io.BufferedReader(Trickle(TEXT))).read() == packed


@pytest.mark.parametrize(
    "stored",
    [
        PACKED[:5],
        PACKED[:-9],
        PACKED[:-1] + bytes([PACKED[-1] ^ 1]),
        PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:],
        PACKED[:2000] + bytes(100) + PACKED[2100:],
        PACKED + b"something else",
        b"no gzip at all",
    ],
    ids=["header only", "cut off", "length", "checksum", "middle", "more behind", "text"],
)
def test_damage_is_told(stored: bytes) -> None:
    with plain_text(io.BytesIO(stored)) as text, pytest.raises(LogRetrievalError, match="damaged"):
        text.read()


def test_files_joined_as_gzip_allows_are_read_to_the_end() -> None:
    assert plain_text(io.BytesIO(PACKED + PACKED)).read() == TEXT[:100_000] * 2


def test_a_bomb_is_read_in_pieces() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(MIB)) for _ in range(512)) + packer.flush()
    assert len(bomb) < MIB
    tracemalloc.start()
    try:
        with plain_text(io.BytesIO(bomb)) as text:
            size = sum(len(piece) for piece in iter(lambda: text.read(MIB), b""))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == 512 * MIB
    assert peak < 8 * MIB
