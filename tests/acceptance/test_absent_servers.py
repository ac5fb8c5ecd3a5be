"""Servers that are not there when a command or a process starts, and mistakes in naming them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from janitor.state import create_pool
from janitor.state.engine import NotADatabaseUrl
from tests.acceptance.harness import Janitor, environment_for
from tests.acceptance.scenario import a_run_with_logs, ask_for, assert_each_stored_once, done
from workers.broker_url import NotABrokerUrl, checked_broker_url
from workers.embedded import EmbeddedPostgres, EmbeddedValkey

pytestmark = pytest.mark.acceptance

PASSWORD = "correct-horse"
DATABASE = f"postgresql://jo:{PASSWORD}@127.0.0.1:{{port}}/janitor"
BROKER = f"redis://:{PASSWORD}@127.0.0.1:{{port}}/0"


@pytest.fixture
def nobodys_port() -> Iterator[int]:
    """A port that is taken, but where nobody listens: a connection is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def told(environment: dict[str, str], *command: str) -> str:
    """Run a command that must end with one line to standard error; returns the line."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("JANITOR_")}
    answer = subprocess.run(
        [sys.executable, "-m", "workers", *command],
        env=known | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 1, answer
    assert answer.stdout == ""
    (line,) = answer.stderr.splitlines()
    assert line.startswith("janitor-workers: ")
    assert PASSWORD not in line
    return line


@pytest.mark.parametrize("command", ["check", "upgrade"])
def test_a_database_that_is_away_is_told_in_a_line(command: str, nobodys_port: int) -> None:
    location = DATABASE.format(port=nobodys_port)
    line = told({"JANITOR_DATABASE_LOCATION": location}, "db", command)
    assert f"port {nobodys_port} failed: Connection refused" in line
    assert "is PostgreSQL running" in line
    assert "JANITOR_DATABASE_LOCATION" in line


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        (f"postgresql://jo:{PASSWORD}@host:port/x", "is not a URL like postgresql://"),
        (f"postgresql://jo:{PASSWORD}@[::1/x", "is not a URL like postgresql://"),
        (PASSWORD, "is not a URL like postgresql://"),
        (f"mysql://jo:{PASSWORD}@host/x", "it must be postgresql://"),
        (f"postgresql://jo:{PASSWORD}@host/x?colour=red", 'option "colour"'),
    ],
)
def test_a_database_url_that_is_none_is_told(location: str, sentence: str) -> None:
    with pytest.raises(NotADatabaseUrl) as told:
        create_pool(location)
    assert sentence in str(told.value)
    assert PASSWORD not in str(told.value)


@pytest.mark.parametrize("command", ["worker logs", "beat"])
def test_nobody_waits_for_a_url_that_is_none(command: str, nobodys_port: int) -> None:
    database = {"JANITOR_DATABASE_LOCATION": DATABASE.format(port=nobodys_port)}
    broker = {"JANITOR_REDIS_LOCATION": BROKER.format(port=nobodys_port)}
    no_database = {"JANITOR_DATABASE_LOCATION": f"postgresql://{PASSWORD}@host/x?colour=red"}
    no_broker = {"JANITOR_REDIS_LOCATION": f"redis://:{PASSWORD}@host:port/0"}
    assert "the database location is no" in told(no_database | broker, *command.split())
    assert "redis_location (JANITOR_REDIS_LOCATION) is no" in told(
        database | no_broker, *command.split()
    )


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("", "redis_location is not configured"),
        (PASSWORD, "is not a URL like redis://"),
        (f"http://:{PASSWORD}@host", "is not a URL like redis://"),
        (f"redis://:{PASSWORD}@host:port/0", "is not a URL like redis://"),
        (f"redis://:{PASSWORD}@host:6379/zero", "is not a URL like redis://"),
    ],
)
def test_a_broker_url_that_is_none_is_told(location: str, sentence: str) -> None:
    with pytest.raises(NotABrokerUrl) as told:
        checked_broker_url(location or None)
    assert sentence in str(told.value)
    assert PASSWORD not in str(told.value)


def test_a_configuration_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    line = told({}, "--config", str(tmp_path / "missing.conf"), "db", "check")
    assert "missing.conf cannot be read: No such file" in line
    assert "--config" in line


def test_a_mistake_in_the_configuration_is_told_with_its_place(tmp_path: Path) -> None:
    conf = tmp_path / "janitor.conf"
    conf.write_text(f'database_location: "{DATABASE.format(port=1)}"\ndatabase: "x"\n')
    assert f"{conf}:2:1: Config has no field 'database'" in told(
        {}, "--config", str(conf), "worker", "logs"
    )


def test_an_unknown_pool_is_refused_with_the_names_of_those_there_are() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "workers", "worker", "lags"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 2
    assert "'lags' is not one of 'schedule', 'logs'" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.fixture
def absent(tmp_path: Path) -> Iterator[tuple[Janitor, EmbeddedPostgres, EmbeddedValkey]]:
    """A deployment whose servers have been started before, and are not running now."""
    servers = EmbeddedPostgres(tmp_path, durable=False), EmbeddedValkey(tmp_path)
    postgres, valkey = servers
    urls = [_started_once(server) for server in servers]
    janitor = Janitor(environment_for(tmp_path, *urls), tmp_path)
    try:
        yield janitor, postgres, valkey
    finally:
        janitor.stop()
        for server in servers:
            server.stop()


def _started_once(server: EmbeddedPostgres | EmbeddedValkey) -> str:
    with server:
        return server.url


def test_processes_wait_for_each_server_and_for_the_schema_and_go_on(
    absent: tuple[Janitor, EmbeddedPostgres, EmbeddedValkey],
) -> None:
    janitor, postgres, valkey = absent
    processes = [
        janitor.start("worker", "logs", "schedule"),
        janitor.start("beat"),
        janitor.start("flower", "--port=0"),
    ]
    everybody = range(len(processes))
    janitor.wait_for_logs(
        "waiting: the database did not answer", "is PostgreSQL running", of=everybody
    )

    postgres.start()
    janitor.wait_for_logs(
        'relation "job" does not exist', "janitor-workers db upgrade", of=everybody
    )

    assert janitor.start("db", "upgrade").wait(60) == 0
    asks = a_run_with_logs(janitor, 2)
    ask_for(janitor, asks)  # the broker is away: upkeep will ring
    janitor.wait_for_logs(
        "waiting: the broker did not answer", "is Redis or Valkey running", of=everybody
    )

    valkey.start()
    janitor.let_time_pass()
    janitor.wait("both logs to be stored", lambda _: done(janitor) == 2)
    assert_each_stored_once(janitor, asks)
    assert [process.poll() for process in processes] == [None] * 3
    for said in janitor.logs_of_each()[: len(processes)]:
        assert "Traceback" not in said
        missing = [line.partition(" waiting: ")[2] for line in said.splitlines()]
        missing = [line for line in missing if line]
        assert len(missing) == len(set(missing)), missing  # each is said once
        assert postgres.password not in said
        assert valkey.password not in said
