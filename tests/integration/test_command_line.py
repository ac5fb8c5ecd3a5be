"""``janitor-workers`` as a person meets it: sentences, exit codes, nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from workers.left_over import ProcessFile, marked
from workers.pools import POOLS
from workers.processes import end, living

PORT = 1  # nothing listens there


def environment(**locations: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("JANITOR_")}
    return ours | {f"JANITOR_{name.upper()}": value for name, value in locations.items()}


def janitor_workers(*words: str, **locations: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers", *words],
        env=environment(**locations),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("janitor-workers: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


@pytest.fixture
def occupied_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "data"
    yield directory
    end(lambda: [*marked(directory), *processes_in(directory)], [signal.SIGKILL], 10)


def processes_in(data: Path) -> set[psutil.Process]:
    found = set()
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(data):
                found.add(process)
        except psutil.Error:
            continue
    return found


def test_a_configuration_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = janitor_workers("--config", str(tmp_path / "none.conf"), "db", "check")
    assert_sentence(done, "none.conf cannot be read", "--config or JANITOR_CONFIG")


def test_a_database_that_is_not_there_is_told_without_its_password() -> None:
    location = f"postgresql://me:hunter2@127.0.0.1:{PORT}/x"
    done = janitor_workers("db", "upgrade", database_location=location)
    assert_sentence(done, "is PostgreSQL running", "JANITOR_DATABASE_LOCATION")
    assert "hunter2" not in done.stderr


def test_the_check_of_a_database_without_schema_fails(empty_database_url: str) -> None:
    assert janitor_workers("db", "check", database_location=empty_database_url).returncode == 1
    assert janitor_workers("db", "upgrade", database_location=empty_database_url).returncode == 0
    assert janitor_workers("db", "check", database_location=empty_database_url).returncode == 0


def test_an_argument_that_is_no_text_is_told(database_url: str) -> None:
    words = ("schedule", "explain", "caf\udce9", "tidy")
    done = janitor_workers(*words, database_location=database_url)
    assert_sentence(done, "caf", "UTF-8")


def test_a_wrong_option_is_a_usage_error() -> None:
    done = janitor_workers("worker", "lgos")
    assert done.returncode == 2
    assert "'lgos' is not one of" in done.stderr


def test_a_port_of_flower_that_is_taken_is_told_before_anything_starts(
    data: Path, occupied_port: int
) -> None:
    up = janitor_workers("up", "--data", str(data), f"--flower-port={occupied_port}")
    assert_sentence(up, f"127.0.0.1:{occupied_port}", "choose another port")
    assert not (data / "postgres").exists()
    flower = janitor_workers(
        "flower", f"--port={occupied_port}", redis_location=f"redis://127.0.0.1:{PORT}/0"
    )
    assert_sentence(flower, f"127.0.0.1:{occupied_port}", "choose another port")


def test_a_data_directory_that_cannot_be_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = janitor_workers("up", "--data", str(tmp_path / "file" / "data"), "--flower-port=0")
    assert_sentence(done, "cannot be used for data", "choose another data directory")


def test_up_runs_everything_until_sigterm_and_leaves_nothing(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "janitor.conf"
    config.write_text("")
    command = ["--config", config.name, "up", "--data", str(data), "--flower-port=0"]
    with subprocess.Popen(
        [sys.executable, "-m", "workers", *command],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        text=True,
    ) as up:
        assert up.stdout is not None
        assert up.stdout.readline().startswith("database ")
        programs = {
            record.name: psutil.Process(record.pid)
            for record in ProcessFile(data / "processes.json").read()
        }
        workers = {f"worker-{pool.name}" for pool in POOLS}
        assert set(programs) == workers | {"beat", "flower"}
        for program in programs.values():
            assert program.environ()["JANITOR_CONFIG"] == str(config)
        assert_sentence(
            janitor_workers("up", "--data", str(data), "--flower-port=0"),
            f"in use by process {up.pid}",
        )
        up.send_signal(signal.SIGTERM)
        assert up.wait(60) == 128 + signal.SIGTERM
    assert living({*programs.values(), *marked(data), *processes_in(data)}) == set()


def test_sigterm_while_the_servers_start_leaves_nothing(data: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "workers", "up", "--data", str(data), "--flower-port=0"],
        env=environment(),
        stdout=subprocess.DEVNULL,
    ) as up:
        while not processes_in(data):
            assert up.poll() is None
        up.send_signal(signal.SIGTERM)
        assert up.wait(60) == 128 + signal.SIGTERM
    assert living(processes_in(data)) == set()
