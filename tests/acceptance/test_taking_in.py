"""Runs are taken in whole, once and byte for byte, whatever happens to workers and stores.

    python -m pytest tests/acceptance/test_taking_in.py --runs 2000

is the full size; without ``--runs`` it is a short one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Janitor, environment_for
from tests.acceptance.misfortunes import Misfortunes

pytestmark = pytest.mark.acceptance

LEAST_KILLS = 8
RUNS_A_KILL = 20


@pytest.fixture
def janitor(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[Janitor]:
    """A house with a primary and a backup store for both kinds of files."""
    environment = environment_for(tmp_path, database_url, redis_url) | {
        "JANITOR_LOGS_LOCATION": str(tmp_path / "primary-logs"),
        "JANITOR_LOGS_BACKUP_LOCATION": str(tmp_path / "backup-logs"),
        "JANITOR_ARTIFACT_LOCATION": str(tmp_path / "primary-artifacts"),
        "JANITOR_ARTIFACT_BACKUP_LOCATION": str(tmp_path / "backup-artifacts"),
    }
    janitor = Janitor(environment, tmp_path)
    try:
        yield janitor
    finally:
        janitor.stop()


def test_killed_workers_and_stores_that_go_lose_and_double_nothing(
    janitor: Janitor, pytestconfig: pytest.Config
) -> None:
    runs = pytestconfig.getoption("--runs")
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it where the test fails
    house = Misfortunes(janitor, runs, random.Random(seed))
    house.prepare()
    house.begin()
    house.happen(kills=max(LEAST_KILLS, runs // RUNS_A_KILL))
    house.end()
    assert list(house.differences()) == []
