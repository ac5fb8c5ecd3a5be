"""What is held back: hosts at their limit, paused campaigns; and several claims in one call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text, update
from sqlalchemy.orm import Session

from janitor.names import UnsafeName
from janitor.queue import (
    InvalidLimit,
    InvalidPace,
    Queue,
    closed_hosts,
    limit_host,
    paused_campaigns,
    set_pace,
)
from janitor.queue.pace import paces
from janitor.state.codebase import Codebase
from janitor.state.queue import QueueEntry

HOUR = timedelta(hours=1)
ONE, TWO = "one.example", "two.example"
Put = Callable[..., int]


def take(session: Session, most: int = 9, **filters: Any) -> list[int]:
    claims = Queue(session).claim_several(most, worker="w", lease=HOUR, **filters)
    session.commit()
    return [claim.item.id for claim in claims]


def test_several_are_claims_of_their_own_in_the_order_of_service(
    put: Put, session: Session
) -> None:
    last, second, first = put("ash", offset=9), put("birch", offset=-1), put("cedar", offset=-1)
    claims = Queue(session).claim_several(2, worker="w", lease=HOUR)
    assert [claim.item.id for claim in claims] == [first, second]
    assert len({claim.claim_id for claim in claims}) == 2
    Queue(session).release(claims[0].claim_id)
    session.commit()
    assert take(session) == [first, last]
    assert take(session) == []


def test_a_host_is_left_alone_until_its_time(put: Put, session: Session) -> None:
    ash, birch = put("ash"), put("birch")
    limit_host(session, ONE, rate_limited_until=datetime.now(UTC) + HOUR)
    limit_host(session, TWO, rate_limited_until=datetime.now(UTC) - HOUR)
    assert closed_hosts(session) == {ONE}
    item, _vcs = Queue(session).next_item()
    assert item is not None
    assert item.id == birch
    assert take(session) == [birch]
    limit_host(session, ONE)
    assert take(session) == [ash]


def test_a_host_has_no_more_claims_than_it_may(put: Put, session: Session) -> None:
    first, second, third = put("ash"), put("ash", "other"), put("ash", "third")
    birch = put("birch")
    limit_host(session, ONE, most_active=2)
    assert take(session) == [first, second, birch]
    assert take(session) == []
    Queue(session).release(Queue(session).held_by("w")[0])
    session.commit()
    assert len(take(session)) == 1
    assert third not in take(session)
    limit_host(session, ONE, most_active=0)
    assert take(session) == []
    with pytest.raises(InvalidLimit, match=ONE):
        limit_host(session, ONE, most_active=-1)


def test_two_at_once_do_not_overfill_a_host_nor_wait(
    put: Put, session: Session, engine: Engine
) -> None:
    first, _second, birch = put("ash"), put("ash", "other"), put("birch", offset=5)
    limit_host(session, ONE, most_active=1)
    session.commit()
    mine = Queue(session).claim(worker="me", lease=HOUR)
    with engine.begin() as conn:
        yours = Queue(conn).claim(worker="you", lease=HOUR)
        nobodys = Queue(conn).claim(worker="they", lease=HOUR)
    assert mine is not None
    assert yours is not None
    assert (mine.item.id, yours.item.id, nobodys) == (first, birch, None)


def test_the_host_of_an_item_follows_its_codebase(put: Put, session: Session) -> None:
    ash = put("ash")
    moved = {"branch_url": "https://three.example/ash", "url": "https://three.example/ash"}
    session.execute(update(Codebase).where(Codebase.name == "ash").values(moved))
    session.commit()
    queue = Queue(session)
    assert queue.next_item(exclude_hosts=["three.example"]) == (None, {})
    assert queue.next_item(exclude_hosts=[ONE])[0] is not None
    session.execute(update(QueueEntry).where(QueueEntry.id == ash).values(codebase="birch"))
    assert queue.next_item(exclude_hosts=[TWO]) == (None, {})


def flood(session: Session, codebase: str, campaigns: int) -> None:
    """Put more entries at the very front than a claim looks at one by one."""
    session.execute(
        text(
            "INSERT INTO queue (codebase, suite, command, priority)"
            " SELECT :codebase, 'flood-' || n, 'run', -1000 FROM generate_series(1, :n) AS n"
        ),
        {"codebase": codebase, "n": campaigns},
    )
    session.commit()


def test_a_closed_host_at_the_front_does_not_hide_the_rest(put: Put, session: Session) -> None:
    flood(session, "ash", 300)
    behind, second = put("birch", offset=5000), put("birch", "other", offset=5005)
    after = put("cedar", offset=5010)
    queue = Queue(session)
    assert queue.next_item(exclude_hosts=[ONE])[0] == queue.get_item(behind)
    assert queue.next_item(exclude_hosts=[ONE, TWO])[0] == queue.get_item(after)
    assert queue.next_item(exclude_hosts=[ONE], assigned_queue_items=[behind, second])[
        0
    ] == queue.get_item(after)
    assert take(session, 2, exclude_hosts=[ONE]) == [behind, second]
    assert take(session, exclude_hosts=[ONE]) == [after]
    assert len(take(session, 400)) == 300


def test_a_paused_campaign_at_the_front_does_not_hide_the_rest(put: Put, session: Session) -> None:
    session.execute(insert(Codebase), [{"name": f"tree-{number}"} for number in range(300)])
    put_first = insert(QueueEntry).values(suite="flood", command="run", priority=-1000)
    session.execute(put_first, [{"codebase": f"tree-{number}"} for number in range(300)])
    session.commit()
    behind, after = put("ash", offset=5000), put("birch", offset=5010)
    other = put("cedar", "other", offset=5020)
    assert take(session, campaign="other") == [other]
    set_pace(session, "flood", paused=True)
    queue = Queue(session)
    assert queue.next_item()[0] == queue.get_item(behind)
    assert queue.next_item(exclude_hosts=[ONE])[0] == queue.get_item(after)
    assert take(session) == [behind, after]
    assert take(session, campaign="flood") == []
    set_pace(session, "flood", paused=False)
    assert len(take(session, 400)) == 300


def test_paused_campaigns_wait(put: Put, session: Session) -> None:
    first, other = put("ash"), put("birch", "other")
    set_pace(session, "tidy", paused=True)
    assert take(session, campaign="tidy") == []
    assert take(session) == [other]
    set_pace(session, "tidy", weight=2.0)  # a weight does not end a pause
    assert paused_campaigns(session) == {"tidy"}
    set_pace(session, "tidy", paused=False)
    set_pace(session, paused=True)
    assert Queue(session).next_item() == (None, {})
    assert take(session) == []
    set_pace(session, paused=False)
    assert take(session) == [first]


def test_a_weight_of_zero_is_a_pause_until_there_is_another(put: Put, session: Session) -> None:
    first = put("ash")
    set_pace(session, "tidy", weight=0)
    assert paused_campaigns(session) == {"tidy"}
    assert take(session) == []
    for weight in (None, 0):
        with pytest.raises(InvalidPace, match="weight of 0; give it one"):
            set_pace(session, "tidy", weight=weight, paused=False)
    assert [str(pace) for pace in paces(session)] == ["campaign tidy: weight 0, paused"]
    set_pace(session, "tidy", weight=1)
    set_pace(session, weight=0)
    assert paused_campaigns(session) == {"*"}
    assert take(session) == []
    set_pace(session, weight=1)
    assert take(session) == [first]


@pytest.mark.parametrize("weight", [-1.0, float("inf"), float("nan")])
def test_a_weight_is_not_below_zero(session: Session, weight: float) -> None:
    with pytest.raises(InvalidPace, match="tidy"):
        set_pace(session, "tidy", weight=weight)


@pytest.mark.parametrize("campaign", ["", "Tidy", "a\x00b", "../up", "\ud800x"])
def test_a_pace_is_of_a_campaign(session: Session, campaign: str) -> None:
    with pytest.raises(UnsafeName, match="campaign"):
        set_pace(session, campaign, weight=1)


@pytest.mark.parametrize("host", ["", "a b", "a\x00b", "a/b", "\ud800", "x" * 300])
def test_a_limit_is_of_a_host(session: Session, host: str) -> None:
    with pytest.raises(InvalidLimit, match="no host"):
        limit_host(session, host, most_active=1)


@pytest.mark.parametrize("most", [-1, 2**31])
def test_a_limit_is_a_number_that_can_be_kept(session: Session, most: int) -> None:
    with pytest.raises(InvalidLimit, match=r"one\.example: at most"):
        limit_host(session, ONE, most_active=most)
