"""A result that can't be taken in is refused by name, for good, and nothing of it is stored."""

from __future__ import annotations

import os
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from janitor.errors import Failure
from janitor.queue import ClaimLost, Queue
from janitor.runs import InvalidResult, read_handed_in, settle_expired_claims
from janitor.runs.taking_in import LONGEST_RESULT
from janitor.spool import Spool
from janitor.state.queue import QueueEntry
from janitor.state.run import RunRow
from tests.integration.runs.scenario import (
    CHANGED,
    LEASE,
    add_codebase,
    add_worker,
    claim,
    complete,
    expire,
    leave,
    take_in,
)

TABLES = ("run", "new_result_branch", "change_set", "queue", "job", "announcement", "last_run")


def _rows(session: Session) -> dict[str, Any]:
    """Everything that taking a run in could change."""
    session.rollback()
    rows = {
        table: session.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all()  # noqa: S608 - ours
        for table in TABLES
    }
    session.rollback()
    return rows


def _refused(session: Session, spool: Spool, run_id: str, kind: type[Failure], why: str) -> None:
    before = _rows(session)
    with pytest.raises(kind, match=rf"^run {run_id}: .*{why}"):
        take_in(session, spool, run_id)
    assert _rows(session) == before


def test_a_result_whose_claim_expired_and_went_to_another(house: Session, spool: Spool) -> None:
    add_worker(house, "worker-2")
    lost = claim(house).claim_id
    expire(house, lost)
    assert settle_expired_claims(house).put_back == 1
    house.commit()
    held = claim(house, "worker-2").claim_id
    leave(spool, lost, **CHANGED)
    _refused(house, spool, lost, ClaimLost, "claim on the queue is gone")
    # The one who holds it is not disturbed.
    leave(spool, held, **CHANGED)
    assert take_in(house, spool, held)
    assert house.scalars(select(RunRow.worker)).all() == ["worker-2"]
    _refused(house, spool, lost, ClaimLost, "claim on the queue is gone")


def test_a_result_whose_claim_was_given_up_meanwhile(house: Session, spool: Spool) -> None:
    for _ in range(3):
        lost = claim(house).claim_id
        expire(house, lost)
        settled = settle_expired_claims(house)
        house.commit()
    assert settled.given_up == 1
    leave(spool, lost, **CHANGED)
    _refused(house, spool, lost, ClaimLost, "given up")
    assert house.scalars(select(RunRow.result_code)).all() == ["worker-failure"]


def test_a_result_that_nobody_claimed(house: Session, spool: Spool) -> None:
    leave(spool, "made-up", **CHANGED)
    _refused(house, spool, "made-up", ClaimLost, "never given")


def test_another_result_for_a_run_that_is_stored(house: Session, spool: Spool) -> None:
    run_id = complete(house, spool, **CHANGED)
    leave(spool, run_id, code="success", finish_time="2026-02-02T00:00:00")
    _refused(house, spool, run_id, ClaimLost, "is not stored")


def test_a_claim_that_ran_out_but_is_nobody_elses_still_counts(
    house: Session, spool: Spool
) -> None:
    run_id = claim(house).claim_id
    expire(house, run_id)
    leave(spool, run_id, **CHANGED)
    assert take_in(house, spool, run_id)


@pytest.mark.parametrize(
    ("fields", "kind", "why"),
    [
        ({"queue_id": 999}, ClaimLost, "queue item 999, the claim is on item"),
        ({"queue_id": 10**30}, ClaimLost, "queue item 10{30}"),
        ({"codebase": "other"}, Failure, "codebase other, the claim is on hello"),
        ({"worker_name": "stranger"}, Failure, "no worker 'stranger'"),
        ({"code": "nothing-new-to-do"}, Failure, "earlier success of hello in tidy"),
        ({"vcs_type": "svnx"}, InvalidResult, "vcs_type"),
        ({"value": 2**31}, InvalidResult, "value"),
        ({"description": "a\0b"}, InvalidResult, "description"),
        ({"worker_name": "a\0b"}, InvalidResult, "worker_name"),
        ({"codemod": {"a": "\0"}}, InvalidResult, "codemod"),
        ({"codemod": float("nan")}, InvalidResult, "codemod"),
        ({"description": "\ud800"}, InvalidResult, "description"),
        ({"revision": os.urandom(2000).hex()}, InvalidResult, "revision"),
        ({"branches": [["main", "x", None, "y" * 3000]]}, InvalidResult, "branches"),
        ({"branches": [["main", "x", "a", "b"], ["main", "y", "a", "b"]]}, InvalidResult, "twice"),
    ],
)
def test_what_contradicts_the_claim_or_the_database(
    house: Session, spool: Spool, fields: dict[str, Any], kind: type[Failure], why: str
) -> None:
    add_codebase(house, "other")
    house.commit()
    run_id = claim(house).claim_id
    leave(spool, run_id, **CHANGED | fields)
    _refused(house, spool, run_id, kind, why)
    # The claim is still there: a corrected result is taken in.
    leave(spool, run_id, **CHANGED)
    assert take_in(house, spool, run_id)


def test_the_largest_that_is_taken_fits_the_database(house: Session, spool: Spool) -> None:
    """What passes the checks must not be refused by an index or a column."""
    name = "\N{GRINNING FACE}"
    widest = {
        "code": os.urandom(100).hex(),
        "revision": name * 500,
        "main_branch_revision": os.urandom(250).hex(),
        "branches": [["r" * 255, name * 5000, name * 500, name * 500]],
        "tags": [[name * 5000, name * 500]],
        "value": 2**31 - 1,
        "description": name * 100_000,
        "codemod": {"deep": [[[[1e308]]]], "big": 10**4000},
        "details": {"x": -(10**4000)},
        "stage": ["x" * 10_000] * 3,
        "start_time": "0001-01-01T00:00:00",
        "finish_time": "9999-12-31T23:59:59",
    }
    run_id = complete(house, spool, "worker.log", **widest)
    run = house.scalars(select(RunRow)).one()
    assert (run.id, run.revision, run.value) == (run_id, name * 500, 2**31 - 1)


def test_a_run_without_result(house: Session, spool: Spool) -> None:
    run_id = claim(house).claim_id
    _refused(house, spool, run_id, InvalidResult, "no result.json")
    (spool.create(run_id) / "worker.log").touch()
    _refused(house, spool, run_id, InvalidResult, "no result.json")
    (spool.run_directory(run_id) / "result.json").symlink_to("/etc/hostname")
    _refused(house, spool, run_id, InvalidResult, "no result.json")


def test_a_result_that_is_no_json(house: Session, spool: Spool) -> None:
    run_id = claim(house).claim_id
    (spool.create(run_id) / "result.json").write_bytes(b"success\n")
    _refused(house, spool, run_id, InvalidResult, "is not JSON")


def test_a_result_that_is_too_large_is_not_even_read(spool: Spool) -> None:
    path = spool.create("r1") / "result.json"
    with path.open("wb") as file:
        file.truncate(LONGEST_RESULT + 1)
    with pytest.raises(InvalidResult, match=f"r1: .*{LONGEST_RESULT + 1} bytes; {LONGEST_RESULT}"):
        read_handed_in(spool, "r1")
    os.truncate(path, LONGEST_RESULT)  # so many NULs are read, and are no JSON
    with pytest.raises(InvalidResult, match="is not JSON"):
        read_handed_in(spool, "r1")


def test_a_name_that_climbs_does_not_reach_the_spool(spool: Spool) -> None:
    with pytest.raises(Failure, match=r"\.\./x"):
        read_handed_in(spool, "../x")


def test_a_refused_result_leaves_the_heartbeat_alive(house: Session, spool: Spool) -> None:
    run_id = claim(house).claim_id
    leave(spool, run_id, **CHANGED | {"worker_name": "stranger"})
    _refused(house, spool, run_id, Failure, "stranger")
    assert Queue(house).heartbeat(run_id, LEASE)
    assert house.scalar(select(func.count()).select_from(QueueEntry)) == 1
