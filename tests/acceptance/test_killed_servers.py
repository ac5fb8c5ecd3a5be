"""The broker and the database end under load and come back: every job ends once, nobody waits.

The servers are each test's own. Two of the logs are being stored when a server ends: their
workers stop at a gate, so that it ends in the middle of work on every machine.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest
import redis
from sqlalchemy import select

from janitor.logs.ingest import INGEST, IngestLog
from janitor.state.job import JobRow
from janitor.state.upgrade import upgrade
from tests.acceptance.harness import Janitor, environment_for
from tests.acceptance.scenario import a_run_with_logs, ask_for, assert_each_stored_once, done
from workers.embedded import EmbeddedPostgres, EmbeddedValkey
from workers.embedded.server import EmbeddedServer

pytestmark = pytest.mark.acceptance

JOBS = 100


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path) as server:
        yield server


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    # Durable: what was committed must be there after the kill.
    with EmbeddedPostgres(tmp_path) as server:
        yield server


def house(directory: Path, database_url: str, redis_url: str) -> Iterator[Janitor]:
    janitor = Janitor(environment_for(directory, database_url, redis_url), directory)
    try:
        yield janitor
    finally:
        janitor.stop()


@pytest.fixture
def on_own_broker(tmp_path: Path, database_url: str, valkey: EmbeddedValkey) -> Iterator[Janitor]:
    yield from house(tmp_path, database_url, valkey.url)


@pytest.fixture
def on_own_database(
    tmp_path: Path, postgres: EmbeddedPostgres, redis_url: str
) -> Iterator[Janitor]:
    for janitor in house(tmp_path, postgres.url, redis_url):
        upgrade(janitor.deployment.engine)
        yield janitor


class Load:
    """A hundred logs on their way, two of them held in the middle of the work."""

    def __init__(self, janitor: Janitor) -> None:
        self.janitor = janitor
        self.gate = janitor.directory / "spool" / "gate"
        self.asks: Sequence[IngestLog] = a_run_with_logs(janitor, JOBS)
        self.processes: list[subprocess.Popen[bytes]] = [
            janitor.start("logs", odd=True),
            janitor.start("worker", "schedule"),
            janitor.start("beat"),
        ]
        self.gate.touch()
        ask_for(janitor, self.asks)
        janitor.wait_for_file(self.gate.with_suffix(".reached"))

    def open_gate(self) -> None:
        self.gate.unlink()

    def wait_for_the_end(self) -> None:
        """Wait until all is done, an hour for each look: what upkeep is to do is due then."""

        def all_done(_session: object) -> bool:
            self.janitor.let_time_pass()
            return done(self.janitor) == JOBS

        self.janitor.wait("all jobs to be done", all_done)
        assert_each_stored_once(self.janitor, self.asks)
        assert [process.poll() for process in self.processes] == [None] * len(self.processes)

    def assert_nothing_waits(self) -> None:
        """Wait until no message is left, neither waiting nor held by a worker."""
        broker = self.janitor.deployment.redis
        self.janitor.wait(
            "the broker to be empty",
            lambda _: not broker.llen("janitor.logs") and not broker.hlen("unacked"),
        )


def kill(server: EmbeddedServer) -> None:
    """End a server as a crash of its machine would, and know that it has."""
    for process in psutil.process_iter():
        try:
            if process.name() == server.program and Path(process.cwd()) == server.directory:
                process.kill()
        except psutil.Error:
            continue
    server.stop()


def test_a_broker_that_is_killed_and_comes_back_empty(
    on_own_broker: Janitor, valkey: EmbeddedValkey
) -> None:
    load = Load(on_own_broker)
    port = valkey.port
    kill(valkey)
    shutil.rmtree(valkey.directory)
    load.open_gate()
    valkey.start()
    assert valkey.port == port
    with redis.Redis.from_url(valkey.url) as client:
        assert not client.exists("unacked")
    load.wait_for_the_end()
    load.assert_nothing_waits()


@pytest.mark.parametrize("end", [EmbeddedServer.stop, kill], ids=["stopped", "killed"])
def test_a_database_that_goes_away_and_comes_back(
    on_own_database: Janitor, postgres: EmbeddedPostgres, end: Callable[[EmbeddedServer], None]
) -> None:
    load = Load(on_own_database)
    port = postgres.port
    end(postgres)
    load.open_gate()
    on_own_database.wait_for_logs("waiting for the database", of=[0])
    postgres.start()
    assert postgres.port == port
    load.wait_for_the_end()
    load.assert_nothing_waits()


def test_a_message_that_comes_while_the_database_is_away_is_not_lost(
    on_own_database: Janitor, postgres: EmbeddedPostgres
) -> None:
    janitor = on_own_database
    (ask,) = a_run_with_logs(janitor, 1)
    worker = janitor.start("worker", "logs")
    janitor.wait_for_logs("ready.", of=[0])
    postgres.stop()
    # Nobody has a row of these yet: the messages are all there is.
    janitor.send(INGEST.name, **ask.model_dump())
    janitor.send(INGEST.name, **ask.model_dump(), colour="red")
    janitor.wait("both to wait", lambda _: janitor.logs().count("waiting for the database") > 1)
    postgres.start()
    janitor.wait_for_job(f"{ask.run_id}/{ask.name}", "done")
    janitor.wait(
        "the bad message to be a failed job",
        lambda session: session.scalars(select(JobRow.key).where(JobRow.state == "failed")).all(),
    )
    assert worker.poll() is None
