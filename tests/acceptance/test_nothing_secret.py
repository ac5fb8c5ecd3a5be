"""What a house tells of itself (logs, rows, Flower, command lines) holds no password.

One house serves all tests here: a worker of each pool, beat and Flower, on servers with
passwords. Each pool gets a job; the store and the runner that fail have passwords in their
URLs, and the buckets of artifacts, an S3 one and one of Google's for a backup, are away from a
worker that has credentials for them.
"""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import redis
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from janitor.logs.ingest import INGEST
from janitor.state.job import JobRow
from tests.acceptance.harness import Janitor, environment_for
from tests.acceptance.scenario import RUN, a_run_with_logs, ask_for
from tests.conftest import fresh_database
from tests.integration.storage.planted import (
    AMAZONS,
    new_private_key,
    secrets_of,
    service_account,
)
from workers.pools import POOLS
from workers.ports import free_port

pytestmark = pytest.mark.acceptance

STORE = "store-horse-battery"
RUNNER = "runner-horse-battery"
SENT = "sent-horse-battery"
TARGET = "target-horse-battery"
NOWHERE = "http://127.0.0.1:1"

WORK: list[tuple[str, dict[str, Any]]] = [
    ("janitor.schedule.finish", {"run_id": "never-handed-in"}),
    ("janitor.artifacts.upload", {"run_id": RUN, "names": ["hello.deb"]}),
    ("janitor.vcs.diff", {"run_id": RUN, "role": "main"}),
    (
        "janitor.review.set_publish_status",
        {"run_id": RUN, "publish_status": "approved", "because": 1},
    ),
    ("janitor.review.notify", {"delivery": 1, "round": 1}),
    (
        INGEST.name,
        {
            "run_id": RUN,
            "codebase": "hello",
            "name": "x.log",
            "origin": f"https://me:{SENT}@example.com/x",
        },
    ),
]
GOOD = 2  # logs that are stored
TABLE = (
    "draw=1&start=0&length=99&search[value]="
    "&order[0][column]=0&order[0][dir]=asc&columns[0][data]=name"
)
PAGES = ("/", "/workers", "/tasks", "/broker", "/metrics", "/api/queues/length", "/api/task/types")


class House:
    """The running house."""

    def __init__(self, janitor: Janitor, flower: str) -> None:
        self.janitor = janitor
        self._flower = flower
        config = janitor.deployment.config
        urls = (make_url(str(config.database_location)), make_url(str(config.redis_location)))
        key = json.loads((janitor.directory / "key.json").read_text())["private_key"]
        passwords = (str(url.password) for url in urls)
        self._secrets = [STORE, RUNNER, SENT, TARGET, *passwords, *secrets_of(key)]
        self.workers = [f"{pool.name}@{socket.gethostname()}" for pool in POOLS]

    def fetch(self, path: str) -> str:
        with urllib.request.urlopen(self._flower + path, timeout=30) as answer:  # noqa: S310 - loopback
            return str(answer.read().decode())

    def tasks(self) -> dict[str, dict[str, Any]]:
        """What Flower knows of jobs, by id."""
        told: dict[str, dict[str, Any]] = json.loads(self.fetch("/api/tasks?limit=1000"))
        names = {INGEST.name, *(name for name, _ in WORK)}
        return {key: task for key, task in told.items() if task["name"] in names}

    def flower_hears_all(self) -> bool:
        try:
            heard = json.loads(self.fetch("/workers?json=1"))["data"]
        except (urllib.error.URLError, ConnectionError):
            return False
        return {entry["hostname"] for entry in heard if entry.get("status")} >= set(self.workers)

    def flower_shows_all(self) -> bool:
        ended = [task for task in self.tasks().values() if task["state"] == "SUCCESS"]
        return len(ended) >= GOOD + len(WORK)

    def assert_tells_nothing(self, told: str, where: str) -> None:
        for secret in self._secrets:
            assert secret not in told, f"{where} tells {secret}"


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_url: str,
    migrated_template: str,
    valkey_url: str,
) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    key_file = directory / "key.json"
    key_file.write_text(json.dumps(service_account(new_private_key(), f"{NOWHERE}/token")))
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    with fresh_database(postgres_url, template=migrated_template) as database_url:
        environment = (
            environment_for(directory, database_url, valkey_url)
            | {
                "JANITOR_GIT_LOCATION": f"http://bot:{STORE}@127.0.0.1:1/git",
                "JANITOR_RUNNER_URL": f"http://bot:{RUNNER}@127.0.0.1:1/",
                "JANITOR_NOTIFY_OPS": f"json://bot:{TARGET}@127.0.0.1:1/{TARGET}",
                "JANITOR_ARTIFACT_LOCATION": f"{NOWHERE}/a-bucket",
                "JANITOR_ARTIFACT_BACKUP_LOCATION": "gs://a-bucket/",
                "GOOGLE_APPLICATION_CREDENTIALS": str(key_file),
                "STORAGE_EMULATOR_HOST": NOWHERE,
                "FLOWER_UNAUTHENTICATED_API": "true",
            }
            | AMAZONS
        )
        janitor = Janitor(environment, directory)
        try:
            yield at_work(janitor)
        finally:
            janitor.stop()


def at_work(janitor: Janitor) -> House:
    """Start everything, give each pool work, and wait until Flower shows that it was done."""
    port = free_port(0)
    janitor.start("flower", f"--port={port}")
    for pool in POOLS:
        janitor.start("worker", pool.name, "--concurrency=1", "--events")
    house = House(janitor, f"http://127.0.0.1:{port}")
    janitor.wait("Flower to hear of each worker", lambda _: house.flower_hears_all())
    janitor.start("beat")
    asks = a_run_with_logs(janitor, GOOD)
    (janitor.deployment.spool.run_directory(RUN) / "hello.deb").write_bytes(b"hello")
    with janitor.session() as session:
        session.execute(text("UPDATE run SET vcs_type = 'git', revision = 'x'"))
        session.execute(
            text(
                "INSERT INTO new_result_branch (run_id, role, base_revision, revision)"
                " VALUES (:run, 'main', :old, :new)"
            ),
            {"run": RUN, "old": f"git-v1:{'1' * 40}", "new": f"git-v1:{'2' * 40}"},
        )
        # Without a verdict to that effect the runner would not be told.
        session.execute(
            text(
                "INSERT INTO review (run_id, reviewer, verdict) VALUES (:run, 'ada', 'approved');"
                "INSERT INTO review_history (run_id, reviewer, verdict, qa_reviewer)"
                " VALUES (:run, 'ada', 'approved', true)"
            ),
            {"run": RUN},
        )
        session.execute(
            text(
                "INSERT INTO notification_subscription (name, events, target)"
                " VALUES ('ops', '*', 'ops');"
                "INSERT INTO notification_delivery (subscription, event, details)"
                " VALUES ('ops', 'test', '{}')"
            )
        )
        session.commit()
    ask_for(janitor, asks)
    for name, arguments in WORK:
        janitor.send(name, **arguments)
    janitor.wait("each to go wrong", lambda session: set(errors(session)) >= {*dict(WORK)})
    janitor.wait("Flower to show that all was done", lambda _: house.flower_shows_all())
    return house


def errors(session: Session) -> dict[str, str]:
    """What went wrong, by kind of job."""
    found = session.execute(
        select(JobRow.kind, JobRow.last_error).where(JobRow.last_error.is_not(None))
    )
    return {kind: error or "" for kind, error in found}


def test_rows_tell_what_went_wrong_and_no_password(house: House) -> None:
    with house.janitor.session() as session:
        went_wrong = errors(session)
        tables = session.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        ).all()
        for table in tables:
            rows = session.scalars(text(f'SELECT t::text FROM "{table}" t')).all()  # noqa: S608 - the catalogue's own names
            house.assert_tells_nothing("\n".join(rows), f"table {table}")
    assert set(went_wrong) == {name for name, _ in WORK}
    # The two that failed over a URL with a password really got as far as that.
    assert "127.0.0.1:1" in went_wrong["janitor.vcs.diff"]
    assert "127.0.0.1:1" in went_wrong["janitor.review.set_publish_status"]
    # So did the one that has credentials of two buckets.
    assert "gs://a-bucket/: can't" in went_wrong["janitor.artifacts.upload"]
    assert "target ops did not take it" in went_wrong["janitor.review.notify"]
    assert "origin" in went_wrong[INGEST.name]


def test_logs_of_processes_tell_no_password(house: House) -> None:
    logs = house.janitor.logs()
    assert "refused a message" in logs
    assert "waiting" not in logs
    assert f"{NOWHERE}/a-bucket/artifacts/: can't" in logs
    house.assert_tells_nothing(logs, "a log")


def test_command_lines_tell_no_password(house: House) -> None:
    every = [process.info for process in psutil.process_iter(["pid", "cmdline"])]
    assert {process.pid for process in house.janitor.processes} <= {one["pid"] for one in every}
    lines = "\n".join(" ".join(one["cmdline"] or ()) for one in every)
    house.assert_tells_nothing(lines, "a command line")


def test_flower_tells_no_password(house: House) -> None:
    pages = [
        *PAGES,
        *(f"/worker/{name}" for name in house.workers),
        *(f"/{place}/{key}" for key in house.tasks() for place in ("task", "api/task/info")),
        "/api/tasks",
        "/api/workers?refresh=1",
        f"/tasks/datatable?{TABLE}",
    ]
    for page in pages:
        house.assert_tells_nothing(house.fetch(page), page)


def test_flower_shows_arguments_that_can_be_read(house: House) -> None:
    shown = {(task["name"], task["kwargs"]) for task in house.tasks().values()}
    for number in range(1, GOOD + 1):
        ask = {"run_id": RUN, "codebase": "hello", "name": f"worker.log.{number}"}
        assert (INGEST.name, repr(ask)) in shown
    for name, arguments in WORK:
        assert (name, repr(arguments).replace(SENT, "***")) in shown
