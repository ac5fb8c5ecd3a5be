"""Looking at codebases' branches in turn, with a real database and real servers."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, sessionmaker

from janitor.queue.hosts import closed_hosts, leave_alone, limit_host
from janitor.state.branch import BranchFailure
from janitor.state.candidate import Candidate
from janitor.state.codebase import Codebase
from janitor.state.publish_policy import NamedPublishPolicy
from janitor.state.queue import QueueEntry
from janitor.state.queue_limits import HostLimit
from janitor.vcs.outside.border import Outside
from janitor.vcs.outside.credentials import Credentials
from janitor.vcs.outside.rotation import Pace, Rotation, due_codebases
from janitor.vcs.outside.visitor import Place, Visitor

if TYPE_CHECKING:
    from conftest import GitStore, Server

DAY = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
OLD = "git-v1:" + "1" * 40


def rotation(engine: Engine, *, local: bool = True, pause: float = 0.0) -> Rotation:
    visitor = Visitor(Outside(local=local), Credentials(), "janitor-test", patience=5)
    return Rotation(sessionmaker(engine), visitor, Pace(DAY, pause=pause))


def add(session: Session, name: str, url: str, **values: object) -> None:
    session.add(Codebase(name=name, branch_url=url, url=url, vcs_type="git", **values))
    session.commit()


def read(session: Session, name: str) -> Codebase:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Codebase).where(Codebase.name == name)).one()


def test_new_revisions_are_recorded_and_bring_runs(
    engine: Engine, session: Session, git_store: GitStore
) -> None:
    tip = git_store.commit({b"a": b"x"}).decode()
    url = git_store.manager.get_branch_url("hello", "main")
    add(session, "moved", url, vcs_last_revision=OLD, last_scanned=LONG_AGO)
    session.add(NamedPublishPolicy(name="all"))
    session.flush()
    for campaign, policy in (("fix", "all"), ("other", None)):
        session.add(
            Candidate(codebase="moved", suite=campaign, command="true", publish_policy=policy)
        )
    session.commit()
    assert rotation(engine).go() == {"moved": 1}
    codebase = read(session, "moved")
    assert codebase.vcs_last_revision == tip
    assert codebase.last_scanned is not None
    assert codebase.last_scanned > datetime.now(UTC) - timedelta(minutes=5)
    entry = session.scalars(select(QueueEntry)).one()
    assert (entry.suite, entry.bucket, entry.codebase) == ("fix", "hook", "moved")
    assert rotation(engine).go() == {}  # it rests
    session.execute(text("UPDATE codebase SET last_scanned = NULL"))
    session.commit()
    assert rotation(engine).go() == {"same": 1}


def test_the_first_look_finds_nothing_moved(
    engine: Engine, session: Session, git_store: GitStore
) -> None:
    tip = git_store.commit({b"a": b"x"}).decode()
    add(session, "fresh", git_store.manager.get_branch_url("hello", "main"))
    assert rotation(engine).go() == {"same": 1}
    assert read(session, "fresh").vcs_last_revision == tip


def test_a_branch_that_is_gone(engine: Engine, session: Session, git_store: GitStore) -> None:
    git_store.commit({b"a": b"x"})
    url = git_store.manager.get_branch_url("hello", "fix")
    add(session, "gone", url, vcs_last_revision=OLD)
    gone = text("SELECT codebase, code FROM gone_branch")
    for times in (1, 2, 3):
        session.execute(text("UPDATE codebase SET last_scanned = NULL"))
        session.commit()
        assert rotation(engine).go() == {"branch-missing": 1}
        found = session.scalars(select(BranchFailure)).one()
        assert (found.times, found.code) == (times, "branch-missing")
        assert len(session.execute(gone).all()) == (times == 3)
        session.rollback()
    codebase = read(session, "gone")
    assert not codebase.inactive
    assert codebase.vcs_last_revision == OLD
    assert codebase.last_scanned is not None
    git_store.git("branch", "fix", "main")
    session.execute(text("UPDATE codebase SET last_scanned = NULL"))
    session.commit()
    assert rotation(engine).go() == {"moved": 1}
    assert session.scalars(select(BranchFailure)).all() == []


def test_a_host_that_asks_for_a_rest_gets_it(
    engine: Engine, session: Session, server: Server
) -> None:
    server.answer(429, b"", {"Retry-After": "600"})
    for name in ("aa", "bb", "cc"):
        add(session, name, f"{server.url}/{name}")
    host = server.url.removeprefix("http://")
    limit_host(session, host, most_active=3)
    session.commit()
    assert rotation(engine).go() == {"too-many-requests": 1}
    assert len(server.requests) == 1
    session.rollback()
    limit = session.scalars(select(HostLimit)).one()
    assert limit.rate_limited_until is not None
    rest = limit.rate_limited_until - datetime.now(UTC)
    assert timedelta(minutes=9) < rest <= timedelta(minutes=10)
    assert limit.most_active == 3  # what somebody set stays
    assert closed_hosts(session) == {host}
    assert rotation(engine).go() == {}  # and no other lost its turn
    assert [read(session, name).last_scanned for name in ("bb", "cc")] == [None] * 2
    assert read(session, "aa").last_scanned is not None  # who asked too much is not first again


def test_who_answered_is_left_alone_and_not_who_was_asked(
    engine: Engine, session: Session, server: Server, elsewhere: Server
) -> None:
    server.answer(302, b"", {"Location": f"{elsewhere.url}/x/info/refs?service=git-upload-pack"})
    elsewhere.answer(429, b"", {"Retry-After": "600"})
    for name in ("aa", "bb", "cc", "dd", "ee"):
        add(session, name, f"{server.url}/{name}")
    assert rotation(engine).go() == {"too-many-requests": 3}  # nobody is sent there for ever
    session.rollback()
    assert closed_hosts(session) == {elsewhere.url.removeprefix("http://")}
    assert None not in {read(session, name).last_scanned for name in ("aa", "bb", "cc")}


def test_a_revision_that_is_no_text_ends_nothing(
    engine: Engine, session: Session, server: Server
) -> None:
    server.answer(200, b"1 \xff\n")
    for name in ("aa", "bb"):
        add(session, name, f"{server.url}/{name}")
    session.execute(text("UPDATE codebase SET vcs_type = 'bzr'"))
    session.commit()
    assert sum(rotation(engine).go().values()) == 2
    assert len(session.scalars(select(BranchFailure)).all()) == 2


class Slipping(Visitor):
    """Whatever may still go wrong in what we do with an answer."""

    def find(self, branch_url: str, vcs_type: str | None = None) -> Place:
        if branch_url.endswith("/aa"):
            return Place("git", branch_url, b"HEAD", b"git-v1:\0")
        return super().find(branch_url, vcs_type)


def test_what_goes_wrong_with_one_is_no_matter_of_the_others(
    engine: Engine, session: Session, server: Server
) -> None:
    server.answer(404, b"")
    for name in ("aa", "bb"):
        add(session, name, f"{server.url}/{name}")
    slipping = Slipping(Outside(local=True), Credentials(), "janitor-test", patience=5)
    going = Rotation(sessionmaker(engine), slipping, Pace(DAY, pause=0))
    assert going.go() == {"not recorded": 1, "branch-missing": 1}
    assert going.go() == {}  # nor is it first again
    assert read(session, "aa").vcs_last_revision is None


class Endless(Visitor):
    """A host whose name is looked up for ever."""

    let_go: ClassVar = threading.Event()

    def find(self, branch_url: str, vcs_type: str | None = None) -> Place:
        if branch_url.endswith("/aa"):
            self.let_go.wait(60)
        return super().find(branch_url, vcs_type)


def test_a_host_without_an_end_is_left(
    engine: Engine, session: Session, server: Server, elsewhere: Server
) -> None:
    for host, name in ((server, "aa"), (server, "bb"), (elsewhere, "cc")):
        host.answer(404, b"")
        add(session, name, f"{host.url}/{name}")
    endless = Endless(Outside(local=True), Credentials(), "janitor-test", patience=0.2)
    going = Rotation(sessionmaker(engine), endless, Pace(DAY, pause=0, time=0.5))
    found = going.go()
    Endless.let_go.set()
    assert found["hosts not finished"] == 1
    assert not server.requests
    assert read(session, "aa").last_scanned is not None  # and others are next


def test_a_campaign_that_takes_no_runs_does_not_hide_that_a_branch_moved(
    engine: Engine, session: Session, git_store: GitStore
) -> None:
    tip = git_store.commit({b"a": b"x"}).decode()
    url = git_store.manager.get_branch_url("hello", "main")
    add(session, "moved", url, vcs_last_revision=OLD)
    session.add(NamedPublishPolicy(name="all"))
    session.flush()
    for campaign, command in (("bad", " "), ("fix", "x")):
        session.add(
            Candidate(codebase="moved", suite=campaign, command=command, publish_policy="all")
        )
    session.commit()
    assert rotation(engine).go() == {"moved": 1}
    assert read(session, "moved").vcs_last_revision == tip
    assert [entry.suite for entry in session.scalars(select(QueueEntry))] == ["fix"]


def test_a_rest_is_never_shortened(session: Session) -> None:
    now = datetime.now(UTC)
    for minutes in (10, 60, 5):
        leave_alone(session, "x.example", now + timedelta(minutes=minutes))
    limit = session.scalars(select(HostLimit)).one()
    assert limit.rate_limited_until == now + timedelta(minutes=60)


def test_a_host_in_trouble_is_left_for_the_next_time(
    engine: Engine, session: Session, server: Server
) -> None:
    server.answer(500, b"")
    for number in range(6):
        add(session, f"c{number}", f"{server.url}/c{number}")
    assert rotation(engine).go() == {"branch-unavailable": 3}
    assert len(server.requests) == 3


def test_a_host_is_asked_one_thing_at_a_time_with_a_pause(
    engine: Engine, session: Session, server: Server
) -> None:
    server.answer(404, b"")
    for number in range(4):
        add(session, f"c{number}", f"{server.url}/c{number}")
    begun = time.monotonic()
    assert rotation(engine, pause=0.2).go() == {"branch-missing": 4}
    assert time.monotonic() - begun >= 0.6


def test_what_comes_from_outside_does_not_lead_inside(
    engine: Engine, session: Session, server: Server, git_store: GitStore
) -> None:
    git_store.commit({b"a": b"x"})
    add(session, "file", git_store.manager.get_branch_url("hello", "main"))
    add(session, "loop", f"{server.url}/a")
    found = rotation(engine, local=False).go()
    assert found == {"unsupported-vcs-protocol": 1, "branch-unavailable": 1}
    assert server.requests == []
    assert read(session, "file").vcs_last_revision is None


def test_who_waits_longest_is_first_and_each_host_has_its_turn(session: Session) -> None:
    for number in range(5):
        seen = LONG_AGO + timedelta(days=number) if number else None
        add(session, f"a{number}", f"https://a.example/{number}", last_scanned=seen)
    add(session, "b0", "https://b.example/0", last_scanned=datetime.now(UTC))
    add(session, "c0", "https://c.example/0", last_scanned=LONG_AGO)
    add(session, "d0", "https://d.example/0", inactive=True)
    add(session, "e0", "https://ada:x@e.example/0")
    session.add(Codebase(name="f0"))
    session.commit()
    names = [row.name for row in due_codebases(session, DAY)]
    assert names == ["a0", "a1", "a2", "a3", "a4", "c0", "e0"]
    leave_alone(session, "a.example", datetime.now(UTC) + DAY)
    assert [row.name for row in due_codebases(session, DAY)] == ["c0", "e0"]


@pytest.mark.parametrize("rows", [20_000])
def test_what_is_due_is_found_along_the_index(session: Session, rows: int) -> None:
    session.execute(
        text("""
        INSERT INTO codebase (name, branch_url, url, vcs_type, last_scanned)
        SELECT 'c' || n, 'https://h' || n % 50 || '.example/' || n, 'x', 'git',
            timestamp '2020-01-01' + n * interval '1 second'
        FROM generate_series(1, :rows) AS n"""),
        {"rows": rows},
    )
    session.execute(text("ANALYZE codebase"))
    session.execute(text("SET enable_seqscan = on"))
    from janitor.vcs.outside.rotation import _DUE

    plan = "\n".join(
        session.execute(
            text(f"EXPLAIN {_DUE.text}"), {"every": DAY, "closed": [], "most": 100}
        ).scalars()
    )
    assert "codebase_rotation" in plan
    assert "Seq Scan on codebase" not in plan
    assert len(due_codebases(session, DAY)) == 50 * 100
