"""The bound on waiting of docs/explanation/schedule.md, at full load: time is counted in turns."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from janitor.queue import Queue
from janitor.schedule import schedule_next
from janitor.schedule.recompute import recompute

HOUR = timedelta(hours=1)
VALUES = (4000, 2000, 900, 400, 100, 1)  # the first costs little, the last ten times as much
TURNS = 250


class Load:
    """Workers that are never idle, candidates that come in again after every run."""

    def __init__(self, session: Session, workers: int, longest: int) -> None:
        self.session = session
        self.workers = workers
        self.longest = longest
        self.dice = random.Random(workers)
        self.offsets = {
            entry.codebase: entry.priority - entry.base
            for entry in session.execute(text("SELECT * FROM queue"))
        }
        self.under_way: dict[str, tuple[int, int]] = {}  # the entry, and the turn when it ends
        self.ahead = {name: Counter[str]() for name in self.offsets}  # served while it waits
        self.since = dict.fromkeys(self.offsets, 0)
        self.waits: list[tuple[str, int, Counter[str]]] = []

    def bound(self, name: str) -> Counter[str]:
        """How often each other may be served first."""
        distance = self.offsets[name]
        return Counter({other: distance // each + 1 for other, each in self.offsets.items()})

    def turn(self, now: int) -> None:
        for name, (entry, end) in list(self.under_way.items()):
            if end <= now:
                self._end(name, entry, now)
        recompute(self.session)  # a pass moves nobody back
        while len(self.under_way) < self.workers:
            claim = Queue(self.session).claim(worker="w", lease=HOUR)
            assert claim is not None
            name = claim.item.codebase
            self.waits.append((name, now - self.since.pop(name), self.ahead.pop(name)))
            for waits in self.ahead.values():
                waits[name] += 1
            self.under_way[name] = claim.item.id, now + self.dice.randint(1, self.longest)

    def _end(self, name: str, entry: int, now: int) -> None:
        self.session.execute(text("DELETE FROM queue WHERE id = :id"), {"id": entry})
        schedule_next(self.session, name, "tidy")
        del self.under_way[name]
        self.ahead[name], self.since[name] = Counter(), now


@pytest.fixture
def waiting(field: Any, session: Session) -> Session:
    for number, value in enumerate(VALUES):
        field.codebase(f"codebase-{number}")
        field.candidate(f"codebase-{number}", value=value)
        field.run(f"codebase-{number}", duration=timedelta(seconds=90))
    recompute(session)
    session.commit()
    return session


def test_with_one_worker_nobody_is_overtaken_more_often_than_the_bound_says(
    waiting: Session,
) -> None:
    load = Load(waiting, workers=1, longest=1)
    for now in range(TURNS):
        load.turn(now)
    assert len(load.waits) == TURNS
    assert {name for name, _, _ in load.waits} == set(load.offsets)
    for name, _, ahead in load.waits:
        assert ahead <= load.bound(name)
    for name, ahead in load.ahead.items():  # and whoever waits still
        assert ahead <= load.bound(name)


def test_with_several_workers_nobody_waits_longer_than_the_bound_says(waiting: Session) -> None:
    load = Load(waiting, workers=3, longest=4)
    for now in range(TURNS):
        load.turn(now)
    assert {name for name, _, _ in load.waits} == set(load.offsets)
    for name, turns, _ in load.waits:
        assert turns <= 2 * load.longest * (load.bound(name).total() + 1)
