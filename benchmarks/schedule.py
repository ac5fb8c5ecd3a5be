"""Recomputing the schedule, as a ratio against a pass that takes one candidate at a time.

    python benchmarks/schedule.py [--candidates N ...] [--runs-each N] [--rounds N] [--json]

The baseline is what a platform does without set-based statements: for each candidate it
fetches the runs, estimates in Python and sends one upsert. It is timed on a sample, since its
time per candidate is constant, and in the same database as ours. Each figure is the median of
several rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from janitor.schedule.whole import recompute_all
from janitor.state import Conn, create_pool
from janitor.state.upgrade import upgrade
from workers.embedded import EmbeddedPostgres

CAMPAIGNS = 10
SAMPLE = 3000  # candidates that the baseline is timed on

# Straight into the tables: triggers are for runs that come one at a time, and indexes of ten
# million runs are made faster than kept up.
GENERATE = """
SET LOCAL session_replication_role = replica;
SELECT setseed(0.5);
INSERT INTO named_publish_policy VALUES
    ('propose', ARRAY[('main', 'propose', NULL)]::branch_publish_policy[]),
    ('push', ARRAY[('main', 'push', 7), ('docs', 'skip', NULL)]::branch_publish_policy[]);
INSERT INTO change_set (id, campaign) VALUES ('history', 'campaign-0');
INSERT INTO codebase (name, branch_url, url, value)
    SELECT 'codebase-' || n, 'https://host' || n % 50 || '/c' || n, 'x',
        CASE WHEN n % 20 = 0 THEN NULL ELSE (random() * 1000)::int END
    FROM generate_series(1, {codebases}) AS n;
INSERT INTO candidate (codebase, suite, command, value, publish_policy, context)
    SELECT 'codebase-' || n, 'campaign-' || c, 'do-something', 10 + n % 90,
        CASE WHEN n % 3 = 0 THEN 'push' ELSE 'propose' END,
        CASE WHEN n % 4 = 0 THEN 'context-' || n % 7 END
    FROM generate_series(1, {codebases}) AS n, generate_series(0, {last_campaign}) AS c;
CREATE TEMP TABLE dropped ON COMMIT DROP AS
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM pg_index WHERE indrelid = 'run'::regclass AND NOT indisunique;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT dropped.name FROM dropped LOOP EXECUTE 'DROP INDEX ' || name; END LOOP;
END $$;
INSERT INTO run (id, codebase, suite, result_code, failure_transient, start_time, finish_time,
        context, change_set, logfilenames)
    SELECT 'run-' || n, 'codebase-' || 1 + (random() * ({codebases} - 1))::int,
        'campaign-' || (random() * {last_campaign})::int,
        (ARRAY['success', 'success', 'nothing-to-do', 'command-failed', 'worker-failure'])
            [1 + n % 5],
        n % 17 = 0,
        began,
        began + interval '10 minutes' * random(),
        CASE WHEN n % 4 = 0 THEN 'context-' || n % 7 END,
        'history', '{{worker.log}}'
    FROM generate_series(1, {runs}) AS n,
        LATERAL (SELECT now() - interval '1 year' * random() + n * interval '0') AS at (began);
DO $$ DECLARE definition text; BEGIN
    FOR definition IN SELECT dropped.definition FROM dropped LOOP EXECUTE definition; END LOOP;
END $$;
SELECT rebuild_run_statistics();
"""

VALUES = {"push": 500, "attempt-push": 450, "propose": 400, "bts": 100, "push-derived": 200}
CANDIDATES = """
SELECT candidate.codebase, suite, command, context, candidate.value,
    ARRAY(SELECT mode::text FROM unnest(per_branch_policy)) AS modes
FROM candidate
JOIN named_publish_policy AS policy ON policy.name = publish_policy
JOIN codebase ON codebase.name = candidate.codebase
WHERE NOT codebase.inactive
ORDER BY md5(candidate.id::text)
LIMIT :sample
"""
RUNS_OF_ONE = """
SELECT result_code, context, instigated_context, duration FROM run
WHERE codebase = :codebase AND suite = :suite AND failure_transient IS NOT TRUE
    AND (result_code <> 'worker-failure' OR start_time >= now() - interval '1 day')
"""
MEAN_OF_CODEBASE = """
SELECT avg(duration) FROM run WHERE codebase = :codebase AND failure_transient IS NOT TRUE
"""
ADD_ONE = """
INSERT INTO queue (codebase, suite, command, context, estimated_duration, priority, requester)
VALUES (:codebase, :suite, :command, :context, :duration,
    (SELECT coalesce(min(priority), 0) FROM queue) + :distance, 'scheduler')
ON CONFLICT (codebase, suite, coalesce(change_set, '')) DO UPDATE
    SET priority = excluded.priority, estimated_duration = excluded.estimated_duration
"""


def one_at_a_time(engine: Engine, sample: int) -> int:
    """Schedule a sample of candidates as a platform does today; returns how many."""
    with engine.begin() as conn:
        return _one_at_a_time(conn, sample)


def _one_at_a_time(conn: Conn, sample: int) -> int:
    highest = conn.execute(text("SELECT max(value) FROM codebase")).scalar_one()
    values = {row.name: row.value for row in conn.execute(text("SELECT name, value FROM codebase"))}
    candidates = conn.execute(text(CANDIDATES), {"sample": sample}).all()
    for candidate in candidates:
        where = {"codebase": candidate.codebase, "suite": candidate.suite}
        runs = conn.execute(text(RUNS_OF_ONE), where).all()
        durations = [run.duration for run in runs if run.duration is not None]
        if durations:
            duration = sum(durations, timedelta()) / len(durations)
        else:
            mean = conn.execute(text(MEAN_OF_CODEBASE), where).scalar_one()
            duration = mean or timedelta(seconds=15)
        successes = sum(run.result_code == "success" for run in runs)
        factor = 1.0 if candidate.context or not runs else 0.5
        if any(candidate.context in {run.context, run.instigated_context} for run in runs):
            factor = 0.1 if candidate.context else factor
        probability = (10 * successes + 1) / (10 * len(runs) + 1) * factor
        value = candidate.value + sum(VALUES.get(mode, 0) for mode in candidate.modes)
        value += 0 if runs else 100
        known = values[candidate.codebase]
        weight = 0.5 if known is None else max(min(known / highest, 1.0), 0.1)
        cost = 20000 + duration.total_seconds() * 1000
        conn.execute(
            text(ADD_ONE),
            where
            | {
                "command": candidate.command,
                "context": candidate.context,
                "duration": duration,
                "distance": round(cost / (weight * probability * value)),
            },
        )
    return len(candidates)


@dataclass
class Size:
    """A database with so many candidates and runs, and the seconds that were measured in it."""

    engine: Engine
    candidates: int
    runs: int
    baselines: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    idles: list[float] = field(default_factory=list)

    def generate(self) -> None:
        """Fill the tables; the queue stays empty."""
        codebases, last_campaign = self.candidates // CAMPAIGNS, CAMPAIGNS - 1
        filled = GENERATE.format(codebases=codebases, last_campaign=last_campaign, runs=self.runs)
        with self.engine.begin() as conn:
            conn.exec_driver_sql(filled, execution_options={"no_parameters": True})
        _tidy_up(self.engine)

    def time_first_pass(self) -> None:
        """Time the baseline and a first pass, each in an empty queue."""
        engine = self.engine
        self.baselines.append(_in_an_empty_queue(engine, lambda: one_at_a_time(engine, SAMPLE)))
        self.firsts.append(_in_an_empty_queue(engine, lambda: recompute_all(engine)))

    def fill_queue(self) -> None:
        """Have a first pass, so that the next ones change nothing."""
        recompute_all(self.engine)
        _tidy_up(self.engine)

    def time_idle_pass(self) -> None:
        """Time a pass that changes nothing."""
        self.idles.append(_idle_pass(self.engine))

    def figures(self) -> dict[str, Any]:
        """Return what was measured."""
        baseline = statistics.median(self.baselines) / min(SAMPLE, self.candidates)
        first, idle = statistics.median(self.firsts), statistics.median(self.idles)
        return {
            "candidates": self.candidates,
            "runs": self.runs,
            "one_at_a_time_per_second": round(1 / baseline),
            "first_pass_seconds": round(first, 3),
            "idle_pass_seconds": round(idle, 3),
            "first_pass_times_faster": round(baseline * self.candidates / first, 1),
            "idle_pass_times_faster": round(baseline * self.candidates / idle, 1),
            "first_pass_us_per_candidate": round(first / self.candidates * 1e6, 2),
            "idle_pass_us_per_candidate": round(idle / self.candidates * 1e6, 2),
        }


def measure(sizes: Sequence[Size], rounds: int) -> list[dict[str, Any]]:
    """Return the figures of each size; in turns, so that what the machine does meets all."""
    for size in sizes:
        size.generate()
    for _ in range(rounds):
        for size in sizes:
            size.time_first_pass()
    for size in sizes:
        size.fill_queue()
    for _ in range(rounds):
        for size in sizes:
            size.time_idle_pass()
    return [size.figures() for size in sizes]


def _tidy_up(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")
        conn.exec_driver_sql("CHECKPOINT")  # or the server writes what was, while it is timed


def _in_an_empty_queue(engine: Engine, work: Callable[[], object]) -> float:
    """The seconds of some work in an empty queue, which is empty afterwards."""
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    with engine.begin() as conn:
        conn.exec_driver_sql("TRUNCATE queue")
    _tidy_up(engine)
    return seconds


def _idle_pass(engine: Engine) -> float:
    began = time.perf_counter()
    done = recompute_all(engine)
    if done.added or done.changed:
        raise SystemExit(f"a pass that should change nothing: {done}")
    return time.perf_counter() - began


def main() -> None:
    """Measure each size in a database of its own and print the figures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--candidates", type=int, nargs="+", default=[100_000])
    options.add_argument("--runs-each", type=int, default=10, help="runs for each candidate")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    with ExitStack() as servers:
        sizes = []
        for candidates in chosen.candidates:
            directory = servers.enter_context(tempfile.TemporaryDirectory())
            server = servers.enter_context(EmbeddedPostgres(Path(directory)))
            engine = create_pool(server.url)
            servers.callback(engine.dispose)
            upgrade(engine)
            sizes.append(Size(engine, candidates, candidates * chosen.runs_each))
        figures = measure(sizes, chosen.rounds)
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    for name in figures[0]:
        print(f"{name:30}" + "".join(f"{figure[name]:>14,}" for figure in figures))


if __name__ == "__main__":
    main()
