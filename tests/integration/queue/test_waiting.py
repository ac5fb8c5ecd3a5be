"""The range of a waiting time, and what holds an entry back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from janitor.queue import Queue, Waiting, limit_host, set_pace
from janitor.queue import load as loads

HOUR = timedelta(hours=1)
ONE, TWO = "one.example", "two.example"
Put = Callable[..., int]


@pytest.fixture
def waiting(session: Session) -> Callable[..., Waiting]:
    def waiting(codebase: str, campaign: str = "tidy", **named: Any) -> Waiting:
        found = Queue(session).waiting(campaign, codebase, **named)
        assert found is not None
        return found

    return waiting


def at_work(session: Session, *workers: str) -> None:
    for worker in workers:
        assert Queue(session).claim(worker=worker, lease=HOUR) is not None


def test_the_range_is_shared_by_those_at_work(
    put: Put, session: Session, waiting: Callable[..., Waiting]
) -> None:
    put("ash", estimated_duration=2 * HOUR)
    put("birch", estimated_duration=4 * HOUR)
    put("cedar", estimated_duration=5 * HOUR)
    put("elm", estimated_duration=3 * HOUR)
    put("doum")
    assert Queue(session).waiting("tidy", "fig") is None
    assert waiting("doum") == Waiting(5, 14 * HOUR, 0, timedelta(), None)
    at_work(session, "ada", "bob")
    # Eight hours are ahead and six under way. Five of the eight may be unfinished at the end.
    assert waiting("doum") == Waiting(3, 8 * HOUR, 2, 1.5 * HOUR, 7 * HOUR)
    assert waiting("cedar") == Waiting(1, timedelta(), 2, timedelta(), 3 * HOUR)


def test_what_is_held_back_ahead_keeps_nobody_waiting(
    put: Put, session: Session, waiting: Callable[..., Waiting]
) -> None:
    put("elm")
    put("ash", "paused", estimated_duration=2 * HOUR)
    put("ash", estimated_duration=HOUR)
    put("cedar", estimated_duration=HOUR)
    put("doum")
    at_work(session, "ada")

    def bounds() -> tuple[timedelta, timedelta | None]:
        found = waiting("doum")
        assert (found.position, found.ahead, found.held) == (4, 4 * HOUR, ())
        return found.at_least, found.at_most

    assert bounds() == (4 * HOUR, 4 * HOUR)
    set_pace(session, "paused", paused=True)
    assert bounds() == (2 * HOUR, 2 * HOUR)
    limit_host(session, ONE, most_active=0)
    assert bounds() == (HOUR, HOUR)
    limit_host(session, ONE, most_active=7)  # then others may go first, or may not
    assert bounds() == (HOUR, 2 * HOUR)
    limit_host(session, ONE, rate_limited_until=datetime.now(UTC) + HOUR / 2)
    assert bounds() == (HOUR, 2 * HOUR)  # it opens before our turn comes
    limit_host(session, ONE, rate_limited_until=datetime.now(UTC) + 2 * HOUR)
    assert bounds() == (HOUR, HOUR)


def test_a_limit_of_ones_own_host_is_shared_by_fewer(
    put: Put, session: Session, waiting: Callable[..., Waiting]
) -> None:
    put("cedar", estimated_duration=HOUR)
    put("doum", estimated_duration=HOUR)
    put("ash", "first", estimated_duration=3 * HOUR)
    put("ash", estimated_duration=HOUR)
    at_work(session, "ada", "bob")
    assert waiting("ash").at_most == 2.5 * HOUR
    limit_host(session, ONE, most_active=1)
    assert waiting("ash").at_most == 5 * HOUR


def test_what_holds_an_entry_is_named(
    put: Put, session: Session, waiting: Callable[..., Waiting]
) -> None:
    put("ash", "busy", offset=-9)
    put("ash")
    put("birch")
    at_work(session, "ada")
    assert waiting("ash").held == waiting("birch").held == ()
    limit_host(session, ONE, most_active=1)
    full = waiting("ash")
    assert full.held == (f"host {ONE} has 1 of 1 active",)
    assert full.at_most is not None  # it ends with the run that is under way
    limit_host(session, ONE, most_active=0)
    assert waiting("ash").held == (f"host {ONE} has 1 of 0 active",)
    assert waiting("ash").at_most is None
    limit_host(session, TWO, rate_limited_until=datetime(2999, 1, 2, tzinfo=UTC))
    limited = waiting("birch")
    assert limited.held == (f"host {TWO} is rate-limited until 2999-01-02 00:00:00 UTC",)
    assert limited.at_least > timedelta(days=300_000)
    assert limited.at_most is None
    set_pace(session, "tidy", paused=True)
    assert waiting("birch").held == ("campaign tidy is paused", *limited.held)
    set_pace(session, paused=True)
    assert waiting("ash").held[0] == "all campaigns are paused: nothing is handed out"


def test_an_endless_rate_limit_is_no_error(
    put: Put, session: Session, waiting: Callable[..., Waiting]
) -> None:
    put("ash", estimated_duration=HOUR)
    put("birch")
    limit_host(session, ONE)
    session.execute(text("UPDATE host_limit SET rate_limited_until = 'infinity'"))
    assert waiting("ash").held == (f"host {ONE} is rate-limited, nobody knows until when",)
    assert waiting("birch").held == ()


def test_what_is_under_way_does_not_wait(
    put: Put, session: Session, waiting: Callable[..., Waiting]
) -> None:
    put("ash")
    at_work(session, "ada")
    begun = waiting("ash")
    assert (begun.position, begun.at_least, begun.at_most) == (None, timedelta(), timedelta())
    assert begun.held[0].startswith("ada is working on it, until 2")
    assert str(begun) == "under way"


def test_an_entry_can_be_named_by_its_change_set(
    put: Put, session: Session, waiting: Callable[..., Waiting]
) -> None:
    put("ash", change_set="together", offset=5)
    put("birch", offset=6)
    put("ash", offset=7)
    queue = Queue(session)
    assert waiting("ash").position == 1
    assert waiting("ash", change_set="together").position == 1
    assert waiting("ash", change_set="").position == 3
    assert queue.waiting("tidy", "ash", change_set="other") is None
    assert queue.get_position("tidy", "ash", change_set="") == (3, timedelta())
    assert queue.get_position("tidy", "birch", change_set="together") == (None, None)


def test_what_is_too_far_ahead_to_be_read_is_possible_and_not_certain(
    put: Put,
    session: Session,
    waiting: Callable[..., Waiting],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loads, "NEAR", 1)
    put("elm")
    put("ash", estimated_duration=4 * HOUR)
    put("birch", estimated_duration=2 * HOUR)
    put("cedar", estimated_duration=HOUR)
    put("doum")
    at_work(session, "ada")
    assert (waiting("doum").at_least, waiting("doum").at_most) == (7 * HOUR, 7 * HOUR)
    limit_host(session, ONE, most_active=0)
    assert (waiting("doum").at_least, waiting("doum").at_most) == (HOUR, 7 * HOUR)
