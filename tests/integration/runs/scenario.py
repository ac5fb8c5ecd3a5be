"""A codebase that a campaign waits for, a worker, and results as workers write them."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, insert, text, update
from sqlalchemy.orm import Session

from janitor.queue import Claim, Queue
from janitor.runs import read_handed_in, store_run
from janitor.schedule import schedule_next
from janitor.spool import Spool
from janitor.state.candidate import Candidate
from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase
from janitor.state.publish_policy import BranchPublishPolicy, NamedPublishPolicy
from janitor.state.queue import QueueEntry
from janitor.state.worker import Worker

CODEBASE, CAMPAIGN, COMMAND = "hello", "tidy", "tidy-up --all"
WORKER = "worker-1"
LEASE = timedelta(minutes=5)
TIMES = {"start_time": "2026-01-02T03:04:05", "finish_time": "2026-01-02T03:05:35"}
CHANGED = {
    "code": "success",
    "revision": "rev-2",
    "vcs_type": "git",
    "branches": [["main", "tidy", "rev-1", "rev-2"]],
}


def add_worker(session: Session, name: str = WORKER) -> None:
    values = {"name": name, "password": "x", "link": f"https://{name}.example.com/"}
    session.execute(insert(Worker).values(**values))


def add_codebase(session: Session, name: str = CODEBASE) -> None:
    url = f"https://example.com/{name}"
    session.execute(insert(Codebase).values(name=name, branch_url=url, url=url, vcs_type="git"))


def add_policy(session: Session, name: str = "proposing", mode: str = "propose") -> None:
    branches = [BranchPublishPolicy("main", mode, None)]
    session.execute(insert(NamedPublishPolicy).values(name=name, per_branch_policy=branches))


def add_candidate(session: Session, **fields: Any) -> None:
    values = {"codebase": CODEBASE, "suite": CAMPAIGN, "command": COMMAND, "value": 10}
    session.execute(insert(Candidate).values(**values | {"publish_policy": "proposing"} | fields))


def add_change_set(session: Session, name: str) -> None:
    session.execute(insert(ChangeSet).values(id=name, campaign=CAMPAIGN))


def furnish(session: Session) -> None:
    """Make a codebase, a worker, and a candidate that is in the queue."""
    add_worker(session)
    add_codebase(session)
    add_policy(session)
    add_candidate(session)
    schedule_next(session, CODEBASE, CAMPAIGN)
    session.commit()


def claim(session: Session, worker: str = WORKER) -> Claim:
    """Take the next item; fails if there is none."""
    taken = Queue(session).claim(worker=worker, lease=LEASE)
    assert taken is not None, "the queue is empty"
    session.commit()
    return taken


def expire(session: Session, claim_id: str) -> None:
    """Let a claim have run out."""
    long_ago = update(QueueEntry).where(QueueEntry.claim_id == claim_id)
    session.execute(long_ago.values(claimed_until="2026-01-01"))
    session.commit()


def leave(spool: Spool, run_id: str, *files: str, **fields: Any) -> None:
    """Put a result and other files in the spool, as a runner does."""
    directory = spool.create(run_id)
    (directory / "result.json").write_text(json.dumps(TIMES | fields))
    for name in files:
        (directory / name).write_text(f"{name} of {run_id}\n")


def take_in(session: Session, spool: Spool, run_id: str) -> bool:
    """Do what the job does that takes a run in."""
    handed_in = read_handed_in(spool, run_id)
    with session.begin():
        return store_run(session, run_id, handed_in)


def complete(session: Session, spool: Spool, *files: str, **fields: Any) -> str:
    """Claim the next item, hand in a result for it and take it in; returns the run's id."""
    run_id = claim(session).claim_id
    leave(spool, run_id, *files, **fields)
    assert take_in(session, spool, run_id)
    return run_id


def wait_until_blocked(engine: Engine) -> None:
    """Return once some connection to the test's database waits for a lock of another."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 30  # only a test that fails waits so long
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            if connection.execute(waiting).scalar_one():
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")
