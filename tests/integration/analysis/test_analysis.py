"""Logs of failed builds are asked, and runs say what they say only where somebody wants that."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, sessionmaker

from janitor.analysis import ANALYSE, analyse, failed_runs, keep, take_over
from janitor.analysis.failures import Wanted
from janitor.config import load
from janitor.state.finding import LogFinding, ResultChange
from janitor.state.job import JobRow
from janitor.state.run import RunRow
from tasks import logs
from tests.integration.files.house import House
from tests.unit.analysis.build_logs import NO_HEADER, failed_build, sbuild_log
from workers.app import create_app
from workers.cli import cli

FOUND = "build-missing-c-header"
NO_MODULE = "ImportError: No module named foo"


@pytest.fixture
def house(
    engine: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> House:
    """Stores of logs, which commands and workers are told of, too."""
    monkeypatch.setenv("JANITOR_DATABASE_LOCATION", database_url)
    monkeypatch.setenv("JANITOR_REDIS_LOCATION", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("JANITOR_LOGS_LOCATION", str(tmp_path / "primary"))
    monkeypatch.setenv("JANITOR_LOGS_BACKUP_LOCATION", str(tmp_path / "backup"))
    return House("logs", tmp_path, sessionmaker(engine, expire_on_commit=False))


def failed(house: House, run_id: str, code: str = "build-failed", log: bytes | None = None) -> None:
    name = "dist.log" if code.startswith("dist-") else "build.log"
    house.add_run(run_id, result_code=code, description="it failed", logfilenames=[name])
    house.store(run_id, name, failed_build() if log is None else log)


def run(*words: str) -> Result:
    result = CliRunner().invoke(cli, ["logs", "analyse", *words], standalone_mode=False)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def code_of(house: House, run_id: str) -> str:
    with house.sessions() as session:
        return session.scalars(select(RunRow.result_code).where(RunRow.id == run_id)).one()


def work_off(house: House) -> list[JobRow]:
    """Do what is asked as a worker of the logs pool does."""
    app = create_app(load(None), jobs=[logs.analyse], clock=[logs.analyse_new_logs])
    with house.sessions() as session:
        payloads = session.scalars(select(JobRow.payload).where(JobRow.state == "pending")).all()
    for payload in payloads:
        app.tasks[ANALYSE.name].apply(kwargs=payload)
    with house.sessions() as session:
        return list(session.scalars(select(JobRow).order_by(JobRow.key)))


def test_what_would_change_is_listed_and_nothing_is_changed(house: House) -> None:
    failed(house, "r1")
    failed(house, "r2", FOUND)
    failed(house, "r3", "dist-command-failed", f"{NO_MODULE}\n".encode())
    said = run()
    assert sorted(said.stdout.splitlines()) == [
        f"r1  hello  tidy  build-failed -> {FOUND}: {NO_HEADER}",
        "r3  hello  tidy  dist-command-failed -> dist-missing-python-module: " + NO_MODULE,
    ]
    assert "3 runs, 2 would change, 0 can't be analysed" in said.stderr
    assert [code_of(house, run_id) for run_id in ("r1", "r3")] == [
        "build-failed",
        "dist-command-failed",
    ]
    with house.sessions() as session:
        assert session.scalars(select(LogFinding)).all() == []


def test_what_a_run_said_is_noted_when_it_says_what_its_log_says(house: House) -> None:
    failed(house, "r1")
    assert "1 changed" in run("--take-over").stderr
    with house.sessions() as session:
        now = session.get_one(RunRow, "r1")
        assert (now.result_code, now.description) == (FOUND, NO_HEADER)
        assert (now.failure_stage, now.failure_details) == ("build", {"header": "foo.h"})
        before = session.scalars(select(ResultChange)).one()
        assert (before.run_id, before.old_code, before.new_code) == ("r1", "build-failed", FOUND)
        assert before.old_description == "it failed"
        found = session.get_one(LogFinding, "r1")
        assert found.lines == [{"number": found.lines[0]["number"], "text": NO_HEADER}]
    assert "0 changed" in run("--take-over").stderr


def test_a_clear_code_is_not_replaced_by_a_vague_one(house: House) -> None:
    failed(house, "r1", "build-missing-file", sbuild_log("build"))
    failed(house, "r2", "build-failed", sbuild_log("build"))
    assert "1 changed" in run("--take-over").stderr
    assert code_of(house, "r1") == "build-missing-file"
    assert code_of(house, "r2") == "build-failed-stage-build"


def test_runs_that_say_something_else_by_now_are_left_alone(house: House) -> None:
    failed(house, "r1")
    with house.sessions() as session:
        (found,) = failed_runs(session, Wanted())
    with house.shelf.open("primary", house.place("r1", "build.log")) as log:
        analysis = analyse(found, log)
    with house.sessions.begin() as session:
        session.execute(text("UPDATE run SET result_code = 'worker-timeout'"))
    with house.sessions.begin() as session:
        keep(session, analysis)
        assert not take_over(session, analysis)
    assert code_of(house, "r1") == "worker-timeout"


@pytest.mark.parametrize("code", ["success", "worker-timeout", "branch-missing", "nothing-to-do"])
def test_codes_that_come_from_no_log_are_not_asked_about(house: House, code: str) -> None:
    failed(house, "r1", code)
    assert "0 runs" in run("--take-over").stderr
    assert code_of(house, "r1") == code


def test_a_code_without_a_stage_can_be_asked_about_again(house: House) -> None:
    failed(house, "r1", log=f"{NO_MODULE}\n".encode())
    run("--take-over")
    assert code_of(house, "r1") == "missing-python-module"
    assert "1 runs, 0 would change" in run().stderr


def test_runs_are_chosen(house: House) -> None:
    failed(house, "r1")
    failed(house, "r2", "build-missing-file")
    assert "1 runs" in run("--result", "build-missing-file").stderr
    assert "1 runs" in run("--run", "r1").stderr
    assert "0 runs" in run("--campaign", "other").stderr
    assert "2 runs" in run("--codebase", "hello", "--campaign", "tidy").stderr
    assert "only the newest 1" in run("--limit", "1").stderr


def test_logs_of_others_are_asked_and_damaged_ones_told(house: House) -> None:
    house.add_run("r1", result_code="build-failed", logfilenames=["build.log"])
    house.leave("r1", "build.log", failed_build())
    failed(house, "r2")
    house.path("primary", house.place("r2", "build.log")).write_bytes(b"no gzip")
    said = run("--json")
    (found,) = [json.loads(line) for line in said.stdout.splitlines()]
    assert (found["run"]["run_id"], found["finding"]["result_code"]) == ("r1", FOUND)
    assert "r2: a stored log is damaged" in said.stderr
    assert said.return_value == 1


def test_workers_keep_what_they_find_and_change_what_they_are_told_to(house: House) -> None:
    failed(house, "r1")
    assert "1 asked for" in run("--ask").stdout
    (job,) = work_off(house)
    assert (job.state, code_of(house, "r1")) == ("done", "build-failed")
    with house.sessions() as session:
        assert session.get_one(LogFinding, "r1").result_code == FOUND
    run("--ask", "--take-over")
    assert [job.state for job in work_off(house)] == ["done", "done"]
    assert code_of(house, "r1") == FOUND


def test_a_job_for_what_is_no_failed_build_fails(house: House) -> None:
    failed(house, "r1")
    run("--ask")
    with house.sessions.begin() as session:
        session.execute(text("UPDATE run SET result_code = 'success'"))
    (job,) = work_off(house)
    assert (job.state, job.last_error) == (
        "failed",
        "run r1 is no failed build with a build.log or dist.log",
    )


def test_new_failures_are_asked_about_once(house: House) -> None:
    failed(house, "r1")
    failed(house, "r2", log=b"all is well\n")
    failed(house, "r3", "success")
    house.add_run("r4", age=timedelta(days=400), result_code="build-failed")
    app = create_app(load(None), jobs=[logs.analyse], clock=[logs.analyse_new_logs])
    duty = app.tasks["janitor.logs.analyse_new"]
    assert duty.apply().result == "2 logs to analyse"
    assert duty.apply().result == "0 logs to analyse"
    assert [job.state for job in work_off(house)] == ["done", "done"]
    with house.sessions.begin() as session:
        session.execute(text("DELETE FROM job"))
    assert duty.apply().result == "0 logs to analyse"  # r2 was asked, though it said nothing


def test_a_run_takes_its_findings_along(house: House, session: Session) -> None:
    failed(house, "r1")
    run("--take-over")
    session.execute(text("DELETE FROM run WHERE id = 'r1'"))
    session.commit()
    assert session.scalars(select(LogFinding)).all() == []
