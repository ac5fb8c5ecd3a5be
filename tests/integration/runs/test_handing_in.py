"""Between handing in and taking in the claim lasts; a refused result lets go of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from janitor import jobs
from janitor.queue import ClaimLost
from janitor.runs import FINISH, FinishRun, Settled, hand_in, settle_expired_claims
from janitor.spool import Spool
from janitor.state.job import JobRow
from janitor.state.queue import QueueEntry
from tests.integration.runs.scenario import CHANGED, LEASE, claim, expire, leave, take_in


def test_a_result_that_came_in_time_may_wait_longer_than_the_claim(
    house: Session, spool: Spool
) -> None:
    run_id = claim(house).claim_id
    leave(spool, run_id, **CHANGED)
    hand_in(house, run_id)
    until, now = house.execute(select(QueueEntry.claimed_until, func.now())).one()
    house.commit()
    assert until is not None
    assert until - now > 2 * LEASE
    hand_in(house, run_id)
    house.commit()
    assert take_in(house, spool, run_id)
    hand_in(house, run_id)  # answered alike once it is stored, too
    assert house.scalars(select(JobRow.key).where(JobRow.kind == FINISH.name)).all() == [run_id]


def test_a_result_that_comes_too_late_is_refused_at_the_door(house: Session) -> None:
    lost = claim(house).claim_id
    expire(house, lost)
    assert settle_expired_claims(house) == Settled(put_back=1, given_up=0)
    house.commit()
    with pytest.raises(ClaimLost, match=lost):
        hand_in(house, lost)
    house.rollback()
    assert house.scalars(select(JobRow)).all() == []


def test_the_item_of_a_refused_result_is_soon_done_anew(house: Session) -> None:
    run_id = claim(house).claim_id
    hand_in(house, run_id)
    house.commit()
    _fail(house, run_id)
    assert settle_expired_claims(house) == Settled(put_back=1, given_up=0)
    house.commit()
    assert claim(house).claim_id != run_id


def test_the_claim_of_another_is_not_touched(house: Session) -> None:
    lost = claim(house).claim_id
    expire(house, lost)
    settle_expired_claims(house)
    house.commit()
    held = claim(house)
    _fail(house, lost)
    until: datetime | None = house.scalars(select(QueueEntry.claimed_until)).one()
    assert until == held.until


def _fail(session: Session, run_id: str) -> None:
    """Let the job that takes a run in end as failed."""
    ask = FinishRun(run_id=run_id)
    with session.begin():
        held = jobs.lease(
            session, FINISH, ask, owner="me", duration=timedelta(minutes=1), trace_id="t"
        )
    assert held is not None
    with session.begin():
        assert jobs.fail(session, held, FINISH, ask, reason="refused", why="failure")
