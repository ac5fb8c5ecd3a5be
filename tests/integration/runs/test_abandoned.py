"""Files in the spool that nobody takes in any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from janitor.runs import hand_in
from janitor.runs.abandoned import KEEP_REFUSED, spool_is_abandoned
from janitor.spool import Spool
from tests.integration.runs.scenario import claim, complete

LONG_AGO = datetime.now(UTC) - KEEP_REFUSED - timedelta(days=1)


def test_what_nobody_knows_is_kept_for_a_while(house: Session) -> None:
    assert spool_is_abandoned(house, "nobody", LONG_AGO)
    assert not spool_is_abandoned(house, "nobody", datetime.now(UTC))


def test_a_run_that_is_claimed_is_not_abandoned(house: Session) -> None:
    run_id = claim(house).claim_id
    assert not spool_is_abandoned(house, run_id, LONG_AGO)


@pytest.mark.parametrize(("days", "abandoned"), [(1, False), (40, True)])
def test_a_refused_run_is_kept_for_a_while(house: Session, days: int, abandoned: bool) -> None:
    run_id = claim(house).claim_id
    hand_in(house, run_id)
    house.execute(text("UPDATE queue SET claim_id = NULL, claimed_by = NULL, claimed_until = NULL"))
    assert not spool_is_abandoned(house, run_id, LONG_AGO)
    house.execute(
        text("UPDATE job SET state = 'failed', finished_at = now() - make_interval(days => :days)"),
        {"days": days},
    )
    assert spool_is_abandoned(house, run_id, LONG_AGO) is abandoned


def test_a_stored_run_is_not_abandoned(house: Session, spool: Spool) -> None:
    run_id = complete(house, spool)
    house.execute(text("UPDATE job SET state = 'failed', finished_at = now() - interval '1 year'"))
    assert not spool_is_abandoned(house, run_id, LONG_AGO)
