"""Whatever is held back: every entry begins within the range that it was told.

Workers serve the queue by real claims, in minutes that the test counts, and every run takes as
long as estimated.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from janitor.queue import Queue, Waiting, keep_counts, limit_host, set_pace
from janitor.queue import load as loads
from janitor.queue import position as positions
from janitor.schedule.explain import explain
from janitor.state.codebase import Codebase

MINUTE = timedelta(minutes=1)
LEASE = timedelta(days=1)
HOSTS = ("one.example", "two.example", "three.example")
CAMPAIGNS = ("tidy", "polish", "upgrade")
ENTRIES = 45
OPENS = 200  # the minute at which a rate-limited host opens
Name = tuple[str, str]


@dataclass
class Crew:
    """Workers that take the next entry as soon as they are free."""

    session: Session
    dice: random.Random
    idle: list[str]
    now: float = 0
    ends: dict[str, tuple[float, int]] = field(default_factory=dict)  # by worker: when, and what
    begun: dict[Name, float] = field(default_factory=dict)

    def take(self, share: float = 1.0) -> None:
        """Let all that are idle take what there is; ``share`` of it is still to be done."""
        for worker in list(self.idle):
            claim = Queue(self.session).claim(worker=worker, lease=LEASE)
            if claim is None:
                return
            item = claim.item
            assert item.estimated_duration is not None
            self.idle.remove(worker)
            self.ends[worker] = self.now + share * (item.estimated_duration / MINUTE), item.id
            self.begun[item.campaign, item.codebase] = self.now

    def serve(self, limited: str | None) -> None:
        """Work until nothing is left that may be taken."""
        while self.ends or limited:
            worker = min(self.ends, key=self.ends.__getitem__, default=None)
            if worker is None or (limited and self.ends[worker][0] > OPENS):
                limit_host(self.session, str(limited))
                self.now, limited = OPENS, None
            else:
                self.now, entry = self.ends.pop(worker)
                self.session.execute(text("DELETE FROM queue WHERE id = :id"), {"id": entry})
                self.idle.append(worker)
            self.take()


def fill(session: Session, dice: random.Random) -> list[Name]:
    """Put entries in three buckets, of three campaigns, on three hosts and on none."""
    for number in range(ENTRIES):
        host = dice.choice([*HOSTS, None])
        url = host and f"https://{host}/{number}"
        vcs_type = host and "git"
        session.execute(
            insert(Codebase).values(name=f"c{number}", branch_url=url, url=url, vcs_type=vcs_type)
        )
    names = []
    for number in range(ENTRIES):
        name = dice.choice(CAMPAIGNS), f"c{number}"
        longest = dice.choice([5, 30, 300])
        Queue(session).add(
            campaign=name[0],
            codebase=name[1],
            command="true",
            bucket=dice.choice(["manual", "default", "default"]),
            offset=dice.randrange(20),
            estimated_duration=dice.randint(1, longest) * MINUTE,
        )
        names.append(name)
    return names


def hold_back(session: Session, dice: random.Random) -> str | None:
    """Pause and limit some; returns the host that opens after a while, if any."""
    if dice.random() < 0.5:
        set_pace(session, dice.choice(CAMPAIGNS), paused=True)
    limited, full, shut = dice.sample(HOSTS, 3)
    if dice.random() < 0.7:
        limit_host(session, full, most_active=dice.randint(1, 2))
    if dice.random() < 0.3:
        limit_host(session, shut, most_active=0)
    if dice.random() < 0.7:
        limit_host(session, limited, rate_limited_until=datetime.now(UTC) + OPENS * MINUTE)
        return limited
    return None


def told(session: Session, names: list[Name]) -> dict[Name, list[Waiting]]:
    """What each entry that waits is told, by the queue and by an explanation."""
    ranges: dict[Name, list[Waiting]] = {}
    for campaign, codebase in names:
        short = Queue(session).waiting(campaign, codebase)
        place = explain(session, codebase, campaign).place
        assert short is not None
        assert place is not None
        if short.position is not None:
            assert place.waiting is not None
            ranges[campaign, codebase] = [short, place.waiting]
    return ranges


@pytest.mark.parametrize("near", [2, 12, 5000], ids=["counted", "partly read", "read"])
@pytest.mark.parametrize("seed", range(5))
def test_everything_begins_within_its_range(
    session: Session, monkeypatch: pytest.MonkeyPatch, seed: int, near: int
) -> None:
    monkeypatch.setattr(positions, "LARGEST_BAND", 4)
    monkeypatch.setattr(loads, "NEAR", near)
    dice = random.Random(seed)
    names = fill(session, dice)
    keep_counts(session)
    crew = Crew(session, dice, [f"w{number}" for number in range(dice.randint(1, 5))])
    crew.take(share=dice.random())
    limited = hold_back(session, dice) if seed % 4 else None
    session.commit()  # the clock of the ranges stands still from the next statement on
    ranges = told(session, names)
    crew.serve(limited)
    for name, waitings in ranges.items():
        for waiting in waitings:
            begun = crew.begun.get(name)
            if begun is None:  # paused, or on a host that is shut
                assert waiting.held
                assert waiting.at_most is None
                continue
            assert waiting.at_least <= begun * MINUTE
            assert waiting.at_most is None or begun * MINUTE <= waiting.at_most
    every = [waiting for waitings in ranges.values() for waiting in waitings]
    assert any(waiting.at_most for waiting in every)
    assert any(waiting.at_least for waiting in every)
