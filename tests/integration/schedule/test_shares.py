"""Campaigns take turns by weight, however many candidates one of them has."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from janitor.queue import Queue
from janitor.schedule import Options, schedule_next
from janitor.schedule.recomputation import Recomputation
from janitor.schedule.recompute import recompute

SHARES = Options(fair_shares=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def flood(field: Any) -> Any:
    """A campaign of forty cheap candidates, one of four, each more expensive than all of those."""
    for number in range(40):
        field.codebase(f"codebase-{number}")
        field.candidate(f"codebase-{number}", "flood", value=4000)
    for number in range(4):
        field.candidate(f"codebase-{number}", "few", value=1)
        field.run(f"codebase-{number}", "few", duration=timedelta(hours=2))
    return field


def run_pass(session: Session, options: Options = SHARES) -> Recomputation:
    done = recompute(session, options=options)
    session.commit()
    return done


def serve(session: Session, times: int, options: Options = SHARES) -> list[str]:
    """Take items and end their runs, with a pass after every fifth; return whose they were."""
    served = []
    for number in range(times):
        claim = Queue(session).claim(worker="w", lease=HOUR)
        assert claim is not None
        session.execute(text("DELETE FROM queue WHERE id = :id"), {"id": claim.item.id})
        schedule_next(session, claim.item.codebase, claim.item.campaign, options=options)
        session.commit()
        served.append(claim.item.campaign)
        if number % 5 == 4:
            run_pass(session, options)
    return served


def weigh(session: Session, campaign: str, weight: float, *, paused: bool = False) -> None:
    session.execute(
        text(
            "INSERT INTO campaign_pace (campaign, weight, paused) VALUES (:campaign, :weight,"
            " :paused) ON CONFLICT (campaign) DO UPDATE"
            " SET weight = excluded.weight, paused = excluded.paused"
        ),
        {"campaign": campaign, "weight": weight, "paused": paused},
    )
    session.commit()


def test_without_shares_a_flood_goes_first(flood: Any, session: Session) -> None:
    run_pass(session, Options())
    assert set(serve(session, 40, Options())) == {"flood"}
    assert flood


def test_campaigns_take_turns(flood: Any, session: Session) -> None:
    run_pass(session)
    served = serve(session, 40)
    assert Counter(served) == {"flood": 20, "few": 20}
    assert all(len(set(served[at : at + 3])) == 2 for at in range(38))
    assert flood


@pytest.mark.parametrize(("weight", "turns"), [(3, 30), (1 / 3, 10)])
def test_weights_say_how_often(flood: Any, session: Session, weight: float, turns: int) -> None:
    weigh(session, "few", weight)
    run_pass(session)
    assert abs(Counter(serve(session, 40))["few"] - turns) <= 1
    assert flood


def test_a_pass_that_finds_nothing_new_writes_nothing(flood: Any, session: Session) -> None:
    weigh(session, "flood", 0.7)
    assert run_pass(session) == Recomputation(candidates=44, added=44)
    before = flood.queue()
    assert run_pass(session) == Recomputation(candidates=44)
    assert flood.queue() == before
    serve(session, 4)
    left = {entry.id: entry.xmin for entry in flood.queue()}
    run_pass(session)
    after = {entry.id: entry.xmin for entry in flood.queue()}
    served_again = set(left) - {entry.id for entry in before}
    unmoved = [entry for entry in left if left[entry] == after[entry]]
    assert len(served_again) == 4
    # Whoever kept its rank kept its slot: all but those four, and four that are dear and behind.
    assert len(unmoved) == 44 - 4 - 4


def test_in_its_line_an_entry_stands_by_base_and_distance(field: Any, session: Session) -> None:
    for name, value in (("cheap", 4000), ("middling", 400), ("dear", 1)):
        field.codebase(name)
        field.candidate(name, value=value)
    run_pass(session)
    assert field.order() == ["cheap", "middling", "dear"]
    for _ in range(30):
        serve(session, 5)
    assert Counter(entry.codebase for entry in field.queue()) == Counter(field.order())
    assert len(field.order()) == 3


@pytest.mark.parametrize(("weight", "paused"), [(1, True), (0, False)])
def test_who_stood_still_has_saved_nothing_up(
    flood: Any, session: Session, weight: float, *, paused: bool
) -> None:
    run_pass(session)
    weigh(session, "few", weight, paused=paused)
    session.execute(text("UPDATE queue SET bucket = 'default'"))
    session.execute(text("UPDATE queue SET claim_id = id, claimed_by = 'w' WHERE suite = 'few'"))
    session.commit()  # nobody takes them, as if they were paused
    assert set(serve(session, 20)) == {"flood"}
    session.execute(text("UPDATE queue SET claim_id = NULL, claimed_by = NULL"))
    weigh(session, "few", 1)
    run_pass(session)
    assert abs(Counter(serve(session, 20))["few"] - 10) <= 1
    assert flood
