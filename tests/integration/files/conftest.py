from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from tests.integration.files.house import House

# Buckets, and what stands between us and them.
from tests.integration.storage.conftest import (  # noqa: F401 - fixtures are used by name
    bucket,
    credentials,
    gcs_url,
    opened,
    proxied,
    proxy,
    s3_url,
)


@pytest.fixture(params=["logs", "artifacts"])
def house(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> House:
    """A primary store, a backup and a run ``r1``."""
    house = House(request.param, tmp_path, sessionmaker(engine, expire_on_commit=False))
    house.add_run("r1")
    return house
