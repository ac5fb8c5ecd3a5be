"""A Janitor under test: database, broker and stores of its own, real worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from janitor.config import load
from janitor.deployment import Deployment
from janitor.state.job import JobRow
from workers.app import JanitorApp, open_deployment

PATIENCE = 90.0  # seconds; only a test that fails waits so long
LEASE_SECONDS = "2"
ODD_WORKER = Path(__file__).with_name("odd_worker.py")


@dataclass
class Janitor:
    """One deployment under test.

    Args:
        environment: what each of its processes gets to know.
        directory: where stores and logs of processes are.
    """

    environment: dict[str, str]
    directory: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.deployment: Deployment = open_deployment(load(environ=self.environment))

    def start(self, *command: str, odd: bool = False) -> subprocess.Popen[bytes]:
        """Start ``janitor-workers COMMAND`` (or the worker with odd tasks)."""
        program = [str(ODD_WORKER)] if odd else ["-m", "workers"]
        log = self.log_of(len(self.processes)).open("wb")
        process = subprocess.Popen(
            [sys.executable, *program, *command],
            env=os.environ | self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def log_of(self, number: int) -> Path:
        return self.directory / f"process-{number}.log"

    def logs(self) -> str:
        said = enumerate(self.logs_of_each())
        return "\n".join(f"== process-{number}\n{text}" for number, text in said)

    def logs_of_each(self) -> list[str]:
        return [self.log_of(number).read_text() for number in range(len(self.processes))]

    def send(self, name: str, /, *args: Any, **arguments: Any) -> None:
        """Send a message as a service without database access does."""
        app = JanitorApp(Deployment(self.deployment.config))
        app.send_task(name, args=args, kwargs=arguments)
        app.close()

    def session(self) -> Session:
        return self.deployment.sessions()

    def wait(self, what: str, there: Callable[[Session], Any]) -> Any:
        """Return what ``there`` finds once it finds something."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with self.session() as session:
                found = there(session)
                if found:
                    return found
            time.sleep(0.1)
        pytest.fail(f"waited {PATIENCE:.0f} s for {what}\n{self.jobs()}\n{self.logs()}")

    def wait_for_job(self, key: str, state: str) -> JobRow:
        job: JobRow = self.wait(
            f"job {key} to be {state}",
            lambda session: session.scalars(
                select(JobRow).where(JobRow.key == key, JobRow.state == state)
            ).one_or_none(),
        )
        return job

    def wait_for_file(self, path: Path) -> None:
        self.wait(f"{path.name} to appear", lambda _session: path.exists())

    def wait_for_logs(self, *words: str, of: Sequence[int]) -> None:
        """Wait until each of some processes (by number) has said all the words."""

        def said(_session: Session) -> bool:
            logs = self.logs_of_each()
            return all(word in logs[number] for number in of for word in words)

        self.wait(f"processes {of} to say {words}", said)

    def let_time_pass(self) -> None:
        """Make each waiting job's last ring an hour older: upkeep rings for it when it comes."""
        with self.session() as session:
            earlier = JobRow.rung_at - timedelta(hours=1)
            session.execute(
                update(JobRow).where(JobRow.state == "pending").values(rung_at=earlier),
                execution_options={"synchronize_session": False},
            )
            session.commit()

    def jobs(self) -> str:
        with self.session() as session:
            rows = session.execute(text("SELECT kind, key, state, attempts, last_error FROM job"))
            return "\n".join(str(tuple(row)) for row in rows)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a process and its children as a power cut would."""
        for victim in [psutil.Process(process.pid), *children_of(process)]:
            try:
                victim.kill()
            except psutil.NoSuchProcess:
                continue
        process.wait()

    def stop(self) -> None:
        """Ask everything to stop, and see to it."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill(process)
        self.deployment.close()


def children_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def environment_for(directory: Path, database_url: str, redis_url: str) -> dict[str, str]:
    places = {
        "SPOOL_LOCATION": directory / "spool",
        "LOGS_LOCATION": directory / "logs",
        "ARTIFACT_LOCATION": directory / "artifacts",
        "GIT_LOCATION": directory / "git",
        "BZR_LOCATION": directory / "bzr",
    }
    for place in places.values():
        place.mkdir()
    return {
        "JANITOR_DATABASE_LOCATION": database_url,
        "JANITOR_REDIS_LOCATION": redis_url,
        "JANITOR_LEASE_SECONDS": LEASE_SECONDS,
    } | {f"JANITOR_{name}": str(place) for name, place in places.items()}
