"""A file goes to the next store whole, wherever the first one gave up."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from janitor.storage import DirectoryStore, Metadata, ServiceUnavailable, keep
from janitor.storage.port import CHUNK

METADATA = Metadata("text/plain", datetime(2026, 1, 1, tzinfo=UTC))
CONTENT = bytes(number % 251 for number in range(CHUNK * 40))


class GivesUp(DirectoryStore):
    """A directory that takes a part of each file."""

    def put(
        self,
        key: str,
        content: BinaryIO,
        metadata: Metadata,
        *,
        timeout: float | None = None,
    ) -> int:
        super().put(f"{key}.part", io.BytesIO(content.read(CHUNK + 1)), metadata, timeout=timeout)
        raise ServiceUnavailable("no space left")


def test_a_store_that_gives_up_leaves_the_file_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    with (tmp_path / "file").open("rb") as file:
        with pytest.raises(ServiceUnavailable):
            keep(GivesUp(tmp_path / "first"), "run/name", file, METADATA)
        kept = keep(DirectoryStore(tmp_path / "second"), "run/name", file, METADATA)
    assert kept.size == len(CONTENT)
    assert (tmp_path / "second/run/name").read_bytes() == CONTENT
