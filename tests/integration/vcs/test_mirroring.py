"""Bringing codebases' branches into our repositories, from real servers."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from janitor.config import Config
from janitor.queue import closed_hosts
from janitor.state.codebase import Codebase
from janitor.state.job import JobRow
from janitor.vcs import (
    BranchOpenFailure,
    LocalBzrVcsManager,
    LocalGitVcsManager,
    RemoteGitVcsManager,
    UnsupportedVcs,
    VcsManager,
)
from janitor.vcs.branches.port import BranchMoved
from janitor.vcs.errors import FinalBranchOpenFailure
from janitor.vcs.outside import git_fetch
from janitor.vcs.outside.border import Outside
from janitor.vcs.outside.bzr_fetch import fetch_bzr
from janitor.vcs.outside.credentials import Credentials
from janitor.vcs.outside.git_fetch import Limits
from janitor.vcs.outside.mirroring import MIRROR, mirror
from janitor.vcs.outside.quarantine import Quarantine
from janitor.vcs.outside.visitor import Place, Visitor
from tests.integration.notifications.carrying import NO_BROKER
from tests.integration.vcs.store import Environ, Files, Start, Store, files_of, served
from workers.app import create_app

if TYPE_CHECKING:
    from conftest import BzrStore, GitStore, Server

UNLIMITED = Limits()
INSIDE = Visitor(Outside(local=True), Credentials(), "janitor-test", patience=10)


@pytest.fixture
def ours(tmp_path: Path) -> dict[str, VcsManager]:
    return {
        "git": LocalGitVcsManager(str(tmp_path / "our-git")),
        "bzr": LocalBzrVcsManager(str(tmp_path / "our-bzr")),
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "git", tmp_path / "bzr")


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with served(store) as url:
        yield url


def bring(
    ours: dict[str, VcsManager],
    url: str,
    kind: str = "git",
    *,
    limits: Limits = UNLIMITED,
    visitor: Visitor = INSIDE,
) -> bytes:
    return mirror("copy", url, kind, managers=ours, visitor=visitor, limits=limits)


def git_of(ours: dict[str, VcsManager], *words: str) -> str:
    path = LocalGitVcsManager.repository_path(ours["git"], "copy")  # type: ignore[arg-type]
    return subprocess.run(
        ["git", "--git-dir", path, *words], check=True, capture_output=True, text=True
    ).stdout


def whole(ours: dict[str, VcsManager]) -> None:
    git_of(ours, "fsck", "--full", "--strict", "--no-dangling")


def history(git_store: GitStore, commits: int) -> list[bytes]:
    made: list[bytes] = []
    for _ in range(commits):
        made.append(git_store.commit({b"a": os.urandom(20000)}, parent=made[-1] if made else None))
    return made


def size_of(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("by", ["http", "file"])
def test_a_git_branch_is_brought_and_brought_on(
    git_store: GitStore, ours: dict[str, VcsManager], url: str, by: str
) -> None:
    made = history(git_store, 3)
    there = f"{url}/git/hello" if by == "http" else git_store.path.as_uri()
    assert bring(ours, f"{there},branch=main") == made[-1]
    assert ours["git"].branches("copy").tips() == {"main": made[-1]}
    newer = git_store.commit({b"b": b"x"}, parent=made[-1])
    assert bring(ours, f"{there},branch=main") == newer
    assert bring(ours, f"{there},branch=main") == newer
    other = git_store.commit({b"c": b"x"})  # not a descendant
    assert bring(ours, f"{there},branch=main") == other
    assert git_of(ours, "rev-list", "--count", "main") == "1\n"
    whole(ours)


HOSTS = ["codebases.test", "Codebases.TEST", "codebases.test."]


@pytest.fixture
def known_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody but this process know the address of those hosts."""
    look_up = socket.getaddrinfo

    def known(name: str, *more: Any, **named: Any) -> Any:
        return look_up("127.0.0.1" if name in HOSTS else name, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", known)


@pytest.mark.usefixtures("known_here")
@pytest.mark.parametrize("host", HOSTS)
def test_git_goes_to_the_addresses_that_were_checked(
    git_store: GitStore, ours: dict[str, VcsManager], url: str, host: str
) -> None:
    made = git_store.commit({b"a": b"1"})
    there = url.replace("127.0.0.1", host)
    assert bring(ours, f"{there}/git/hello,branch=main") == made


def test_only_what_is_new_travels(
    git_store: GitStore, ours: dict[str, VcsManager], url: str, tmp_path: Path
) -> None:
    made = history(git_store, 4)
    bring(ours, f"{url}/git/hello,branch=main")
    before = size_of(tmp_path / "our-git")
    git_store.commit({b"b": b"x"}, parent=made[-1])
    bring(ours, f"{url}/git/hello,branch=main")
    after = size_of(tmp_path / "our-git")
    assert after - before < 20000 < before


@pytest.mark.parametrize("by", ["http", "file"])
def test_a_depth(git_store: GitStore, ours: dict[str, VcsManager], url: str, by: str) -> None:
    there = f"{url}/git/hello" if by == "http" else git_store.path.as_uri()
    made = history(git_store, 5)
    bring(ours, f"{there},branch=main", limits=Limits(depth=2))
    assert git_of(ours, "rev-list", "--count", "main") == "2\n"
    whole(ours)
    newer = git_store.commit({b"b": b"x"}, parent=made[-1])
    bring(ours, f"{there},branch=main", limits=Limits(depth=1))
    assert git_of(ours, "rev-list", "--count", "main") == "3\n"  # what was there stays
    whole(ours)
    for _ in range(2):
        assert bring(ours, f"{there},branch=main") == newer
        assert git_of(ours, "rev-list", "--count", "main") == "6\n"
        assert git_of(ours, "rev-parse", "--is-shallow-repository") == "false\n"
    whole(ours)


def test_a_depth_cuts_off_nothing_of_what_is_there(
    git_store: GitStore, ours: dict[str, VcsManager], url: str
) -> None:
    made = history(git_store, 5)
    bring(ours, f"{url}/git/hello,branch=main")
    ours["git"].branches("copy").create("fix/main", made[-1])
    made.append(git_store.commit({b"b": b"x"}, parent=made[-1]))
    bring(ours, f"{url}/git/hello,branch=main", limits=Limits(depth=2))
    for branch, commits in (("fix/main", 5), ("main", 6)):
        assert git_of(ours, "rev-list", "--count", branch) == f"{commits}\n"
    for _ in range(3):
        made.append(git_store.commit({b"b": os.urandom(9)}, parent=made[-1]))
    bring(ours, f"{url}/git/hello,branch=main", limits=Limits(depth=1))
    for branch, commits in (("fix/main", 5), ("main", 1)):
        assert git_of(ours, "rev-list", "--count", branch) == f"{commits}\n"
    whole(ours)
    bring(ours, f"{url}/git/hello,branch=main")
    assert git_of(ours, "rev-list", "--count", "main") == "9\n"


def test_who_brings_all_is_not_undone_by_who_brings_a_part_at_the_same_time(
    git_store: GitStore,
    ours: dict[str, VcsManager],
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = history(git_store, 4)
    there = f"{url}/git/hello,branch=main"
    bring(ours, there, limits=Limits(depth=1))
    release = git_fetch.release

    def after_the_other(*arguments: Any) -> None:
        monkeypatch.setattr(git_fetch, "release", release)
        bring(ours, there)
        release(*arguments)

    monkeypatch.setattr(git_fetch, "release", after_the_other)
    git_store.commit({b"b": b"x"}, parent=made[-1])
    with suppress(BranchMoved):
        bring(ours, there, limits=Limits(depth=1))
    assert git_of(ours, "rev-list", "--count", "main") == "5\n"
    assert git_of(ours, "rev-parse", "--is-shallow-repository") == "false\n"
    whole(ours)


@pytest.mark.parametrize("far", ["half-way", "through"])
def test_who_asks_for_all_is_not_misled_by_who_comes_with_a_part(
    git_store: GitStore,
    ours: dict[str, VcsManager],
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    far: str,
) -> None:
    """When the one looks at what is there, the other has not begun; when it asks, he is so far."""
    made = history(git_store, 4)
    there = f"{url}/git/hello,branch=main"
    half_way, go_on = threading.Event(), threading.Event()
    release, settle = Quarantine.release, git_fetch.settled_ends
    let_it_be_ours = git_fetch.release

    def slowly(arriving: Quarantine) -> None:
        monkeypatch.setattr(Quarantine, "release", release)
        half_way.set()
        go_on.wait(30)
        release(arriving)

    def bring_a_part() -> None:
        with suppress(BranchMoved):
            bring(ours, there, limits=Limits(depth=1))

    def while_the_other_comes(repository: Path) -> set[bytes]:
        ends = settle(repository)
        monkeypatch.setattr(git_fetch, "settled_ends", settle)
        other.start()
        half_way.wait(30)
        if far == "through":
            go_on.set()
            other.join()
        return ends

    def when_all_has_come(*arrived: Any) -> None:
        if threading.current_thread() is not other:
            go_on.set()
        let_it_be_ours(*arrived)

    other = threading.Thread(target=bring_a_part)
    monkeypatch.setattr(Quarantine, "release", slowly)
    monkeypatch.setattr(git_fetch, "settled_ends", while_the_other_comes)
    try:
        with monkeypatch.context() as patched, suppress(BranchMoved):
            patched.setattr(git_fetch, "release", when_all_has_come)
            bring(ours, there)
    finally:
        go_on.set()
        other.join()
    assert git_of(ours, "rev-list", "--count", "main") == f"{len(made)}\n"
    whole(ours)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("depth", [1, None])
def test_who_is_killed_between_two_steps_leaves_a_whole_repository(
    git_store: GitStore,
    ours: dict[str, VcsManager],
    url: str,
    *,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
    depth: int | None,
) -> None:
    made = history(git_store, 4)
    there = f"{url}/git/hello,branch=main"
    bring(ours, there, limits=Limits(depth=2))
    for _ in range(2):
        made.append(git_store.commit({b"b": os.urandom(9)}, parent=made[-1]))
    release = Quarantine.release

    def killed(arriving: Quarantine) -> None:
        if when == "after":
            release(arriving)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Quarantine, "release", killed)
        with pytest.raises(KeyboardInterrupt):
            bring(ours, there, limits=Limits(depth=depth))
    whole(ours)
    git_store.commit({b"b": b"x"}, parent=made[-1])  # on what somebody may have left there
    bring(ours, there, limits=Limits(depth=1))
    whole(ours)
    bring(ours, there)
    assert git_of(ours, "rev-list", "--count", "main") == "7\n"
    whole(ours)


def test_what_is_too_large_is_refused_and_leaves_nothing(
    git_store: GitStore, ours: dict[str, VcsManager], url: str, tmp_path: Path
) -> None:
    history(git_store, 6)
    with pytest.raises(FinalBranchOpenFailure, match="more than 50000 bytes"):
        bring(ours, f"{url}/git/hello,branch=main", limits=Limits(size=50_000))
    assert ours["git"].branches("copy").tips() == {}
    assert size_of(tmp_path / "our-git" / "copy" / "objects") == 0
    whole(ours)


def test_what_takes_too_long_is_ended(
    git_store: GitStore, store: Store, ours: dict[str, VcsManager]
) -> None:
    history(git_store, 2)

    def slow(environ: Environ, start: Start) -> object:
        if environ["PATH_INFO"].endswith("/git-upload-pack"):
            time.sleep(1.5)
        return store(environ, start)

    with served(slow) as url:  # type: ignore[arg-type]
        begun = time.monotonic()
        with pytest.raises(BranchOpenFailure, match=r"ended after 0\.5 s"):
            bring(ours, f"{url}/git/hello,branch=main", limits=Limits(patience=0.5))
        assert time.monotonic() - begun < 1.5


MIRRORS = """
import random, sys
from janitor.vcs import LocalGitVcsManager
from janitor.vcs.branches.port import BranchMoved
from janitor.vcs.outside.border import Outside
from janitor.vcs.outside.credentials import Credentials
from janitor.vcs.outside.git_fetch import Limits
from janitor.vcs.outside.mirroring import mirror
from janitor.vcs.outside.visitor import Visitor
base, url, seed = sys.argv[1:]
dice = random.Random(seed)
ours = {"git": LocalGitVcsManager(base)}
visitor = Visitor(Outside(local=True), Credentials(), "janitor-test")
while True:
    depth = dice.choice([1, 2, 3, None] if seed == "0" else [1, 2, 3])
    try:
        mirror("copy", url, "git", managers=ours, visitor=visitor, limits=Limits(depth=depth))
    except BranchMoved:
        pass
    print("once", flush=True)
"""


def test_whoever_is_killed_while_others_mirror_the_same_leaves_it_whole(
    git_store: GitStore, ours: dict[str, VcsManager], tmp_path: Path
) -> None:
    url = git_store.path.as_uri() + ",branch=main"
    made = history(git_store, 5)
    words = [sys.executable, "-c", MIRRORS, str(tmp_path / "our-git"), url]

    def start(seed: int) -> subprocess.Popen[bytes]:
        scratch = os.environ | {"TMPDIR": str(tmp_path)}  # whoever is killed can't tidy up
        return subprocess.Popen([*words, str(seed)], stdout=subprocess.PIPE, env=scratch)

    def wait_for(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        assert process.stdout.readline() == b"once\n"

    running = [start(seed) for seed in range(3)]
    try:
        for seed in range(3, 9):
            for process in running:
                wait_for(process)
            made.append(git_store.commit({b"a": os.urandom(2000)}, parent=made[-1]))
            running.append(start(seed))
            first = running.pop(0)
            first.kill()
            first.communicate()
    finally:
        for process in running:
            process.kill()
            process.communicate()
    whole(ours)
    assert bring(ours, url) == made[-1]
    assert git_of(ours, "rev-list", "--count", "main") == f"{len(made)}\n"
    whole(ours)


def test_what_is_broken_is_refused(
    git_store: GitStore, ours: dict[str, VcsManager], url: str
) -> None:
    from dulwich.objects import Commit, Tree
    from dulwich.repo import Repo

    with Repo(str(git_store.path)) as repository:
        tree = Tree()
        tree.add(b".git", 0o40000, Tree().id)  # what fsck calls hasDotgit
        commit = Commit()
        commit.tree, commit.message = tree.id, b"x"
        commit.author = commit.committer = b"Ada <ada@example.com>"
        commit.author_time = commit.commit_time = 0
        commit.author_timezone = commit.commit_timezone = 0
        for thing in (Tree(), tree, commit):
            repository.object_store.add_object(thing)
        repository.refs[b"refs/heads/main"] = commit.id
    with pytest.raises(BranchOpenFailure, match="hasDotgit"):
        bring(ours, f"{url}/git/hello,branch=main")
    git_store.git("update-server-info")
    with files_of(git_store.base) as files, pytest.raises(BranchOpenFailure, match="hasDotgit"):
        bring(ours, f"{files}/hello,branch=main")


def test_nothing_of_a_repository_is_run(
    git_store: GitStore, ours: dict[str, VcsManager], url: str, tmp_path: Path
) -> None:
    """Neither hooks and settings of ours, whoever wrote them, nor the other's."""
    history(git_store, 2)
    bring(ours, f"{url}/git/hello,branch=main")
    trace = tmp_path / "trace"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trace}\n")
    program.chmod(0o755)
    for repository in (tmp_path / "our-git" / "copy", git_store.path):
        (repository / "hooks").mkdir(exist_ok=True)
        for hook in ("reference-transaction", "post-merge", "post-checkout", "pre-receive"):
            (repository / "hooks" / hook).symlink_to(program)
        (repository / "config").write_text(
            f"[core]\n\tbare = true\n\talternateRefsCommand = {program}\n"
            f"\tsshCommand = {program}\n\tgitProxy = {program}\n"
            f"[credential]\n\thelper = {program}\n[uploadpack]\n\tpackObjectsHook = {program}\n"
        )
    git_store.commit({b"b": b"x"})
    bring(ours, f"{url}/git/hello,branch=main")
    bring(ours, git_store.path.as_uri() + ",branch=main")
    assert not trace.exists()


def test_a_password_is_on_no_command_line(
    git_store: GitStore, store: Store, ours: dict[str, VcsManager]
) -> None:
    made = history(git_store, 2)
    seen: list[str] = []
    headers: list[str | None] = []

    def watching(environ: Environ, start: Start) -> object:
        headers.append(environ.get("HTTP_AUTHORIZATION"))
        seen.extend(command_lines())
        return store(environ, start)

    with served(watching) as url:  # type: ignore[arg-type]
        there = url.replace("http://", "http://ada:hush@") + "/git/hello,branch=main"
        assert bring(ours, there) == made[-1]
    assert any("fetch" in line and "hello" in line for line in seen)
    assert not [line for line in seen if "hush" in line or "YWRhOmh1c2g=" in line]
    assert set(headers) == {"Basic YWRhOmh1c2g="}


def command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield process.read_text(errors="replace")


@contextmanager
def bazaar_at(
    store: BzrStore, login: str | None = None, seen: list[str] | None = None
) -> Iterator[str]:
    """Serve the repositories of a store; yields the URL of the branch ``main``.

    ``login`` is asked for; what command lines there are at each request is put into ``seen``.
    """
    wanted = login and f"Basic {base64.b64encode(login.encode()).decode()}"

    class Asking(Files):
        def do_GET(self) -> None:  # noqa: N802 - a name that http.server looks for
            if seen is not None:
                seen.extend(command_lines())
            if wanted and self.headers["Authorization"] != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="x"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            super().do_GET()

    with files_of(store.base, Asking) as url:
        yield f"{url}/hello/main"


def test_a_bazaar_branch_is_brought(bzr_store: BzrStore, ours: dict[str, VcsManager]) -> None:
    first = bzr_store.commit({"a": b"1"})
    with bazaar_at(bzr_store) as url:
        assert bring(ours, url, "bzr") == first
        second = bzr_store.commit({"a": os.urandom(200_000)})
        with pytest.raises(FinalBranchOpenFailure, match="more than 50000 bytes"):
            bring(ours, url, "bzr", limits=Limits(size=50_000))
        assert bring(ours, url, "bzr") == second
    assert ours["bzr"].branches("copy").tips() == {"main": second}
    assert ours["bzr"].get_diff("copy", first, second)


def test_a_bazaar_branch_of_this_host_is_brought(
    bzr_store: BzrStore, ours: dict[str, VcsManager]
) -> None:
    made = bzr_store.commit({"a": b"1"})
    assert bring(ours, bzr_store.manager.get_branch_url("hello", "main"), "bzr") == made


@pytest.mark.parametrize("depth", [1, None])
def test_a_git_branch_is_brought_from_files(
    git_store: GitStore, ours: dict[str, VcsManager], depth: int | None
) -> None:
    made = history(git_store, 3)
    git_store.git("gc", "-q")
    made.append(git_store.commit({b"b": b"x"}, parent=made[-1]))
    git_store.git("update-server-info")
    with files_of(git_store.base) as url:
        there = f"{url}/hello,branch=main"
        assert bring(ours, there, limits=Limits(depth=depth)) == made[-1]
    assert git_of(ours, "rev-list", "--count", "main") == "4\n"
    whole(ours)


@pytest.mark.usefixtures("known_here")
@pytest.mark.parametrize("host", HOSTS)
def test_breezy_goes_to_the_addresses_that_were_checked(
    bzr_store: BzrStore, ours: dict[str, VcsManager], host: str
) -> None:
    made = bzr_store.commit({"a": b"1"})
    with bazaar_at(bzr_store) as url:
        assert bring(ours, url.replace("127.0.0.1", host), "bzr") == made


def test_breezy_knows_the_addresses_of_no_other_host() -> None:
    program = """
import socket
from janitor.vcs.outside.bzr_pull import go_only_to
go_only_to("codebases.test", ["127.0.0.1"])
print([found[4] for found in socket.getaddrinfo("Codebases.test", 80, type=socket.SOCK_STREAM)])
socket.getaddrinfo("localhost", 80)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.stdout == "[('127.0.0.1', 80)]\n"
    assert "localhost is not gone to, only codebases.test" in done.stderr


def test_a_bazaar_branch_may_ask_who_we_are(
    bzr_store: BzrStore, ours: dict[str, VcsManager]
) -> None:
    tip = bzr_store.commit({"a": b"1"})
    seen: list[str] = []
    with bazaar_at(bzr_store, login="ada:hush", seen=seen) as url:
        with pytest.raises(BranchOpenFailure):
            bring(ours, url, "bzr")
        assert bring(ours, url.replace("http://", "http://ada:hush@"), "bzr") == tip
    assert any("bzr_pull" in line for line in seen)
    assert not [line for line in seen if "hush" in line]


def test_a_stacked_bazaar_branch_leads_to_its_host_and_no_further(
    bzr_store: BzrStore, ours: dict[str, VcsManager], elsewhere: Server
) -> None:
    """Breezy would read what a branch says it is stacked on, whatever that is."""
    first = bzr_store.commit({"a": b"1"})
    trunk = bzr_store.base / "hello" / "main"
    stacked = bzr_store.base / "stacked"
    done = bzr_store.brz("branch", "--stacked", trunk.as_uri(), str(stacked))
    assert stacked.is_dir(), done
    conf = stacked / ".bzr" / "branch" / "branch.conf"
    with bazaar_at(bzr_store) as url:
        there = url.replace("/hello/main", "/stacked")
        for lies in (trunk.as_uri(), f"{elsewhere.url}/hello/main"):
            conf.write_text(f"stacked_on_location = {lies}\n")
            with pytest.raises(BranchOpenFailure, match="BadUrl"):
                bring(ours, there, "bzr")
        conf.write_text("stacked_on_location = ../hello/main\n")
        assert bring(ours, there, "bzr") == first
    assert elsewhere.requests == []


def test_a_redirect_of_a_bazaar_host_is_not_gone_after(
    bzr_store: BzrStore, ours: dict[str, VcsManager], server: Server
) -> None:
    """The visitor goes after redirects, and checks each; what it found is not to lead on."""
    tip = bzr_store.commit({"a": b"1"})
    ours["bzr"].make_repository("copy")
    repository = LocalBzrVcsManager.repository_path(ours["bzr"], "copy")  # type: ignore[arg-type]
    with bazaar_at(bzr_store) as url:
        named = url.replace("127.0.0.1", "localhost")  # another host, as names go
        server.answer(302, b"", {"Location": named})
        with pytest.raises(BranchOpenFailure, match=r"BadUrl|is not gone to"):
            fetch_bzr(Place("bzr", f"{server.url}/x", b"", tip), INSIDE, repository, UNLIMITED)
        fetch_bzr(Place("bzr", named, b"", tip), INSIDE, repository, UNLIMITED)


def test_what_is_mirrored_meanwhile_is_not_overwritten_by_what_was_seen_before(
    git_store: GitStore, ours: dict[str, VcsManager], url: str
) -> None:
    made = history(git_store, 2)
    there = f"{url}/git/hello,branch=main"

    class Slow(Visitor):
        def find(self, branch_url: str, vcs_type: str | None = None) -> Place:
            found = super().find(branch_url, vcs_type)
            git_store.commit({b"b": b"x"}, parent=made[-1])
            bring(ours, there)  # somebody else sees it and is done before us
            return found

    slow = Slow(INSIDE.outside, INSIDE.credentials, "janitor-test", patience=10)
    with pytest.raises(BranchMoved):
        bring(ours, there, visitor=slow)
    assert ours["git"].branches("copy").get("main") != made[-1]


def test_what_a_killed_fetch_left_goes(
    git_store: GitStore, ours: dict[str, VcsManager], url: str, tmp_path: Path
) -> None:
    history(git_store, 2)
    bring(ours, f"{url}/git/hello,branch=main")
    objects = tmp_path / "our-git" / "copy" / "objects"
    old, new = (objects / f"tmp_objdir-janitor-{name}" for name in ("old", "new"))
    for left in (old, new):
        (left / "pack").mkdir(parents=True)
        (left / "pack" / "tmp_pack_x").write_bytes(b"half")
    os.utime(old, (0, 0))
    git_store.commit({b"b": b"x"})
    bring(ours, f"{url}/git/hello,branch=main")
    assert (old.exists(), new.exists()) == (False, True)


def test_what_a_killed_fetch_of_bazaar_left_goes(
    bzr_store: BzrStore, ours: dict[str, VcsManager], tmp_path: Path
) -> None:
    bzr_store.commit({"a": b"1"})
    with bazaar_at(bzr_store) as url:
        bring(ours, url, "bzr")
        uploads = tmp_path / "our-bzr" / "copy" / ".bzr" / "repository" / "upload"
        old, new = uploads / "old.pack", uploads / "new.pack"
        for part in (old, new):
            part.write_bytes(b"half")
        os.utime(old, (0, 0))
        bzr_store.commit({"a": b"2"})
        bring(ours, url, "bzr")
    assert (old.exists(), new.exists()) == (False, True)


def test_a_host_that_is_left_alone_is_not_mirrored_from(
    engine: Engine, session: Session, server: Server, tmp_path: Path
) -> None:
    server.answer(429, b"", {"Retry-After": "600"})
    there = f"{server.url}/a"
    session.add(Codebase(name="hello", branch_url=there, url=there, vcs_type="git"))
    session.commit()
    app = create_app(
        Config(
            database_location=engine.url.render_as_string(hide_password=False),
            redis_location=NO_BROKER,
            git_location=str(tmp_path / "our-git"),
            local_branches=True,
        )
    )
    for request in ("1", "2"):
        app.tasks[MIRROR.name](request=request, codebase="hello")
    assert closed_hosts(session) == {server.url.removeprefix("http://")}
    assert len(server.requests) == 1
    first, second = session.scalars(select(JobRow).order_by(JobRow.id)).all()
    assert "is left alone for now" in (second.last_error or "")
    for job in (first, second):  # asked again when the host may be
        assert job.state == "pending"
        assert job.not_before > datetime.now(UTC) + timedelta(minutes=9)
    app.deployment.close()


def test_where_nothing_is_brought_from(
    server: Server, git_store: GitStore, ours: dict[str, VcsManager]
) -> None:
    outside = Visitor(Outside(), Credentials(), "janitor-test")
    for url in (f"{server.url}/a", git_store.path.as_uri(), "ext::sh -c true", "ssh://x.example/a"):
        with pytest.raises(BranchOpenFailure):
            bring(ours, url, visitor=outside)
    assert server.requests == []
    remote: dict[str, VcsManager] = {"git": RemoteGitVcsManager("http://127.0.0.1:1/")}
    git_store.commit({b"a": b"x"})
    with pytest.raises(UnsupportedVcs):
        bring(remote, git_store.path.as_uri() + ",branch=main")
