"""A deployment opens what its configuration names, when it is asked, and lets go of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from janitor.config import Config
from janitor.deployment import Deployment, NotConfigured
from janitor.jobs import Ring, submit
from janitor.runs import FINISH, FinishRun

# What is opened lazily, and the name that the configuration must have for it.
NAMED = {
    "redis": "redis_location",
    "spool": "spool_location",
    "logs": "logs_location",
    "artifacts": "artifact_location",
}


@pytest.fixture
def config(database_url: str, redis_url: str, tmp_path: Path) -> Config:
    return Config(
        database_location=database_url,
        redis_location=redis_url,
        spool_location=str(tmp_path / "spool"),
        logs_location=str(tmp_path / "logs"),
        logs_backup_location=str(tmp_path / "backup-logs"),
        artifact_location=str(tmp_path / "artifacts"),
        artifact_backup_location=str(tmp_path / "backup-artifacts"),
        git_location=(tmp_path / "git").as_uri(),
        bzr_location=(tmp_path / "bzr").as_uri(),
        lease_seconds=7.5,
    )


@pytest.fixture
def deployment(config: Config) -> Iterator[Deployment]:
    deployment = Deployment(config)
    yield deployment
    deployment.close()


def _opened(deployment: Deployment) -> set[str]:
    return set(vars(deployment)) - {"config", "doorbell"}


def _server_process(deployment: Deployment) -> int:
    """Which process of the database's answers this deployment."""
    with deployment.sessions() as session:
        return int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_nothing_is_opened_before_it_is_asked_for(deployment: Deployment) -> None:
    assert _opened(deployment) == set()
    assert deployment.spool.run_ids() == []
    assert _opened(deployment) == {"spool"}


def test_everything_that_is_configured_is_there_and_stays_the_same(
    deployment: Deployment, tmp_path: Path
) -> None:
    assert _server_process(deployment) == _server_process(deployment)
    assert deployment.redis.ping()
    assert set(deployment.vcs_managers) == {"git", "bzr"}
    assert deployment.lease == timedelta(seconds=7.5)
    path = tmp_path / "worker.log"
    path.write_text("hello\n")
    for logs in (deployment.logs, deployment.backup_logs):
        assert logs is not None
        assert not logs.has_log("hello", "r1", "worker.log"), "each in a place of its own"
        logs.import_log("hello", "r1", path)
        assert logs.has_log("hello", "r1", "worker.log")
    for artifacts in (deployment.artifacts, deployment.backup_artifacts):
        assert artifacts is not None
        assert list(artifacts.iter_ids()) == []
        artifacts.store_artifacts("r1", tmp_path, ["worker.log"])
        assert list(artifacts.iter_ids()) == ["r1"]


@pytest.mark.parametrize("wanted", NAMED)
def test_what_is_not_configured_is_named_with_what_to_do(wanted: str) -> None:
    deployment = Deployment(Config())
    name = NAMED[wanted]
    with pytest.raises(NotConfigured, match=f"^{name} is not .* JANITOR_{name.upper()}$"):
        getattr(deployment, wanted)


def test_what_may_be_missing_is_missed_without_complaint() -> None:
    deployment = Deployment(Config())
    assert deployment.backup_logs is None
    assert deployment.backup_artifacts is None
    assert deployment.vcs_managers == {}


def test_jobs_are_rung_for_after_commit(config: Config) -> None:
    rung: list[Ring] = []

    class Doorbell:
        def ring(self, rings: list[Ring]) -> None:
            rung.extend(rings)

    deployment = Deployment(config, Doorbell())  # type: ignore[arg-type]  # a list is a Sequence
    with deployment.sessions.begin() as session:
        submit(session, FINISH, FinishRun(run_id="r1"))
        assert rung == []
    assert [(ring.kind, ring.arguments) for ring in rung] == [(FINISH.name, {"run_id": "r1"})]
    deployment.close()


def test_what_is_closed_opens_again(deployment: Deployment) -> None:
    first = _server_process(deployment)
    deployment.close()
    assert _opened(deployment) == set()
    assert _server_process(deployment) != first
    deployment.close()
    deployment.close()  # harmless


def test_a_process_that_forked_leaves_the_parents_connections_alone(
    deployment: Deployment,
) -> None:
    parents = _server_process(deployment)
    # Two connections to Redis: one that is held, and one that waits for its next use.
    held = deployment.redis.pubsub()  # type: ignore[no-untyped-call]  # redis leaves it untyped
    held.subscribe("queue")
    deployment.redis.client_setname("parent")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            deployment.forget()
            assert _opened(deployment) == set()
            process = _server_process(deployment)
            assert deployment.redis.ping()
            deployment.close()
            os.write(writing, str(process).encode())
        finally:
            os._exit(0)  # nothing of pytest's may run twice
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        own = answer.read().decode()
    os.waitpid(child, 0)
    assert own, "the child could not use the deployment"
    assert int(own) != parents
    # The parent's are as they were: the same connections, and they work.
    assert _server_process(deployment) == parents
    assert deployment.redis.client_getname() == "parent"
    deployment.redis.publish("queue", "{}")
    heard = [held.get_message(timeout=30) for _ in range(2)]
    assert [message and message["type"] for message in heard] == ["subscribe", "message"]
    held.close()
