"""An upload that waits in the spool, as its task and the command see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from janitor.config import load
from janitor.deployment import Deployment
from janitor.names import UnsafeName
from janitor.state.job import JobRow
from tasks import schedule
from workers.app import JanitorApp, create_app
from workers.cli import cli

GOOD = {"codebase": "hello", "campaign": "tidy", "command": "tidy", "publish_policy": "propose"}


@pytest.fixture
def app(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JanitorApp]:
    monkeypatch.setenv("JANITOR_DATABASE_LOCATION", database_url)
    monkeypatch.setenv("JANITOR_SPOOL_LOCATION", str(tmp_path / "spool"))
    monkeypatch.delenv("JANITOR_CONFIG", raising=False)

    monkeypatch.setenv("JANITOR_REDIS_LOCATION", "redis://127.0.0.1:1/0")  # nobody is rung for
    app = create_app(load(None), jobs=[schedule.upload], clock=[])
    yield app
    app.deployment.close()


@pytest.fixture
def deployment(app: JanitorApp) -> Deployment:
    return app.deployment


def spooled(deployment: Deployment, name: str, *lines: Any) -> Path:
    directory = deployment.spool.upload_directory
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def run_task(app: JanitorApp, session: Session, **arguments: Any) -> JobRow:
    app.tasks["janitor.schedule.upload"].apply(kwargs=arguments)
    session.expire_all()
    return session.scalars(select(JobRow).where(JobRow.key == arguments["file"])).one()


def test_a_spooled_file_is_taken_in_once(uploads: Any, app: JanitorApp, session: Session) -> None:
    path = spooled(app.deployment, "one.jsonl", GOOD)
    for _ in range(2):
        job = run_task(app, session, file="one.jsonl", subject="candidates")
        assert (job.state, job.attempts) == ("done", 1)
    assert uploads.rows("SELECT codebase FROM queue") == [("hello",)]
    assert not path.exists()
    report = json.loads(path.with_name("one.jsonl.report.json").read_text())
    assert (report["added"], report["stored"]) == (1, True)
    assert [each.name for each in path.parent.iterdir()] == ["one.jsonl.report.json"]


def test_a_wrong_line_fails_the_job_and_is_reported(
    uploads: Any, app: JanitorApp, session: Session
) -> None:
    path = spooled(app.deployment, "two.jsonl", GOOD, {**GOOD, "value": -1})
    before = uploads.tables()
    job = run_task(app, session, file="two.jsonl", subject="candidates")
    assert (job.state, job.error_kind, job.attempts) == ("failed", "failure", 1)
    assert job.last_error is not None
    assert "line 2: value: " in job.last_error
    assert uploads.tables() == before
    assert path.exists()
    report = json.loads(path.with_name("two.jsonl.report.json").read_text())
    assert report["refusals"][0]["line"] == 2


def test_the_rest_goes_in_if_that_is_asked(uploads: Any, app: JanitorApp, session: Session) -> None:
    spooled(app.deployment, "three.jsonl", GOOD, {**GOOD, "value": -1})
    asked = {"file": "three.jsonl", "subject": "candidates", "all_or_nothing": False}
    assert run_task(app, session, **asked).state == "done"
    assert uploads.rows("SELECT codebase FROM candidate") == [("hello",)]


def test_a_file_that_is_not_there_or_a_link_fails_the_job(
    app: JanitorApp, session: Session, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    spooled(app.deployment, "x").with_name("link").symlink_to(secret)
    for name, reason in (("gone", "is not in the spool"), ("link", "links are not followed")):
        job = run_task(app, session, file=name, subject="codebases")
        assert (job.state, job.error_kind) == ("failed", "failure")
        assert reason in (job.last_error or "")


def test_uploads_are_nobodys_run(deployment: Deployment) -> None:
    path = spooled(deployment, "one.jsonl", GOOD)
    assert deployment.spool.run_ids() == []
    with pytest.raises(UnsafeName, match="uploads"):
        deployment.spool.discard("uploads")
    assert path.exists()


@pytest.mark.usefixtures("app")  # for the environment
def test_the_command_stores_reports_and_says_it_in_its_status(uploads: Any, tmp_path: Path) -> None:
    file = tmp_path / "candidates.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n{{\n")
    command = CliRunner()

    refused = command.invoke(cli, ["upload", "candidates", str(file)])
    assert refused.exit_code == 1
    assert "line 2: is not JSON" in refused.output
    assert uploads.rows("SELECT 1 FROM candidate") == []

    words = ["upload", "candidates", "-", "--keep-going", "--json"]
    kept = command.invoke(cli, words, input=file.read_bytes())
    assert kept.exit_code == 1
    assert (json.loads(kept.output)["added"], json.loads(kept.output)["queue_added"]) == (1, 1)

    file.write_text(json.dumps(GOOD))
    removed = command.invoke(cli, ["upload", "candidates", "--remove", str(file)])
    assert (removed.exit_code, uploads.rows("SELECT 1 FROM queue")) == (0, [])
    assert command.invoke(cli, ["upload", "codebases", str(tmp_path / "no")]).exit_code == 2
