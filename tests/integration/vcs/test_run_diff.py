from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.state import Run
from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase
from janitor.state.diff import DiffContent, RunDiff
from janitor.state.run import ResultBranch, RunRow
from janitor.vcs import UnsupportedVcs, get_run_diff, run_diff
from janitor.vcs.errors import RepositoryUnavailable, RevisionMissing
from janitor.vcs.run_diff import (
    DIFF,
    KeptDiff,
    MakeDiff,
    NothingToCompare,
    diff_of_run,
    forget_unused_diffs,
    load_run,
    read_diff,
    record_diff,
)
from janitor.vcs.structured import DiffCounts

if TYPE_CHECKING:
    from conftest import BzrStore, GitStore

ABSENT = b"git-v1:" + b"1" * 40
NOW = datetime(2024, 5, 1, tzinfo=UTC)


def store_run(
    session: Session,
    run_id: str,
    *,
    vcs_type: str | None = "git",
    branches: dict[str, tuple[bytes | None, bytes | None]],
) -> Run:
    if session.get(Codebase, "hello") is None:
        session.add(Codebase(name="hello"))
        session.flush()
    session.add(ChangeSet(id=run_id, campaign="fix"))
    session.flush()
    session.add(
        RunRow(
            id=run_id,
            start_time=NOW,
            finish_time=NOW,
            command="true",
            description="",
            result_code="success",
            suite="fix",
            vcs_type=vcs_type,
            change_set=run_id,
            codebase="hello",
            logfilenames=[],
        )
    )
    session.flush()
    for role, (old, new) in branches.items():
        session.add(
            ResultBranch(
                run_id=run_id,
                role=role,
                remote_name=role,
                base_revision=old.decode() if old else None,
                revision=new.decode() if new else None,
            )
        )
    session.commit()
    return load_run(session, run_id)


def test_the_diff_of_a_run_is_kept(session: Session, git_store: GitStore) -> None:
    old = git_store.commit({b"a": b"x\n"})
    new = git_store.commit({b"a": b"y\nz\n"}, parent=old)
    run = store_run(session, "run-1", branches={"main": (old, new)})
    made = diff_of_run(run, "main", {"git": git_store.manager})
    record_diff(session, made)
    session.commit()
    assert made.counts == DiffCounts(files=1, insertions=2, deletions=1)
    whole = git_store.manager.get_diff("hello", old, new)
    assert read_diff(session, "run-1", "main") == KeptDiff(whole, None)
    row = session.get_one(RunDiff, ("run-1", "main"))
    assert (row.old_revision, row.new_revision) == (old.decode(), new.decode())
    assert (row.files, row.insertions, row.deletions) == (1, 2, 1)
    assert read_diff(session, "run-1", "other") is None


def test_a_bazaar_run_and_a_new_branch(session: Session, bzr_store: BzrStore) -> None:
    new = bzr_store.commit({"a": b"x\n"})
    run = store_run(session, "run-1", vcs_type="bzr", branches={"main": (None, new)})
    made = diff_of_run(run, "main", {"bzr": bzr_store.manager})
    assert made.body.startswith(b"=== added file 'a'\n")
    assert made.old_revision == b"null:"
    record_diff(session, made)
    assert read_diff(session, "run-1", "main") == KeptDiff(made.body, None)


def test_the_same_diff_of_two_runs_is_stored_once(session: Session, git_store: GitStore) -> None:
    old = git_store.commit({b"a": b"x\n"})
    new = git_store.commit({b"a": b"y\n"}, parent=old)
    for run_id in ("run-1", "run-2"):
        run = store_run(session, run_id, branches={"main": (old, new)})
        record_diff(session, diff_of_run(run, "main", {"git": git_store.manager}))
    session.commit()
    assert session.scalar(select(func.count()).select_from(DiffContent)) == 1
    assert read_diff(session, "run-1", "main") == read_diff(session, "run-2", "main")


def test_what_no_run_has_any_more_is_forgotten(session: Session, git_store: GitStore) -> None:
    old = git_store.commit({b"a": b"x\n"})
    new = git_store.commit({b"a": b"y\n"}, parent=old)
    run = store_run(session, "run-1", branches={"main": (old, new), "tags": (None, new)})
    made = {role: diff_of_run(run, role, {"git": git_store.manager}) for role in ("main", "tags")}
    for each in made.values():
        record_diff(session, each)
    session.commit()
    assert forget_unused_diffs(session) == 0
    session.execute(delete(RunDiff).where(RunDiff.role == "tags"))
    session.commit()
    assert forget_unused_diffs(session) == 1
    assert read_diff(session, "run-1", "main") == KeptDiff(made["main"].body, None)
    assert read_diff(session, "run-1", "tags") is None


def test_what_is_just_recorded_is_not_forgotten(
    engine: Engine, session: Session, git_store: GitStore
) -> None:
    old = git_store.commit({b"a": b"x\n"})
    new = git_store.commit({b"a": b"y\n"}, parent=old)
    run = store_run(session, "run-1", branches={"main": (old, new)})
    made = diff_of_run(run, "main", {"git": git_store.manager})
    record_diff(session, made)
    session.execute(delete(RunDiff))
    session.commit()
    record_diff(session, made)  # nobody sees it yet
    with Session(engine) as other:
        assert forget_unused_diffs(other) == 0
        other.commit()
    session.commit()
    assert read_diff(session, "run-1", "main") == KeptDiff(made.body, None)


def test_recording_again_replaces(session: Session, git_store: GitStore) -> None:
    old = git_store.commit({b"a": b"x\n"})
    new = git_store.commit({b"a": b"y\n"}, parent=old)
    run = store_run(session, "run-1", branches={"main": (old, new), "tags": (None, new)})
    made = diff_of_run(run, "main", {"git": git_store.manager})
    for again in (made, made, diff_of_run(run, "tags", {"git": git_store.manager})):
        record_diff(session, again)
    session.commit()
    assert session.scalar(select(func.count()).select_from(RunDiff)) == 2
    assert read_diff(session, "run-1", "main") == KeptDiff(made.body, None)


def test_what_can_not_be_compared_is_final(session: Session, git_store: GitStore) -> None:
    there = git_store.commit({b"a": b"x\n"})
    managers = {"git": git_store.manager}
    run = store_run(session, "run-1", branches={"main": (there, ABSENT)})
    with pytest.raises(RevisionMissing):
        diff_of_run(run, "main", managers)
    with pytest.raises(NothingToCompare, match="its roles: main"):
        diff_of_run(run, "docs", managers)
    with pytest.raises(UnsupportedVcs, match="git"):
        diff_of_run(run, "main", {})
    with pytest.raises(NothingToCompare, match="run-9"):
        load_run(session, "run-9")
    assert issubclass(NothingToCompare, Failure)


def test_a_repository_that_is_not_there_yet_may_come(session: Session, git_store: GitStore) -> None:
    run = store_run(session, "run-1", branches={"main": (b"null:", ABSENT)})
    git_store.path.rename(git_store.base / "moved")
    with pytest.raises(RepositoryUnavailable):
        diff_of_run(run, "main", {"git": git_store.manager})


def test_of_a_long_diff_the_beginning_is_kept(
    session: Session, git_store: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_diff, "LONGEST_KEPT", 1000)
    new = git_store.commit({b"a": b"a line\n" * 1000})
    run = store_run(session, "run-1", branches={"main": (None, new)})
    made = diff_of_run(run, "main", {"git": git_store.manager})
    record_diff(session, made)
    session.commit()
    kept = read_diff(session, "run-1", "main")
    assert kept == KeptDiff(made.body, "bytes")
    assert 990 < len(made.body) <= 1000
    assert made.body.endswith(b"+a line\n")
    assert made.counts == DiffCounts(1, made.body.count(b"\n+a line"), 0)
    whole = git_store.manager.get_diff("hello", b"null:", new)
    assert whole.startswith(made.body)
    assert get_run_diff(git_store.manager, run, "main", conn=session) == whole


def test_a_kept_diff_is_served_from_there(session: Session, git_store: GitStore) -> None:
    old = git_store.commit({b"a": b"x\n"})
    new = git_store.commit({b"a": b"y\n"}, parent=old)
    run = store_run(session, "run-1", branches={"main": (old, new)})
    made = diff_of_run(run, "main", {"git": git_store.manager})
    record_diff(session, made)
    session.commit()
    git_store.path.rename(git_store.base / "moved")
    assert get_run_diff(git_store.manager, run, "main", conn=session) == made.body
    assert b"inaccessible" in get_run_diff(git_store.manager, run, "main")
    assert get_run_diff(git_store.manager, run, "docs", conn=session) == b"No branch with role docs"


def test_get_run_diff_answers_with_a_sentence(session: Session, git_store: GitStore) -> None:
    there = git_store.commit({b"a": b"x\n"})
    run = store_run(
        session,
        "run-1",
        branches={"main": (b"null:", there), "o": (ABSENT, there), "n": (there, ABSENT)},
    )
    manager = git_store.manager
    absent = ABSENT.decode()
    assert b"+x\n" in get_run_diff(manager, run, "main")
    assert get_run_diff(manager, run, "docs") == b"No branch with role docs"
    old, new = get_run_diff(manager, run, "o"), get_run_diff(manager, run, "n")
    assert old == f"Old revision {absent} temporarily missing".encode()
    assert new == f"New revision {absent} temporarily missing".encode()
    git_store.path.rename(git_store.base / "moved")
    sentence = b"Local VCS repository for hello temporarily inaccessible"
    assert get_run_diff(manager, run, "main") == sentence


def test_the_job_is_one_for_each_role_of_a_run() -> None:
    ask = MakeDiff(run_id="run-1", role="main")
    assert DIFF.key(ask) == "run-1/main"
    assert DIFF.run is not None
    assert DIFF.run(ask) == "run-1"
