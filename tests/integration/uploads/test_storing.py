"""What an upload stores, what it leaves as it was, and what becomes of the queue."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from janitor.queue import Queue
from janitor.schedule.recompute import recompute
from janitor.schedule.requests import do_schedule
from janitor.uploads import UploadDisturbed, upload
from tests.integration.runs.scenario import wait_until_blocked

GOOD = {"codebase": "hello", "campaign": "tidy", "command": "tidy", "publish_policy": "propose"}
OTHER = {**GOOD, "codebase": "world"}


def test_the_same_file_twice_changes_nothing(uploads: Any) -> None:
    codebases = [
        {"name": "hello", "url": "https://x.org/hello", "branch": "a/b", "value": 7},
        {"name": "more", "branch_url": "https://x.org/more,branch=main", "vcs_type": "git"},
    ]
    candidates = [
        {**GOOD, "success_chance": 0.1, "value": 3, "context": "1.0"},
        {**GOOD, "change_set": "spring"},
        {**OTHER, "publish_policy": None},
    ]
    first = uploads("codebases", *codebases), uploads("candidates", *candidates)
    assert [(report.added, report.changed) for report in first] == [(1, 1), (3, 0)]
    assert (first[1].change_sets, first[1].queue_added) == (1, 2)
    before = uploads.tables()

    again = uploads("codebases", *codebases), uploads("candidates", *candidates)

    assert [(report.lines, report.unchanged) for report in again] == [(2, 2), (3, 3)]
    assert uploads.tables() == before  # xmin too: no row was written again


def test_a_place_may_be_said_in_two_ways(uploads: Any) -> None:
    place = ("https://x.org/a,branch=a%2Fb", "https://x.org/a", "a/b")
    uploads("codebases", {"name": "hello", "branch_url": place[0]})
    uploads("codebases", {"name": "world", "url": place[1], "branch": place[2]})
    for name in ("hello", "world"):
        found = uploads.rows(f"SELECT branch_url, url, branch FROM codebase WHERE name = '{name}'")  # noqa: S608
        assert found == [place]
    uploads("codebases", {"name": "hello", "url": None})
    assert uploads.rows(
        "SELECT branch_url, url, branch, value FROM codebase WHERE name = 'hello'"
    ) == [(None, None, None, 50)]


def test_what_a_line_does_not_name_stays(uploads: Any) -> None:
    uploads("candidates", {**GOOD, "value": 5, "context": "1.0"})
    changed = {"codebase": "hello", "campaign": "tidy", "value": None, "publish_policy": "push"}
    assert uploads("candidates", changed).changed == 1
    columns = "command, value, context, publish_policy"
    assert uploads.rows(f"SELECT {columns} FROM candidate") == [("tidy", None, "1.0", "push")]  # noqa: S608


def test_the_queue_is_what_a_recomputation_would_make_of_it(uploads: Any, engine: Engine) -> None:
    uploads("candidates", {**GOOD, "value": 5}, {**OTHER, "change_set": "spring"})
    uploads("candidates", {**GOOD, "command": "tidy --all", "value": 900})
    with engine.begin() as conn:
        done = recompute(conn)
    assert (done.candidates, done.unchanged, done.removed) == (2, 2, 0)
    assert uploads.rows("SELECT codebase, command, change_set FROM queue ORDER BY priority") == [
        ("hello", "tidy --all", None),
        ("world", "tidy", "spring"),
    ]


def test_an_inactive_codebase_leaves_the_queue(uploads: Any) -> None:
    uploads("candidates", GOOD, OTHER)
    report = uploads("codebases", {"name": "hello", "inactive": True})
    assert (report.changed, report.queue_removed) == (1, 1)
    assert uploads.rows("SELECT codebase FROM queue") == [("world",)]
    assert uploads("codebases", {"name": "hello", "inactive": False}).queue_added == 1


def test_removed_candidates_leave_the_queue_unless_claimed(uploads: Any, engine: Engine) -> None:
    uploads("candidates", GOOD, OTHER, {**OTHER, "change_set": "spring"})
    with engine.begin() as conn:
        claimed = Queue(conn).claim(worker="worker-1", lease=timedelta(minutes=5))
    assert claimed is not None
    both = [{"codebase": name, "campaign": "tidy"} for name in ("hello", "world")]

    report = uploads("candidates", *both, {"codebase": "gone", "campaign": "tidy"}, remove=True)

    assert (report.removed, report.unchanged, report.refused) == (2, 1, 0)
    left = uploads.rows("SELECT codebase, change_set FROM queue ORDER BY claim_id NULLS LAST")
    assert len(left) == 3 - report.queue_removed
    assert claimed.item.codebase in {entry.codebase for entry in left}
    assert uploads.rows("SELECT codebase, change_set FROM candidate") == [("world", "spring")]


def test_a_codebase_goes_with_what_depends_on_it(uploads: Any, engine: Engine) -> None:
    uploads("candidates", GOOD, OTHER)
    with engine.begin() as conn:
        do_schedule(conn, "once", "hello", "manual", command="look")
    a_run(uploads, "world")
    uploads.do("INSERT INTO followup SELECT 'r1', id FROM candidate WHERE codebase = 'hello'")

    report = uploads("codebases", {"name": "hello"}, remove=True)

    assert (report.removed, report.queue_removed) == (1, 2)
    for table, column in (("codebase", "name"), ("candidate", "codebase"), ("queue", "codebase")):
        assert uploads.rows(f"SELECT {column} FROM {table}") == [("world",)]  # noqa: S608


def test_codebases_with_runs_or_workers_stay_and_say_why(uploads: Any, engine: Engine) -> None:
    uploads("codebases", {"name": "idle"})
    uploads("candidates", GOOD)
    a_run(uploads, "world")
    with engine.begin() as conn:
        assert Queue(conn).claim(worker="worker-1", lease=timedelta(minutes=5))
    all_three = [{"name": name} for name in ("idle", "world", "hello")]
    before = uploads.tables()

    report = uploads("codebases", *all_three, remove=True)

    assert not report.stored
    assert [refusal.line for refusal in report.refusals] == [2, 3]
    assert "world has runs" in report.refusals[0].reason
    assert '"inactive": true' in report.refusals[0].reason
    assert "hello is being worked on" in report.refusals[1].reason
    assert uploads.tables() == before

    assert uploads("codebases", *all_three, remove=True, all_or_nothing=False).removed == 1
    assert uploads.rows("SELECT name FROM codebase ORDER BY name") == [("hello",), ("world",)]


def test_two_codebases_in_one_place_are_refused(uploads: Any) -> None:
    place = {"url": "https://x.org/", "subpath": "lib"}
    uploads("codebases", {"name": "hello", **place})
    report = uploads(
        "codebases",
        {"name": "world", **place},
        {"name": "a1", **place, "subpath": "bin"},
        {"name": "a2", **place, "subpath": "bin"},
        all_or_nothing=False,
    )
    assert [(each.line, each.reason) for each in report.refusals] == [
        (1, "is at the branch_url and subpath of codebase hello"),
        (3, "is at the branch_url and subpath of line 2"),
    ]
    assert report.added == 1


def test_two_uploads_at_once_come_one_after_the_other(uploads: Any, engine: Engine) -> None:
    lines = [{"name": f"codebase-{number}"} for number in range(300)]
    candidates = [{**GOOD, "codebase": line["name"]} for line in lines]
    uploads("codebases", *lines)
    reports = []
    together = threading.Barrier(4)

    def run(order: int) -> None:
        together.wait()
        reports.append(uploads("candidates", *candidates[::order]))

    threads = [threading.Thread(target=run, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(report.added for report in reports) == [0, 0, 0, 300]
    assert sorted(report.queue_added for report in reports) == [0, 0, 0, 300]
    assert uploads.rows("SELECT count(*) FROM queue") == [(300,)]
    with engine.begin() as conn:
        assert recompute(conn).unchanged == 300


def test_a_pass_by_the_clock_steps_aside(engine: Engine, uploads: Any) -> None:
    with engine.begin() as uploading:
        upload(uploading, "candidates", io.BytesIO(b""))
        with engine.begin() as conn:
            assert recompute(conn).stepped_aside
    assert not uploads("candidates", GOOD).refused


def test_nothing_is_stored_where_somebody_came_in_between(uploads: Any, engine: Engine) -> None:
    with engine.connect() as other:
        other.execute(text("INSERT INTO codebase (name) VALUES ('late')"))
        committing = threading.Thread(target=commit_when_waited_for, args=(other, uploads))
        committing.start()
        with pytest.raises(UploadDisturbed, match="upload again"):
            uploads("codebases", {"name": "early"}, {"name": "late", "value": 3})
        committing.join()
    assert uploads.rows("SELECT name, value FROM codebase WHERE name IN ('early', 'late')") == [
        ("late", None)
    ]
    again = uploads("codebases", {"name": "early"}, {"name": "late", "value": 3})
    assert (again.added, again.changed) == (1, 1)


def test_a_codebase_moves_while_a_run_on_it_is_being_stored(uploads: Any, engine: Engine) -> None:
    uploads("candidates", GOOD)
    uploads.do("INSERT INTO change_set (id, campaign) VALUES ('earlier', 'tidy')")
    moved = {"name": "hello", "branch_url": "https://elsewhere.org/hello"}
    with engine.connect() as storing, ThreadPoolExecutor(1) as pool:
        storing.execute(text("SELECT FROM queue WHERE codebase = 'hello' FOR UPDATE"))
        moving = pool.submit(uploads, "codebases", moved)
        wait_until_blocked(engine)
        storing.execute(
            text(
                "INSERT INTO run (id, codebase, suite, change_set, result_code, logfilenames)"
                " VALUES ('r1', 'hello', 'tidy', 'earlier', 'success', '{}')"
            )
        )
        storing.commit()
        assert moving.result().changed == 1
    assert uploads.rows("SELECT host FROM queue") == [("elsewhere.org",)]


def commit_when_waited_for(conn: Connection, uploads: Any) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    deadline = time.monotonic() + 30
    while not uploads.rows(waiting) and time.monotonic() < deadline:
        time.sleep(0.01)
    conn.commit()


def a_run(uploads: Any, codebase: str) -> None:
    uploads.do(
        f"""
        INSERT INTO change_set (id, campaign) VALUES ('earlier', 'tidy');
        INSERT INTO run (id, codebase, suite, change_set, result_code, logfilenames)
        VALUES ('r1', '{codebase}', 'other', 'earlier', 'success', '{{}}')
        """  # noqa: S608 - a name of this module
    )
