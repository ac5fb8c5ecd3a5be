from __future__ import annotations

import pytest

from janitor.logs.naming import is_log_filename


@pytest.mark.parametrize("name", ["worker.log", "a.b.log", "build.log.1", "x.log.20"])
def test_logs(name: str) -> None:
    assert is_log_filename(name)


@pytest.mark.parametrize(
    "name", ["log", "worker.log.gz", "catalog", "a.log.", "a.log.x1", "a.log.1.2", "result.json"]
)
def test_other_files(name: str) -> None:
    assert not is_log_filename(name)
