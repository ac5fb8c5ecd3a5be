"""Files that people name are read whole; a pipe that stays silent, or never ends, is told."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from janitor.config import ConfigError, load
from janitor.named_files import content_of

TEXT = b'campaign { name: "tidy" }\n'


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for size in (0, 1, 3 * 1024 * 1024 + 1):
        content = os.urandom(size)
        path.write_bytes(content)
        assert content_of(path) == content


def test_a_pipe_is_read_to_its_end() -> None:
    """As ``<(…)`` of a shell is: who wrote is gone already."""
    reading, writing = os.pipe()
    os.write(writing, TEXT)
    os.close(writing)
    assert content_of(f"/dev/fd/{reading}") == TEXT
    os.close(reading)


def test_who_writes_to_a_pipe_later_is_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = os.urandom(200_000)  # more than a pipe holds
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    assert content_of(pipe) == content
    writer.join()


def test_what_never_ends_and_what_never_comes_are_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="larger than 1000 bytes"):
        content_of("/dev/zero", largest=1000)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="nobody wrote to the end of it in time"):
        content_of(tmp_path / "pipe", patience=0.01)
    reading, writing = os.pipe()
    os.write(writing, b"half a ")
    with pytest.raises(OSError, match="nobody wrote to the end of it in time"):
        content_of(f"/dev/fd/{reading}", patience=0.01)
    os.close(reading)
    os.close(writing)


def test_a_configuration_is_no_device() -> None:
    with pytest.raises(ConfigError, match="/dev/zero cannot be read: it is larger than"):
        load("/dev/zero", {})
    with pytest.raises(ConfigError, match=r"JANITOR_LOGS_LOCATION_FILE .*/dev/zero cannot be read"):
        load(None, {"JANITOR_LOGS_LOCATION_FILE": "/dev/zero"})
