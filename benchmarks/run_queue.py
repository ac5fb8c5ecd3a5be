"""Claims, positions and waiting times in a long queue, three quarters of it on one host.

    python benchmarks/run_queue.py [--items N] [--rounds N] [--claims N] [--processes N] [--json]

The host of three quarters is left out of the claims, and its items stand at the front, so
that a search from the front would read them all. Each figure is of single calls from Python,
with a commit of its own each, in milliseconds. At last a paused campaign floods the front.
--claims adds a race of many processes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from janitor.queue import Queue, keep_counts, limit_host, set_pace
from janitor.schedule.explain import explain
from janitor.state import create_pool
from janitor.state.upgrade import upgrade
from workers.embedded import EmbeddedPostgres

CAMPAIGNS = 10
HOSTS = 50
WORKERS = 20
BIG = "big.example"
FLOOD = "flood"
LEASE = timedelta(hours=1)

GENERATE = """
SELECT setseed(0.5);
INSERT INTO codebase (name, branch_url, url)
    SELECT 'codebase-' || n,
        'https://' || CASE WHEN n % 4 > 0 THEN '{big}' ELSE 'host' || n % {hosts} || '.example' END
            || '/' || n,
        'x'
    FROM generate_series(1, {codebases}) AS n;
"""
ADD = """
INSERT INTO queue (codebase, suite, command, priority, estimated_duration, host)
    SELECT 'codebase-' || n, 'campaign-' || c, 'do-something',
        CASE WHEN n % 4 > 0 THEN 0 ELSE 30000 END + exp(random() * 10)::bigint,
        interval '1 second' * (random() * 1000)::int,
        CASE WHEN n % 4 > 0 THEN '{big}' ELSE 'host' || n % {hosts} || '.example' END
    FROM generate_series({first}, {last}) AS n, generate_series(1, {campaigns}) AS c
    ORDER BY 4
"""

ADD_FLOOD = """
INSERT INTO queue (codebase, suite, command, priority, host)
    SELECT name, '{campaign}', 'do-something', -100000, coalesce(hostname, '') FROM codebase
"""


def milliseconds(work: Callable[[int], object], rounds: int) -> dict[str, float]:
    """Return the median and the 95th percentile of single calls."""
    taken = []
    for number in range(rounds):
        began = time.perf_counter()
        work(number)
        taken.append((time.perf_counter() - began) * 1000)
    parts = statistics.quantiles(taken, n=20)
    return {"p50_ms": round(parts[9], 2), "p95_ms": round(parts[18], 2)}


_WORKERS = itertools.cycle(f"worker-{number}" for number in range(WORKERS))


def claim_one(
    engine: Engine, _: int, *, excluded: Sequence[str] = (), campaign: str | None = None
) -> None:
    """Claim one item; ends the run where that is none, or one that nobody may have."""
    with engine.begin() as conn:
        claim = Queue(conn).claim(
            worker=next(_WORKERS), lease=LEASE, campaign=campaign, exclude_hosts=excluded
        )
    # Of the hosts there are always some, unless all of them are left out.
    if (claim is None) != (len(excluded) > HOSTS) or (claim and claim.item.campaign == FLOOD):
        raise SystemExit(f"this is no answer: {claim}")


def measure(engine: Engine, items: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return the figures of one call after the other, by name."""
    every_host = [BIG, *(f"host{number}.example" for number in range(HOSTS))]
    codebases = items // CAMPAIGNS
    claim = partial(claim_one, engine)

    def one(look: Callable[[Connection, str], object]) -> Callable[[int], None]:
        def look_at_one(number: int) -> None:
            with engine.begin() as conn:
                look(conn, f"codebase-{1 + number * 7919 % codebases}")

        return look_at_one

    position = one(lambda conn, codebase: Queue(conn).get_position("campaign-3", codebase))
    waiting = one(lambda conn, codebase: Queue(conn).waiting("campaign-3", codebase))
    explanation = one(lambda conn, codebase: explain(conn, codebase, "campaign-3"))

    def limited(work: Callable[[int], object], times: int) -> dict[str, float]:
        with engine.begin() as conn:
            limit_host(conn, BIG, most_active=1000)
        try:
            return milliseconds(work, times)
        finally:
            with engine.begin() as conn:
                limit_host(conn, BIG)

    def flooded(work: Callable[[int], object], times: int) -> dict[str, float]:
        with engine.begin() as conn:
            conn.execute(text(ADD_FLOOD.format(campaign=FLOOD)))
            set_pace(conn, FLOOD, paused=True)
        tidy_up(engine)
        return milliseconds(work, times)

    return {
        "claim, the big host excluded": milliseconds(partial(claim, excluded=[BIG]), rounds),
        "claim, nothing excluded": milliseconds(claim, rounds),
        "claim, every host excluded": milliseconds(partial(claim, excluded=every_host), rounds),
        "claim of one campaign": milliseconds(partial(claim, campaign="campaign-3"), rounds),
        "the same, the big host excluded": milliseconds(
            partial(claim, excluded=[BIG], campaign="campaign-3"), rounds
        ),
        "position": milliseconds(position, rounds),
        "waiting time": milliseconds(waiting, rounds),
        "waiting time, a host limited": limited(waiting, rounds),
        # Reads all that is ahead: a few of these tell enough.
        "explanation, a host limited": limited(explanation, max(rounds // 10, 2)),
        # From here on a tenth more entries, of a paused campaign, at the very front.
        "claim, a paused flood in front": flooded(claim, rounds),
        "the same, and the big host excluded": milliseconds(partial(claim, excluded=[BIG]), rounds),
    }


def fill(engine: Engine, items: int) -> dict[str, float]:
    """Fill the queue; returns what adding the last tenth took, and the first count of all."""
    shape = {"hosts": HOSTS, "big": BIG, "campaigns": CAMPAIGNS, "codebases": items // CAMPAIGNS}
    tenth = items // CAMPAIGNS // 10
    figures = {}
    steps = {
        "codebases": GENERATE.format(**shape),
        "the first nine tenths": ADD.format(**shape, first=1, last=9 * tenth),
        "the last tenth": ADD.format(**shape, first=9 * tenth + 1, last=10 * tenth),
        "first count": "SELECT fold_queue_count(), cut_queue_count(1000)",
    }
    for name, statement in steps.items():
        began = time.perf_counter()
        with engine.begin() as conn:
            conn.execute(text(statement))
        figures[f"{name}_seconds".replace(" ", "_")] = round(time.perf_counter() - began, 3)
    tidy_up(engine)
    return figures


def tidy_up(engine: Engine) -> None:
    """Do what the server does by itself after a while, and would do while it is timed."""
    with engine.begin() as conn:
        keep_counts(conn)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")
        conn.exec_driver_sql("CHECKPOINT")


def claim_until_none(url: str, most: int) -> list[tuple[int, float]]:
    """Claim as one process of many; returns each item's id and what it took in ms."""
    engine = create_pool(url)
    taken: list[tuple[int, float]] = []
    while len(taken) < most:
        began = time.perf_counter()
        with engine.begin() as conn:
            claim = Queue(conn).claim(worker="racer", lease=LEASE, exclude_hosts=[BIG])
        if claim is None:
            break
        taken.append((claim.item.id, (time.perf_counter() - began) * 1000))
    engine.dispose()
    return taken


def race(url: str, claims: int, processes: int) -> dict[str, float]:
    """Let processes claim at once; returns how many items, how many of them twice, how fast."""
    began = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        each = pool.starmap(claim_until_none, [(url, claims // processes)] * processes)
    seconds = time.perf_counter() - began
    taken = [claim for one in each for claim in one]
    return {
        "processes": processes,
        "claims": len(taken),
        "twice": len(taken) - len({queue_id for queue_id, _ in taken}),
        "claims_per_second": round(len(taken) / seconds),
        "p95_ms": round(statistics.quantiles([ms for _, ms in taken], n=20)[18], 2),
    }


def main() -> None:
    """Measure in a database of its own and print the figures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--items", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=400)
    options.add_argument("--claims", type=int, default=0, help="claims of the race of processes")
    options.add_argument("--processes", type=int, default=16)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    figures: dict[str, Any] = {"items": chosen.items}
    with tempfile.TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory)) as server:
        engine = create_pool(server.url)
        upgrade(engine)
        figures["filling"] = fill(engine, chosen.items)
        figures["calls"] = measure(engine, chosen.items, chosen.rounds)
        if chosen.claims:
            with engine.begin() as conn:
                conn.execute(text(f"DELETE FROM queue WHERE suite = '{FLOOD}'"))  # noqa: S608
            tidy_up(engine)
            figures["race"] = race(server.url, chosen.claims, chosen.processes)
        engine.dispose()
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{chosen.items:,} items, {HOSTS + 1} hosts, {CAMPAIGNS} campaigns")
    for name, call in figures["calls"].items():
        print(f"  {name:36} p50 {call['p50_ms']:8.2f} ms   p95 {call['p95_ms']:8.2f} ms")
    for name, figure in {**figures["filling"], **figures.get("race", {})}.items():
        print(f"  {name:36} {figure:>12,}")


if __name__ == "__main__":
    main()
