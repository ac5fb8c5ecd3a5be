from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from tests.integration.files.house import House


@pytest.fixture(params=["logs", "artifacts"])
def house(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> House:
    """A primary store, a backup and a run ``r1``."""
    house = House(request.param, tmp_path, sessionmaker(engine, expire_on_commit=False))
    house.add_run("r1")
    return house
