from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from janitor.spool import Spool
from tests.integration.runs.scenario import furnish


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path / "spool"))


@pytest.fixture
def house(session: Session) -> Session:
    """A session on a database with one candidate in the queue."""
    furnish(session)
    return session
