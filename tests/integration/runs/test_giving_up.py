"""An item whose workers vanish ends as a run that says so."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from janitor.queue.claims import MOST_CLAIMS
from janitor.runs import Settled, settle_expired_claims
from janitor.state.announcement import AnnouncementRow
from janitor.state.change_set import ChangeSet
from janitor.state.queue import QueueEntry
from janitor.state.run import RunRow
from tests.integration.runs.scenario import CAMPAIGN, CODEBASE, COMMAND, WORKER, claim, expire


def _vanish(session: Session, worker: str = WORKER) -> tuple[str, Settled]:
    claim_id = claim(session, worker).claim_id
    expire(session, claim_id)
    settled = settle_expired_claims(session)
    session.commit()
    return claim_id, settled


def test_a_claim_that_ran_out_puts_its_item_back(house: Session) -> None:
    before = house.scalar(select(QueueEntry.id))
    for claims in range(1, MOST_CLAIMS):
        _, settled = _vanish(house)
        assert (settled.put_back, settled.given_up) == (1, 0)
        entry = house.scalars(select(QueueEntry)).one()
        assert (entry.id, entry.claim_id, entry.claims) == (before, None, claims)
    assert house.scalars(select(RunRow)).all() == []


def test_the_last_claim_ends_as_a_run_and_the_candidate_waits_anew(house: Session) -> None:
    before = house.scalar(select(QueueEntry.id))
    for _ in range(MOST_CLAIMS):
        claim_id, settled = _vanish(house)
    assert str(settled) == "0 put back, 1 given up"
    run = house.scalars(select(RunRow)).one()
    assert (run.id, run.result_code, run.worker) == (claim_id, "worker-failure", WORKER)
    assert (run.codebase, run.suite, run.command) == (CODEBASE, CAMPAIGN, COMMAND)
    assert (run.change_set, run.logfilenames) == (claim_id, [])
    assert f"{MOST_CLAIMS} workers, the last one {WORKER}," in (run.description or "")
    assert run.start_time is not None
    assert run.start_time == run.finish_time
    assert house.scalars(select(ChangeSet.id)).all() == [claim_id]
    entry = house.scalars(select(QueueEntry)).one()
    assert (entry.claims, entry.claim_id) == (0, None)
    assert entry.id != before
    told = house.scalars(select(AnnouncementRow.channel).order_by(AnnouncementRow.id)).all()
    assert told == ["result", "queue", "publish-status"]
    house.rollback()
    assert settle_expired_claims(house) == Settled(0, 0)


def test_a_worker_that_nobody_knows_is_left_out(house: Session) -> None:
    for _ in range(MOST_CLAIMS):
        _vanish(house, "stranger")
    run = house.scalars(select(RunRow)).one()
    assert run.worker is None
    assert "the last one stranger," in (run.description or "")


def test_who_is_still_at_it_is_left_alone(house: Session) -> None:
    held = claim(house).claim_id
    assert settle_expired_claims(house) == Settled(0, 0)
    assert house.scalars(select(QueueEntry.claim_id)).all() == [held]
    assert house.scalar(select(func.count()).select_from(RunRow)) == 0
