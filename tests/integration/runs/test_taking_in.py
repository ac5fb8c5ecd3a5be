"""A result that is handed in is stored whole, and once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.orm import Session

from janitor.runs import hand_in, read_handed_in, spool_is_done, store_run
from janitor.spool import Spool
from janitor.state import get_run
from janitor.state.candidate import Candidate
from janitor.state.change_set import ChangeSet
from janitor.state.job import JobRow
from janitor.state.queue import QueueEntry
from janitor.state.run import LastRun, ResultBranch, ResultTag, RunRow
from tests.integration.runs.scenario import (
    CAMPAIGN,
    CHANGED,
    CODEBASE,
    COMMAND,
    WORKER,
    add_candidate,
    add_change_set,
    claim,
    complete,
    leave,
    take_in,
    wait_until_blocked,
)

EVERYTHING: dict[str, Any] = CHANGED | {
    "description": "Tidied up",
    "context": "1.0",
    "codemod": {"files": ["a"], "share": 0.5},
    "main_branch_revision": "rev-1",
    "value": 30,
    "branches": [["main", "tidy", "rev-1", "rev-2"], ["pristine", None, None, "rev-3"]],
    "tags": [['v1, (odd) "name"', "rev-2"], ["v2", "rev-3"]],
    "remotes": {"origin": {"url": "https://example.com/"}},
    "target": {"name": "generic", "details": {}},
    "worker_name": WORKER,
    "target_branch_url": "https://example.com/hello",
    "branch_url": "https://example.com/hello,branch=x",
    "subpath": "sub",
    "transient": False,
    "codebase": CODEBASE,
}


def _count(session: Session, table: type[Any]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _jobs(session: Session) -> set[tuple[str, str]]:
    asked = select(JobRow.kind, JobRow.key).where(~JobRow.kind.endswith("announce"))
    return {(kind, key) for kind, key in session.execute(asked)}


def test_every_column_says_what_the_result_said(house: Session, spool: Spool) -> None:
    house.execute(update(QueueEntry).values(context="0.9"))
    house.commit()
    queue_id = house.scalar(select(QueueEntry.id))
    run_id = complete(house, spool, "worker.log", "build.log.1", **EVERYTHING, queue_id=queue_id)
    row = house.scalars(select(RunRow)).one()
    assert {name: value for name, value in vars(row).items() if not name.startswith("_")} == {
        "id": run_id,
        "command": COMMAND,
        "description": "Tidied up",
        "start_time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "finish_time": datetime(2026, 1, 2, 3, 5, 35, tzinfo=UTC),
        "duration": timedelta(seconds=90),
        "result_code": "success",
        "instigated_context": "0.9",
        "context": "1.0",
        "main_branch_revision": "rev-1",
        "revision": "rev-2",
        "result": {"files": ["a"], "share": 0.5},
        "suite": CAMPAIGN,
        "vcs_type": "git",
        "branch_url": "https://example.com/hello,branch=x",
        "logfilenames": ["build.log.1", "worker.log"],
        "publish_status": "needs-manual-review",
        "value": 30,
        "worker": WORKER,
        "worker_link": f"https://{WORKER}.example.com/",
        "result_tags": [ResultTag('v1, (odd) "name"', "rev-2"), ResultTag("v2", "rev-3")],
        "subpath": "sub",
        "failure_stage": None,
        "failure_details": None,
        "target_branch_url": "https://example.com/hello",
        "failure_transient": False,
        "resume_from": None,
        "change_set": run_id,
        "codebase": CODEBASE,
    }
    branches = house.scalars(select(ResultBranch).order_by(ResultBranch.role))
    assert [(b.run_id, b.role, b.remote_name, b.base_revision, b.revision) for b in branches] == [
        (run_id, "main", "tidy", "rev-1", "rev-2"),
        (run_id, "pristine", None, None, "rev-3"),
    ]
    run = get_run(house, run_id)
    assert run is not None
    assert run.get_result_branch("main") == ("tidy", b"rev-1", b"rev-2")


def test_a_failure_keeps_its_stage_and_details(house: Session, spool: Spool) -> None:
    complete(
        house,
        spool,
        code="build-failed",
        stage=["build", "compile"],
        details={"line": 3},
        transient=True,
    )
    row = house.scalars(select(RunRow)).one()
    assert (row.result_code, row.failure_stage) == ("build-failed", "build/compile")
    assert (row.failure_details, row.failure_transient) == ({"line": 3}, True)
    assert (row.publish_status, row.vcs_type, row.result) == ("unknown", None, None)


def test_the_worker_that_claimed_did_it_unless_the_result_says_otherwise(
    house: Session, spool: Spool
) -> None:
    complete(house, spool, code="failed")
    assert house.scalars(select(RunRow.worker)).one() == WORKER


def test_a_run_without_change_set_gets_its_own(house: Session, spool: Spool) -> None:
    run_id = complete(house, spool, **CHANGED)
    own = house.scalars(select(ChangeSet)).one()
    assert (own.id, own.campaign, own.state) == (run_id, CAMPAIGN, "ready")


def test_the_change_set_of_the_item_is_kept(house: Session, spool: Spool) -> None:
    add_change_set(house, "together")
    house.execute(update(QueueEntry).values(change_set="together"))
    house.commit()
    complete(house, spool, **CHANGED)
    assert house.scalars(select(RunRow.change_set)).one() == "together"
    assert house.scalars(select(ChangeSet.id)).all() == ["together"]


def test_the_item_makes_way_for_the_candidates_next_place(house: Session, spool: Spool) -> None:
    before = house.scalar(select(QueueEntry.id))
    complete(house, spool, **CHANGED)
    entry = house.scalars(select(QueueEntry)).one()
    assert entry.id != before
    assert (entry.codebase, entry.suite, entry.command) == (CODEBASE, CAMPAIGN, COMMAND)
    assert (entry.claim_id, entry.claims, entry.bucket) == (None, 0, "default")
    assert entry.estimated_duration == timedelta(seconds=90), "learnt from the run"


def test_without_candidate_there_is_no_next_place(house: Session, spool: Spool) -> None:
    run_id = claim(house).claim_id
    house.execute(delete(Candidate))
    house.commit()
    leave(spool, run_id, **CHANGED)
    assert take_in(house, spool, run_id)
    assert _count(house, QueueEntry) == 0
    assert house.scalars(select(RunRow.publish_status)).one() == "unknown"


def test_a_success_waits_for_a_review_where_a_policy_would_publish_it(
    house: Session, spool: Spool
) -> None:
    # Sent back by a reviewer: a change set of its own, and a candidate without any.
    add_change_set(house, "sent-back")
    house.execute(update(QueueEntry).values(change_set="sent-back"))
    house.commit()
    complete(house, spool, **CHANGED)
    house.execute(delete(QueueEntry))
    house.execute(delete(Candidate))
    add_change_set(house, "other")
    add_candidate(house, change_set="other")
    add_candidate(house, publish_policy=None)
    house.execute(insert(QueueEntry).values(codebase=CODEBASE, suite=CAMPAIGN, command=COMMAND))
    house.commit()
    complete(house, spool, **CHANGED | {"finish_time": "2026-01-02T03:06:00"})
    statuses = select(RunRow.publish_status).order_by(RunRow.finish_time)
    assert house.scalars(statuses).all() == ["needs-manual-review", "unknown"]


def test_what_follows_is_asked_for_once(house: Session, spool: Spool) -> None:
    files = ["worker.log", "build.log.2", "hello.deb", "notes.txt"]
    branches = [
        ["main", "tidy", "rev-1", "rev-2"],
        ["made", "x", None, "rev-3"],
        ["gone", "y", "rev-1", None],
    ]
    run_id = claim(house).claim_id
    hand_in(house, run_id)
    hand_in(house, run_id)
    house.commit()
    leave(spool, run_id, *files, **CHANGED | {"branches": branches})
    assert take_in(house, spool, run_id)
    assert not take_in(house, spool, run_id)
    assert _jobs(house) == {
        ("janitor.schedule.finish", run_id),
        ("janitor.logs.ingest", f"{run_id}/worker.log"),
        ("janitor.logs.ingest", f"{run_id}/build.log.2"),
        ("janitor.artifacts.upload", run_id),
        ("janitor.vcs.diff", f"{run_id}/main"),
        ("janitor.vcs.publish", run_id),
    }
    upload = house.scalars(select(JobRow.payload).where(JobRow.kind == "janitor.artifacts.upload"))
    assert upload.one() == {"run_id": run_id, "names": ["hello.deb", "notes.txt"]}


def test_no_diff_is_asked_for_where_no_repository_is_kept(house: Session, spool: Spool) -> None:
    complete(house, spool, **CHANGED | {"vcs_type": "hg"})
    assert _jobs(house) == set()


def test_the_same_result_twice_is_stored_once_and_answered_alike(
    house: Session, spool: Spool
) -> None:
    run_id = complete(house, spool, "worker.log", **EVERYTHING)
    before = {table: _count(house, table) for table in (RunRow, ResultBranch, JobRow, QueueEntry)}
    house.rollback()
    assert take_in(house, spool, run_id) is False
    assert before == {table: _count(house, table) for table in before}


def test_two_that_take_the_same_result_in_at_once_store_it_once(
    house: Session, spool: Spool, engine: Engine
) -> None:
    run_id = claim(house).claim_id
    leave(spool, run_id, **CHANGED)
    handed_in = read_handed_in(spool, run_id)
    with ThreadPoolExecutor(1) as second, Session(engine) as other:
        with house.begin():
            assert store_run(house, run_id, handed_in)
            answer = second.submit(store_run, other, run_id, handed_in)
            wait_until_blocked(engine)
        assert answer.result() is False
        other.rollback()
    assert _count(house, RunRow) == 1


def test_nothing_new_to_do_goes_on_from_the_success_before(house: Session, spool: Spool) -> None:
    first = complete(house, spool, **CHANGED)
    later = {"start_time": "2026-01-03T00:00:00", "finish_time": "2026-01-03T00:01:00"}
    second = complete(house, spool, **later, code="nothing-new-to-do")
    assert house.get_one(RunRow, second).resume_from == first
    last = house.scalars(select(LastRun)).one()
    assert (last.last_run_id, last.last_effective_run_id) == (second, first)


def test_a_failure_in_between_does_not_end_what_a_run_goes_on_from(
    house: Session, spool: Spool
) -> None:
    first = complete(house, spool, **CHANGED)
    house.rollback()
    broken = {"start_time": "2026-01-03T00:00:00", "finish_time": "2026-01-03T00:01:00"}
    complete(house, spool, **broken, code="build-failed")
    house.rollback()
    later = {"start_time": "2026-01-04T00:00:00", "finish_time": "2026-01-04T00:01:00"}
    third = complete(house, spool, **later, code="nothing-new-to-do")
    assert house.get_one(RunRow, third).resume_from == first


def test_a_run_that_began_anew_goes_on_from_nothing(house: Session, spool: Spool) -> None:
    first = complete(house, spool, **CHANGED)
    house.rollback()
    later = {"start_time": "2026-01-03T00:00:00", "finish_time": "2026-01-03T00:01:00"}
    anew = complete(house, spool, **CHANGED | later, refreshed=True)
    assert house.get_one(RunRow, anew).resume_from is None
    house.rollback()
    third = {"start_time": "2026-01-04T00:00:00", "finish_time": "2026-01-04T00:01:00"}
    on = complete(house, spool, **CHANGED | third)
    assert house.get_one(RunRow, on).resume_from == anew != first


def test_the_spool_is_done_when_the_last_file_is_stored(house: Session, spool: Spool) -> None:
    run_id = claim(house).claim_id
    hand_in(house, run_id)
    house.commit()
    assert not spool_is_done(house, run_id), "not even stored"
    leave(spool, run_id, "worker.log", "hello.deb", **CHANGED)
    house.rollback()
    take_in(house, spool, run_id)
    for kind in ("janitor.schedule.finish", "janitor.logs.ingest"):
        _end(house, kind)
        assert not spool_is_done(house, run_id)
    _end(house, "janitor.artifacts.upload", "failed")
    assert not spool_is_done(house, run_id), "the spool may be the only place where they are"
    _end(house, "janitor.artifacts.upload")
    assert spool_is_done(house, run_id), "diffs and news need no files"
    assert not spool_is_done(house, "another-run")


def _end(session: Session, kind: str, state: str = "done") -> None:
    ended = update(JobRow).where(JobRow.kind == kind)
    session.execute(ended.values(state=state, finished_at=func.now()))
    session.commit()
