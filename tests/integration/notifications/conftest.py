"""A receiver of webhooks, and a house with a run to tell of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from tests.integration.notifications.receiver import Receiver, receiving
from tests.integration.review.scenario import add_policy, add_run


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def house(session: Session) -> Session:
    """A session on a database with the run r1, which waits for a review."""
    add_policy(session)
    add_run(session, "r1")
    session.commit()
    return session
