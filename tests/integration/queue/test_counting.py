"""Positions from counts are those that a plain count gives, whatever was done to the queue."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, delete, text, update
from sqlalchemy.orm import Session

from janitor.queue import Queue, keep_counts
from janitor.queue import position as positions
from janitor.queue.new_entry import BUCKETS
from janitor.state.queue import QueueEntry

HOUR = timedelta(hours=1)
CODEBASES = 120
Put = Callable[..., int]

PLAIN = """
SELECT own.codebase, own.suite,
    1 + (SELECT count(*) FROM queue AS other
        WHERE claim_id IS NULL AND (other.bucket, other.priority, other.id)
            < (own.bucket, own.priority, own.id)) AS position,
    (SELECT coalesce(sum(estimated_duration), interval '0') FROM queue AS other
        WHERE claim_id IS NULL AND (other.bucket, other.priority, other.id)
            < (own.bucket, own.priority, own.id)) AS ahead
FROM queue AS own
"""


def assert_counted(conn: Connection) -> None:
    queue = Queue(conn)
    plain = conn.execute(text(PLAIN)).all()
    assert plain
    for row in plain:
        assert queue.get_position(row.suite, row.codebase) == (row.position, row.ahead), row


def change(conn: Connection, dice: random.Random) -> None:
    """Do one of the things that happen to a queue, to one entry or to many."""
    queue = Queue(conn)
    some = {"low": dice.randrange(CODEBASES), "high": dice.randrange(CODEBASES)}
    some_entries = QueueEntry.id % 5 == dice.randrange(5)
    match dice.randrange(9):
        case 0 | 1 | 2:
            conn.execute(
                text(
                    "INSERT INTO queue (codebase, suite, command, bucket, priority,"
                    " estimated_duration) SELECT 'c' || n, 'tidy', 'x',"
                    " cast(:bucket AS queue_bucket), n % :spread,"
                    " CASE WHEN n % 3 > 0 THEN interval '1 second' * n END"
                    " FROM generate_series(least(:low, :high), greatest(:low, :high)) AS n"
                    " ON CONFLICT DO NOTHING"
                ),
                some | {"bucket": dice.choice(BUCKETS), "spread": dice.choice([1, 5, 1000])},
            )
        case 3:
            queue.claim_several(dice.randrange(1, 9), worker="w", lease=-HOUR)
        case 4:
            for claim_id in queue.held_by("w")[:5]:
                queue.release(claim_id)
        case 5:
            queue.take_back_expired()
        case 6:
            conn.execute(delete(QueueEntry).where(some_entries))
        case 7:
            moved = update(QueueEntry).values(priority=QueueEntry.priority * 2 - 7)
            conn.execute(moved.where(some_entries))
        case 8:
            known = update(QueueEntry).values(estimated_duration=timedelta(seconds=7))
            conn.execute(known.where(some_entries))


@pytest.mark.parametrize("seed", range(4))
def test_positions_are_those_of_a_plain_count(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(positions, "LARGEST_BAND", 8)
    dice = random.Random(seed)
    with engine.begin() as conn:
        conn.execute(
            text("INSERT INTO codebase (name) SELECT 'c' || n FROM generate_series(0, :n) AS n"),
            {"n": CODEBASES},
        )
        conn.execute(text("INSERT INTO queue (codebase, suite, command) VALUES ('c0', 'zz', 'x')"))
    for step in range(30):
        with engine.connect() as conn:
            change(conn, dice)
            if dice.random() < 0.1:
                conn.rollback()  # and its counts with it
            conn.commit()
        if step % 4 == 3:
            with engine.begin() as conn:
                keep_counts(conn)
        with engine.begin() as conn:
            if step % 3 == 0 and conn.execute(text("SELECT count(*) FROM queue")).scalar_one():
                assert_counted(conn)
    with engine.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO queue (codebase, suite, command)"
                " SELECT 'c' || n, 'last', 'x' FROM generate_series(0, 99) AS n"
            )
        )
        keep_counts(conn)
        assert_counted(conn)
        bands = text("SELECT count(*), count(DISTINCT (bucket, priority, id)) FROM queue_count")
        rows, bands_apart = conn.execute(bands).one()
        assert rows == bands_apart > 5
        conn.execute(text("TRUNCATE queue"))
        conn.execute(text("INSERT INTO queue (codebase, suite, command) VALUES ('c1', 'zz', 'x')"))
        assert_counted(conn)


def test_counts_step_aside_while_somebody_changes_the_queue(
    put: Put, session: Session, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "LARGEST_BAND", 1)
    put("ash")
    put("birch")
    assert Queue(session).claim(worker="w", lease=HOUR) is not None
    with engine.begin() as conn:
        assert keep_counts(conn) == "the queue is busy, nothing was cut"
        assert_counted(conn)
    session.commit()
    with engine.begin() as conn:
        assert_counted(conn)
