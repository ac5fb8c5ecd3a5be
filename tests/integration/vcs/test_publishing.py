"""Branches of runs under their names, and gone with their runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection, Engine, delete, select, text
from sqlalchemy.orm import Session

from janitor.config import Config
from janitor.deployment import Deployment
from janitor.state.branch import PublishedBranch
from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase
from janitor.state.job import JobRow
from janitor.state.run import ResultBranch, RunRow
from janitor.vcs import RemoteGitVcsManager, VcsManager
from janitor.vcs.branches.port import Branches
from janitor.vcs.branches.publishing import (
    PUBLISH,
    branches_to_publish,
    gone_runs,
    publish,
    record_published,
    withdraw,
)
from janitor.vcs.branches.turn import turn_in
from janitor.vcs.errors import RepositoryUnavailable, RevisionMissing
from tasks.vcs import withdraw_branches
from tests.integration.notifications.carrying import NO_BROKER
from workers.app import create_app

if TYPE_CHECKING:
    from conftest import BzrStore, GitStore

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
        yield conn


@pytest.fixture(params=["git", "bzr"])
def stored(request: pytest.FixtureRequest) -> tuple[VcsManager, list[bytes]]:
    store: GitStore | BzrStore = request.getfixturevalue(f"{request.param}_store")
    if request.param == "git":
        made: list[bytes] = []
        for number in range(3):
            made.append(
                store.commit({b"a": b"%d" % number}, parent=made[-1] if made else None)  # type: ignore[call-arg, dict-item]
            )
        return store.manager, made
    return store.manager, [store.commit({"a": b"%d" % number}) for number in range(3)]  # type: ignore[dict-item]


def add_run(
    session: Session, run_id: str, kind: str, hour: int, roles: dict[str, bytes | None]
) -> None:
    if session.get(Codebase, "hello") is None:
        session.add(Codebase(name="hello"))
        session.flush()
    session.add(ChangeSet(id=run_id, campaign="fix"))
    session.flush()
    began = NOON + timedelta(hours=hour)
    session.add(
        RunRow(
            id=run_id,
            start_time=began,
            finish_time=began,
            command="true",
            description="",
            result_code="success",
            suite="fix",
            vcs_type=kind,
            change_set=run_id,
            codebase="hello",
            logfilenames=[],
        )
    )
    session.flush()
    for role, revision in roles.items():
        session.add(
            ResultBranch(
                run_id=run_id,
                role=role,
                remote_name=role,
                revision=revision.decode() if revision else None,
            )
        )
    session.commit()


def published(conn: Connection, run_id: str, manager: VcsManager) -> Branches:
    managers = {manager.vcs_type: manager}
    found = branches_to_publish(conn, run_id, managers)
    for one in found:
        publish(conn, one, managers)
    record_published(conn, found)
    return manager.branches("hello")


def remove_run(session: Session, run_id: str) -> None:
    session.execute(text("DELETE FROM last_run"))
    session.execute(delete(ResultBranch).where(ResultBranch.run_id == run_id))
    session.execute(text("DELETE FROM last_run"))
    session.execute(delete(RunRow).where(RunRow.id == run_id))
    session.commit()


def withdrawn(conn: Connection, manager: VcsManager) -> list[str]:
    managers = {manager.vcs_type: manager}
    gone = gone_runs(conn, managers)
    for one in gone:
        withdraw(conn, one, managers)
    return sorted(one.tag for one in gone)


def test_a_run_s_branches_have_their_names(
    conn: Connection, session: Session, stored: tuple[VcsManager, list[bytes]]
) -> None:
    manager, (one, two, three) = stored
    add_run(session, "r1", manager.vcs_type, 1, {"main": one, "docs": two, "removed": None})
    branches = published(conn, "r1", manager)
    assert branches.get("fix/main") == one
    assert branches.get("fix/docs") == two
    assert branches.get("fix/removed") is None
    assert branches.tags() == {"run/r1/main": one, "run/r1/docs": two}
    add_run(session, "r2", manager.vcs_type, 2, {"main": three})
    published(conn, "r2", manager)
    published(conn, "r1", manager)  # late, or twice: the newest stays
    assert branches.get("fix/main") == three
    assert branches.tags()["run/r1/main"] == one
    assert branches.tags()["run/r2/main"] == three
    assert len(conn.execute(select(PublishedBranch)).all()) == 3


def test_branches_go_with_their_runs(
    conn: Connection, session: Session, stored: tuple[VcsManager, list[bytes]]
) -> None:
    manager, (one, two, _) = stored
    add_run(session, "r1", manager.vcs_type, 1, {"main": one})
    add_run(session, "r2", manager.vcs_type, 2, {"main": two})
    branches = published(conn, "r1", manager)
    published(conn, "r2", manager)
    assert withdrawn(conn, manager) == []
    remove_run(session, "r2")
    assert withdrawn(conn, manager) == ["run/r2/main"]
    assert branches.get("fix/main") == one  # back to what is left
    assert branches.tags() == {"run/r1/main": one}
    remove_run(session, "r1")
    assert withdrawn(conn, manager) == ["run/r1/main"]
    assert branches.get("fix/main") is None
    assert branches.tags() == {}
    assert withdrawn(conn, manager) == []


def test_a_branch_that_went_on_stays(
    conn: Connection, session: Session, stored: tuple[VcsManager, list[bytes]]
) -> None:
    manager, (one, two, _) = stored
    add_run(session, "r1", manager.vcs_type, 1, {"main": one})
    branches = published(conn, "r1", manager)
    branches.set("fix/main", two, expected=one)  # a worker's push, its run not handed in yet
    remove_run(session, "r1")
    assert withdrawn(conn, manager) == ["run/r1/main"]
    assert branches.get("fix/main") == two


def test_what_is_not_there_can_t_be_published(
    conn: Connection, session: Session, git_store: GitStore
) -> None:
    git_store.commit({b"a": b"x"})
    add_run(session, "r1", "git", 1, {"main": b"git-v1:" + b"1" * 40})
    with pytest.raises(RevisionMissing):
        published(conn, "r1", git_store.manager)
    (git_store.base / "hello").rename(git_store.base / "elsewhere")
    with pytest.raises(RepositoryUnavailable):
        published(conn, "r1", git_store.manager)


def test_what_is_published_beside_a_failure_goes_with_its_run(
    engine: Engine, session: Session, git_store: GitStore
) -> None:
    made = git_store.commit({b"a": b"x"})
    roles = {"docs": made, "main": b"git-v1:" + b"1" * 40, "tests": made}
    add_run(session, "r1", "git", 1, roles)
    app = create_app(config_of(engine, git_store))
    app.tasks[PUBLISH.name](run_id="r1")
    branches = git_store.manager.branches("hello")
    assert branches.tags() == {"run/r1/docs": made, "run/r1/tests": made}
    job = session.scalars(select(JobRow).where(JobRow.run_id == "r1")).one()
    assert "no revision" in (job.last_error or "")
    remove_run(session, "r1")
    assert withdraw_branches.body(app.deployment) == "3 branches withdrawn"
    assert branches.tags() == {}
    app.deployment.close()


def test_what_was_published_by_somebody_who_was_killed_then_goes_with_its_run(
    engine: Engine, session: Session, git_store: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = git_store.commit({b"a": b"x"})
    add_run(session, "r1", "git", 1, {"main": made})
    app = create_app(config_of(engine, git_store))

    def killed(*arguments: Any) -> None:
        publish(*arguments)
        raise SoftTimeLimitExceeded

    with monkeypatch.context() as patched:
        patched.setattr("tasks.vcs.publish", killed)
        with suppress(SoftTimeLimitExceeded):
            app.tasks[PUBLISH.name](run_id="r1")
    branches = git_store.manager.branches("hello")
    assert branches.tags() == {"run/r1/main": made}
    remove_run(session, "r1")
    assert withdraw_branches.body(app.deployment) == "1 branches withdrawn"
    assert (branches.tags(), branches.get("fix/main")) == ({}, None)
    app.deployment.close()


def test_what_never_came_is_not_gone_back_to(
    conn: Connection, session: Session, stored: tuple[VcsManager, list[bytes]]
) -> None:
    manager, (one, _, _) = stored
    absent = b"git-v1:" + b"1" * 40 if manager.vcs_type == "git" else b"ada@example.com-1"
    managers = {manager.vcs_type: manager}
    add_run(session, "r1", manager.vcs_type, 1, {"main": absent})
    record_published(conn, branches_to_publish(conn, "r1", managers))
    add_run(session, "r2", manager.vcs_type, 2, {"main": one})
    branches = published(conn, "r2", manager)
    remove_run(session, "r2")
    assert withdrawn(conn, manager) == ["run/r2/main"]
    assert branches.get("fix/main") is None


def test_a_branch_that_nobody_can_open_keeps_no_other_role_waiting(
    engine: Engine, session: Session, git_store: GitStore, bzr_store: BzrStore
) -> None:
    one, two = (bzr_store.commit({"a": content}) for content in (b"x", b"y"))
    branches = bzr_store.manager.branches("hello")
    branches.create("fix/docs", one)
    (bzr_store.base / "hello/fix/docs/.bzr/branch-format").write_text("nobody's")
    add_run(session, "r1", "bzr", 1, {"docs": two, "main": two})
    app = create_app(config_of(engine, git_store, bzr=bzr_store))
    app.tasks[PUBLISH.name](run_id="r1")
    assert branches.get("fix/main") == two
    job = session.scalars(select(JobRow).where(JobRow.run_id == "r1")).one()
    assert (job.state, "nobody's" in (job.last_error or "")) == ("pending", True)
    app.deployment.close()


def test_a_branch_that_another_run_made_again_stays(
    conn: Connection, session: Session, stored: tuple[VcsManager, list[bytes]]
) -> None:
    manager, (one, _, _) = stored
    add_run(session, "r1", manager.vcs_type, 1, {"main": one})
    branches = published(conn, "r1", manager)
    add_run(session, "r2", manager.vcs_type, 2, {"main": one})  # not published yet
    remove_run(session, "r1")
    assert withdrawn(conn, manager) == ["run/r1/main"]
    assert branches.get("fix/main") == one


def test_what_an_older_run_made_again_does_not_keep_the_branch(
    conn: Connection, session: Session, stored: tuple[VcsManager, list[bytes]]
) -> None:
    manager, (one, two, _) = stored
    for number, revision in enumerate((one, two, one), 1):
        add_run(session, f"r{number}", manager.vcs_type, number, {"main": revision})
        branches = published(conn, f"r{number}", manager)
    remove_run(session, "r3")
    withdrawn(conn, manager)
    assert branches.get("fix/main") == two


def test_one_repository_that_is_busy_keeps_no_other_waiting(
    conn: Connection, engine: Engine, session: Session, git_store: GitStore
) -> None:
    first = git_store.commit({b"a": b"x"})
    second = git_store.commit({b"a": b"y"}, parent=first)
    for number, revision in enumerate((first, second), 1):
        add_run(session, f"r{number}", "git", number, {f"role{number}": revision})
        branches = published(conn, f"r{number}", git_store.manager)
        remove_run(session, f"r{number}")
    (git_store.path / "refs" / "heads" / "fix" / "role1.lock").touch()
    deployment = Deployment(config_of(engine, git_store))
    assert withdraw_branches.body(deployment) == "1 branches withdrawn, 1 left for later"
    assert set(branches.tags()) == {"run/r1/role1"}
    deployment.close()


def test_one_repository_that_is_broken_keeps_no_other_waiting(
    conn: Connection, engine: Engine, session: Session, bzr_store: BzrStore, git_store: GitStore
) -> None:
    kinds = {"git": git_store.commit({b"a": b"x"}), "bzr": bzr_store.commit({"a": b"x"})}
    for store, (kind, revision) in zip((git_store, bzr_store), kinds.items(), strict=True):
        add_run(session, kind, kind, 1, {"main": revision})
        published(conn, kind, store.manager)
        remove_run(session, kind)
    (bzr_store.base / "hello" / "main" / ".bzr" / "branch-format").write_text("nobody's")
    deployment = Deployment(config_of(engine, git_store, bzr=bzr_store))
    assert withdraw_branches.body(deployment) == "1 branches withdrawn, 1 left for later"
    deployment.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("janitor.vcs.branches.turn.PATIENCE", 0.05)


@pytest.mark.usefixtures("impatient")
def test_a_busy_repository_is_waited_for_once(
    conn: Connection,
    engine: Engine,
    session: Session,
    git_store: GitStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    revision = git_store.commit({b"a": b"x"})
    add_run(session, "r1", "git", 1, {f"role{number}": revision for number in range(5)})
    published(conn, "r1", git_store.manager)
    remove_run(session, "r1")
    deployment = Deployment(config_of(engine, git_store))
    with turn_in(git_store.path):
        said = withdraw_branches.body(deployment)
    assert said == "0 branches withdrawn, 5 left for later"
    assert caplog.text.count("others have been writing in it") == 1
    assert withdraw_branches.body(deployment) == "5 branches withdrawn"
    deployment.close()


def test_who_is_told_to_come_to_an_end_does(
    conn: Connection,
    engine: Engine,
    session: Session,
    git_store: GitStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    revision = git_store.commit({b"a": b"x"})
    add_run(session, "r1", "git", 1, {"main": revision})
    published(conn, "r1", git_store.manager)
    remove_run(session, "r1")

    def too_late(*_arguments: object) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr("tasks.vcs.withdraw", too_late)
    deployment = Deployment(config_of(engine, git_store))
    with pytest.raises(SoftTimeLimitExceeded):
        withdraw_branches.body(deployment)
    deployment.close()


def config_of(engine: Engine, git: GitStore, *, bzr: BzrStore | None = None) -> Config:
    return Config(
        database_location=engine.url.render_as_string(hide_password=False),
        redis_location=NO_BROKER,
        git_location=str(git.base),
        bzr_location=str(bzr.base) if bzr else None,
    )


def test_a_store_service_publishes_itself(conn: Connection, session: Session) -> None:
    add_run(session, "r1", "git", 1, {"main": b"git-v1:" + b"1" * 40})
    managers: dict[str, VcsManager] = {"git": RemoteGitVcsManager("http://127.0.0.1:1/")}
    assert branches_to_publish(conn, "r1", managers) == []
    assert branches_to_publish(conn, "r1", {}) == []
