"""Processes that claim at once, and processes that are killed while they do."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from datetime import timedelta
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from sqlalchemy import Engine, delete, text

from janitor.queue import Queue, keep_counts, limit_host
from janitor.runs import settle_expired_claims
from janitor.state import create_pool
from janitor.state.queue import QueueEntry

PROCESSES = 16
CLAIMS = 4_000  # benchmarks/run_queue.py races for more
HOUR = timedelta(hours=1)
OVER = timedelta(seconds=-1)
SPAWN = multiprocessing.get_context("spawn")

FILL = """
INSERT INTO codebase (name, branch_url, url)
    SELECT 'c' || n, 'https://host' || n % 7 || '.example/' || n, 'x' FROM generate_series(1, :n) n;
INSERT INTO queue (codebase, suite, command, priority)
    SELECT 'c' || n, 'tidy', 'x', n % 100 FROM generate_series(1, :n) AS n;
CREATE TABLE done (queue_id integer, claim_id text);
"""


def fill(engine: Engine, items: int) -> None:
    with engine.begin() as conn:
        conn.execute(text(FILL), {"n": items})


def claim_all(url: str, number: int, several: int) -> None:
    engine = create_pool(url)
    while True:
        with engine.begin() as conn:
            queue = Queue(conn)
            claims = queue.claim_several(several, worker=f"worker-{number}", lease=HOUR)
        if not claims:
            break
    engine.dispose()


def run_all(url: str, number: int) -> None:
    """Claim one item after the other and run it, with the result in a transaction of its own."""
    engine = create_pool(url)
    while True:
        with engine.begin() as conn:
            # Run out at once: whoever is killed leaves an item to be taken back.
            claim = Queue(conn).claim(worker=f"worker-{number}", lease=OVER)
        if claim is None:
            break
        with engine.begin() as conn:
            mine = delete(QueueEntry).where(QueueEntry.claim_id == claim.claim_id)
            if conn.execute(mine.returning(QueueEntry.id)).one_or_none():
                conn.execute(
                    text("INSERT INTO done VALUES (:item, :claim)"),
                    {"item": claim.item.id, "claim": claim.claim_id},
                )
    engine.dispose()


def start(target: object, url: str, *extra: int) -> list[BaseProcess]:
    processes: list[BaseProcess] = []
    for number in range(PROCESSES):
        process = SPAWN.Process(target=target, args=(url, number, *extra))  # type: ignore[arg-type]  # a function
        process.start()
        processes.append(process)
    return processes


def test_of_many_claims_at_once_none_is_twice_and_none_lost(
    engine: Engine, database_url: str
) -> None:
    fill(engine, CLAIMS)
    processes = start(claim_all, database_url, 5)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    # Who came while others held the last items found nothing; those are all claimed now.
    with engine.begin() as conn:
        assert Queue(conn).claim(worker="late", lease=HOUR) is None
        claimed = conn.execute(
            text("SELECT count(*), count(DISTINCT claim_id), sum(claims) FROM queue")
        ).one()
        keep_counts(conn)
        counted = conn.execute(text("SELECT sum(items) FROM queue_count")).scalar_one()
    assert tuple(claimed) == (CLAIMS, CLAIMS, CLAIMS)
    assert counted == 0


def test_processes_killed_while_claiming_lose_nothing(engine: Engine, database_url: str) -> None:
    items = 1500
    fill(engine, items)
    dice = random.Random(1)
    processes = start(run_all, database_url)
    victims = dice.sample(processes, PROCESSES - 4)
    for victim in victims:
        wait([victim.sentinel], timeout=dice.random() / 4)
        if victim.pid and victim.is_alive():
            os.kill(victim.pid, signal.SIGKILL)
    for process in processes:
        process.join()

    survivor = 0
    while True:  # as upkeep and workers go on
        with engine.begin() as conn:
            settle_expired_claims(conn)
            left = conn.execute(text("SELECT count(*) FROM queue")).scalar_one()
        if not left:
            break
        survivor += 1
        run_all(database_url, survivor)

    with engine.connect() as conn:
        run = conn.execute(text("SELECT count(*), count(DISTINCT queue_id) FROM done")).one()
        given_up = conn.execute(
            text("SELECT count(*), count(description) FROM run WHERE result_code = :code"),
            {"code": "worker-failure"},
        ).one()
    assert run[0] == run[1]
    assert given_up[0] == given_up[1]
    assert run[0] + given_up[0] == items


def test_a_host_is_never_overfilled_by_many_at_once(engine: Engine, database_url: str) -> None:
    fill(engine, 700)
    with engine.begin() as conn:
        limit_host(conn, "host1.example", most_active=9)
        limit_host(conn, "host2.example", most_active=0)
    for process in start(claim_all, database_url, 3):
        process.join()
    with engine.connect() as conn:
        claimed = text("SELECT host, count(claim_id) FROM queue GROUP BY host ORDER BY host")
        taken = {row[0]: row[1] for row in conn.execute(claimed)}
    assert taken.pop("host1.example") == 9
    assert taken.pop("host2.example") == 0
    assert set(taken.values()) == {100}
