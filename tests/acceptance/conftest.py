"""A Janitor of each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Janitor, environment_for


@pytest.fixture
def janitor(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[Janitor]:
    """A deployment without any process yet; whatever a test starts is ended with it."""
    janitor = Janitor(environment_for(tmp_path, database_url, redis_url), tmp_path)
    try:
        yield janitor
    finally:
        janitor.stop()
