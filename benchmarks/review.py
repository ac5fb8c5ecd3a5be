"""From a verdict's message to the run's publish status: how soon, and how many a second.

    python benchmarks/review.py [--idle N] [--backlog N] [--rate N] [--seconds N] [--json]

A real worker of the review pool with its two children, PostgreSQL and Valkey on this machine. The
verdicts come as messages, as from a service without access to the database, under the default
policy; each one changes a status and so is announced on a channel. Latency is from just before a
message is sent until the change is committed, which the database itself tells (LISTEN). The rate is
that of a backlog worked off, beside that of a bare Celery task that writes one row, in turns in the
same worker.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from sqlalchemy import Engine, text

from janitor.config import load
from janitor.deployment import Deployment
from janitor.review import RECORD
from janitor.state.upgrade import upgrade
from workers.app import JanitorApp, create_app
from workers.embedded import embedded_servers
from workers.pools import pool_named
from workers.running import prepare, work_on

POOL = pool_named("review")
BARE = "janitor.review.bare"
PATIENCE = 120.0  # seconds for a backlog
ROUNDS = 3  # of each rate, in turns

LEFT_OVER = """
SELECT kind, state, attempts, last_error, count(*) FROM job GROUP BY 1, 2, 3, 4
"""

PREPARE = """
CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text NOT NULL);
CREATE FUNCTION tell_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('decided', NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER tell_decided AFTER UPDATE OF publish_status ON run
    FOR EACH ROW EXECUTE FUNCTION tell_decided();
INSERT INTO named_publish_policy VALUES
    ('p', ARRAY[('main', 'propose', NULL)]::branch_publish_policy[]);
INSERT INTO codebase (name, branch_url, url)
    SELECT 'codebase-' || n, 'https://example.org/' || n, 'x' FROM generate_series(1, {runs}) AS n;
INSERT INTO candidate (codebase, suite, command, publish_policy)
    SELECT 'codebase-' || n, 'tidy', 'tidy', 'p' FROM generate_series(1, {runs}) AS n;
INSERT INTO change_set (id, campaign)
    SELECT 'run-' || n, 'tidy' FROM generate_series(1, {runs}) AS n;
INSERT INTO run (id, codebase, suite, change_set, result_code, revision, publish_status,
        logfilenames, start_time, finish_time)
    SELECT 'run-' || n, 'codebase-' || n, 'tidy', 'run-' || n, 'success', 'rev-' || n,
        'needs-manual-review', '{{}}', now(), now()
    FROM generate_series(1, {runs}) AS n;
INSERT INTO new_result_branch (run_id, role, base_revision, revision)
    SELECT 'run-' || n, 'main', 'a', 'rev-' || n FROM generate_series(1, {runs}) AS n;
"""


class Bench:
    """A worker, and a service that sends it verdicts.

    Args:
        app: the service's.
        engine: for looking.
        database_url: for listening.
        worker: the worker's process.
        runs: how many runs there are to judge.
    """

    def __init__(
        self,
        app: JanitorApp,
        engine: Engine,
        database_url: str,
        worker: psutil.Process,
        runs: int,
    ) -> None:
        self._app = app
        self._worker = worker
        self._engine = engine
        self._left = iter([f"run-{number}" for number in range(1, runs + 1)])
        self._sent: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._listening = threading.Thread(target=self._listen, args=(database_url,), daemon=True)
        self._heard = threading.Condition()
        self._listening.start()

    def verdict(self) -> str:
        """Send one verdict; returns the run."""
        run_id = next(self._left)
        self._sent[run_id] = time.perf_counter()
        self._app.send_task(
            RECORD.name,
            kwargs={
                "run_id": run_id,
                "verdict": "approved",
                "reviewer": "ada",
                "is_qa_reviewer": True,
                "submission": "benchmark",
            },
        )
        return run_id

    def idle(self, verdicts: int) -> dict[str, float]:
        """Return latencies of verdicts that come one after the other."""
        self._took.clear()
        for _ in range(verdicts):
            self._wait_for({self.verdict()})
            time.sleep(0.02)  # let its announcement go out
        return _milliseconds(self._took.values())

    def steady(self, rate: float, seconds: float) -> dict[str, float]:
        """Return latencies of verdicts that come at an even rate."""
        self._took.clear()
        sent = set()
        began = time.perf_counter()
        for number in range(round(rate * seconds)):
            pause = began + number / rate - time.perf_counter()
            if pause > 0:
                time.sleep(pause)
            sent.add(self.verdict())
        achieved = len(sent) / (time.perf_counter() - began)
        self._wait_for(sent)
        return {"sent_per_second": round(achieved, 1)} | _milliseconds(self._took.values())

    def rates(self, backlog: int) -> dict[str, float]:
        """Return how many a second are worked off, verdicts and bare tasks, in turns."""
        bare, verdicts = [], []
        for _ in range(ROUNDS):
            bare.append(self._rate("bare", backlog, lambda: self._app.send_task(BARE)))
            verdicts.append(self._rate("publish_status_change", backlog, self.verdict))
        ratio = statistics.median(verdicts) / statistics.median(bare)
        return {
            "bare_per_second": round(statistics.median(bare)),
            "verdicts_per_second": round(statistics.median(verdicts)),
            "percent_of_bare": round(100 * ratio),
        }

    def settle(self) -> None:
        """Wait until all that follows from verdicts is done."""
        self._until(lambda: not self._count("job WHERE state IN ('pending', 'leased')"))
        time.sleep(0.5)

    def _rate(self, table: str, number: int, send: Callable[[], object]) -> float:
        """Let a backlog be worked off; timed between a tenth and 95 percent of it."""
        before = self._written(table)
        with self._paused():
            for _ in range(number):
                send()
        self._until(lambda: self._written(table) - before >= number * 0.1)
        began, first = time.perf_counter(), self._written(table)
        self._until(lambda: self._written(table) - before >= number * 0.95)
        rate = (self._written(table) - first) / (time.perf_counter() - began)
        self._until(lambda: self._written(table) - before >= number)
        self.settle()
        return rate

    @contextmanager
    def _paused(self) -> Iterator[None]:
        family = [self._worker, *self._worker.children(recursive=True)]
        for process in family:
            process.suspend()
        try:
            yield
        finally:
            for process in reversed(family):
                process.resume()

    def _written(self, table: str) -> int:
        # Cheaper than to count rows; the tables are written to by nobody else.
        return self._scalar(f"SELECT coalesce(pg_sequence_last_value('{table}_id_seq'), 0)")

    def _count(self, rows: str) -> int:
        return self._scalar(f"SELECT count(*) FROM {rows}")  # noqa: S608 - our own words

    def _scalar(self, query: str) -> int:
        with self._engine.connect() as conn:
            return int(conn.execute(text(query)).scalar_one())

    def _until(self, there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not there():
            if time.monotonic() > deadline:
                with self._engine.connect() as conn:
                    print(conn.execute(text(LEFT_OVER)).all(), file=sys.stderr)
                raise SystemExit("the worker does not come to an end")
            time.sleep(0.02)

    def _wait_for(self, runs: set[str]) -> None:
        with self._heard:
            if not self._heard.wait_for(lambda: runs <= self._took.keys(), PATIENCE):
                raise SystemExit(f"{len(runs - self._took.keys())} verdicts came to nothing")

    def _listen(self, database_url: str) -> None:
        conn = psycopg2.connect(database_url)
        conn.autocommit = True
        conn.cursor().execute("LISTEN decided")
        while True:
            select.select([conn], [], [])
            try:
                conn.poll()
            except psycopg2.OperationalError:  # the server stops when all is measured
                return
            now = time.perf_counter()
            with self._heard:
                for told in conn.notifies:
                    self._took[told.payload] = now - self._sent[told.payload]
                conn.notifies.clear()
                self._heard.notify_all()


def _milliseconds(taken: Any) -> dict[str, float]:  # noqa: ANN401 - any numbers
    ordered = sorted(taken)
    parts = statistics.quantiles(ordered, n=100, method="inclusive")
    return {
        "verdicts": len(ordered),
        "p50_ms": round(parts[49] * 1000, 1),
        "p99_ms": round(parts[98] * 1000, 1),
        "max_ms": round(ordered[-1] * 1000, 1),
    }


def serve() -> None:
    """Be the worker: the review pool as it is, and the bare task beside its own."""
    prepare("WARNING")
    app = create_app(load())

    @app.task(name=BARE)  # type: ignore[misc]  # the stubs know no types of tasks
    def bare() -> None:
        with app.deployment.engine.begin() as conn:
            conn.execute(text("INSERT INTO bare (note) VALUES ('a row')"))

    work_on(app, [POOL.name], concurrency=POOL.concurrency, level="WARNING")


@contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator[psutil.Process]:
    """Run the worker in a process of its own."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - this very script
            [sys.executable, __file__, "--serve"],
            env=os.environ | environment | {"REMAP_SIGTERM": "SIGQUIT"},
            stdout=output,
            stderr=output,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(60)
        said = log.read_text()
        if said:
            print(said[-2000:], file=sys.stderr)


def measure(chosen: argparse.Namespace, directory: Path) -> dict[str, dict[str, float]]:
    """Return the figures."""
    runs = 50 + chosen.idle + ROUNDS * chosen.backlog + round(chosen.rate * chosen.seconds)
    with embedded_servers(directory) as servers:
        environment = {
            "JANITOR_DATABASE_LOCATION": servers.database_url,
            "JANITOR_REDIS_LOCATION": servers.redis_url,
        }
        app = JanitorApp(Deployment(load(environ=environment)))
        engine = app.deployment.engine
        upgrade(engine)
        with engine.begin() as conn:
            conn.exec_driver_sql(
                PREPARE.format(runs=runs), execution_options={"no_parameters": True}
            )
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("VACUUM ANALYZE")
        with worker(environment, directory / "worker.log") as process:
            bench = Bench(app, engine, servers.database_url, process, runs)
            bench.idle(50)  # both children have connected by then
            bench.settle()
            figures = {"idle": bench.idle(chosen.idle)}
            bench.settle()
            figures["rate"] = bench.rates(chosen.backlog)
            figures["steady"] = bench.steady(chosen.rate, chosen.seconds)
            bench.settle()
        app.deployment.close()
    return figures


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--idle", type=int, default=500, help="verdicts one after the other")
    options.add_argument("--backlog", type=int, default=3000, help="messages of each rate")
    options.add_argument("--rate", type=float, default=200, help="verdicts a second, steadily")
    options.add_argument("--seconds", type=float, default=30, help="for so long")
    options.add_argument("--json", action="store_true")
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        serve()
        return
    with tempfile.TemporaryDirectory(prefix="janitor-bench-") as directory:
        figures = measure(chosen, Path(directory))
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    for name, row in figures.items():
        print(f"{name:8}" + "".join(f"  {what} {figure}" for what, figure in row.items()))


if __name__ == "__main__":
    main()
