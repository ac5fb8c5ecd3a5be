from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.integration.review.scenario import add_policy


@pytest.fixture
def reviewed_house(session: Session) -> Session:
    """A session on a database with one publish policy, which proposes."""
    add_policy(session)
    session.commit()
    return session
