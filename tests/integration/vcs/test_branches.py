"""One conformance suite over both kinds of local branches, with real repositories."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from janitor.names import UnsafeName
from janitor.vcs import (
    RemoteGitVcsManager,
    UnsupportedVcs,
    VcsManager,
)
from janitor.vcs.branches.git_refs import GRACE
from janitor.vcs.branches.port import (
    Branches,
    BranchExists,
    BranchMoved,
    RepositoryBusy,
    UnusableName,
    checked_new_name,
)
from janitor.vcs.branches.turn import turn_in
from janitor.vcs.errors import RepositoryUnavailable, RevisionMissing
from janitor.vcs.revisions import git_sha

if TYPE_CHECKING:
    from conftest import BzrStore, GitStore, Server

ODD_NAMES = ["fix/main", "späß/ü", "a%20b", "a'b\"c", "$(touch)", "x@y", "ﬀ+,=&"]
ABSENT = {"git": b"git-v1:" + b"1" * 40, "bzr": b"ada@example.com-20200101000000-0123456789abcdef"}


@dataclass
class House:
    """A store with three revisions, and its branches."""

    manager: VcsManager
    revisions: list[bytes]
    path: Path

    @property
    def branches(self) -> Branches:
        return self.manager.branches("hello")


@pytest.fixture
def git_house(git_store: GitStore) -> House:
    one = git_store.commit({b"a": b"1"})
    two = git_store.commit({b"a": b"2"}, parent=one)
    other = git_store.commit({b"b": b"3"})
    git_store.git("update-ref", "refs/heads/main", two.decode().removeprefix("git-v1:"))
    return House(git_store.manager, [one, two, other], git_store.path)


@pytest.fixture
def bzr_house(bzr_store: BzrStore) -> House:
    revisions = [bzr_store.commit({"a": content}) for content in (b"1", b"2", b"3")]
    return House(bzr_store.manager, revisions, bzr_store.base / "hello")


@pytest.fixture(params=["git", "bzr"])
def house(request: pytest.FixtureRequest) -> House:
    found: House = request.getfixturevalue(f"{request.param}_house")
    return found


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_branch_is_made_moved_renamed_and_deleted(house: House, name: str) -> None:
    one, two, other = house.revisions
    branches = house.branches
    before = branches.tips()
    assert branches.get(name) is None
    branches.create(name, one)
    branches.set(name, two, expected=one)
    assert branches.get(name) == two
    branches.set(name, other, expected=two)  # not only forwards
    assert branches.tips() == before | {name: other}
    opened = house.manager.get_branch("hello", name)
    assert opened is not None
    assert opened.last_revision() == other
    branches.rename(name, "quite/another", expected=other)
    assert branches.get(name) is None
    assert branches.get("quite/another") == other
    branches.delete("quite/another", expected=other)
    assert branches.tips() == before


def test_nothing_is_set_that_is_not_as_expected(house: House) -> None:
    one, two, other = house.revisions
    branches = house.branches
    branches.create("fix", one)
    for attempt in (
        lambda: branches.set("fix", two, expected=other),
        lambda: branches.delete("fix", expected=other),
        lambda: branches.rename("fix", "x", expected=other),
        lambda: branches.set("absent", two, expected=other),
        lambda: branches.delete("absent", expected=other),
        lambda: branches.rename("absent", "x", expected=other),
    ):
        with pytest.raises(BranchMoved):
            attempt()
    with pytest.raises(BranchExists):
        branches.create("fix", two)
    branches.create("taken", two)
    with pytest.raises(BranchExists):
        branches.rename("fix", "taken", expected=one)
    assert branches.get("fix") == one
    assert branches.get("taken") == two


def test_a_revision_that_is_not_there_is_refused(house: House) -> None:
    absent = ABSENT[house.manager.vcs_type]
    house.branches.create("fix", house.revisions[0])
    with pytest.raises(RevisionMissing):
        house.branches.create("new", absent)
    with pytest.raises(RevisionMissing):
        house.branches.set("fix", absent, expected=house.revisions[0])
    with pytest.raises(RevisionMissing):
        house.branches.set_tag("t", absent, branch="fix")
    with pytest.raises(UnusableName):
        house.branches.create("new", b"null:")
    assert house.branches.get("new") is None


@pytest.mark.parametrize("name", ["..", "a//b", "/a", "a/", "", "a\nb", "a/../b"])
def test_a_name_does_not_leave_its_place(house: House, name: str) -> None:
    with pytest.raises(UnsafeName):
        house.branches.create(name, house.revisions[0])


UNUSABLE = [
    ".bzr",
    "a/.git",
    "a.lock",
    "a b",
    "a~1",
    "a^",
    "a:b",
    "a?",
    "a*",
    "a[",
    "-a",
    "HEAD",
    "a..b",
    "a@{1",
    "@{",
    "a.",
]


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_name_that_git_refuses_is_refused_by_both(house: House, name: str) -> None:
    asked = subprocess.run(
        ["git", "check-ref-format", "--branch", name], check=False, capture_output=True
    )
    assert asked.returncode != 0
    with pytest.raises(UnusableName):
        house.branches.create(name, house.revisions[0])


@pytest.mark.parametrize("name", [*ODD_NAMES, "a/b/c", "@", "a@b", "a-"])
def test_a_name_that_git_takes_is_taken(name: str) -> None:
    asked = subprocess.run(
        ["git", "check-ref-format", f"refs/heads/{name}"], check=False, capture_output=True
    )
    assert asked.returncode == 0
    assert checked_new_name(name) == name


def test_a_codebase_without_repository_gets_one(house: House) -> None:
    manager: Any = house.manager
    with pytest.raises(RepositoryUnavailable):
        manager.branches("fresh").create("fix", house.revisions[0])
    assert manager.branches("fresh").tips() == {}
    manager.make_repository("fresh")
    manager.make_repository("fresh")
    assert manager.branches("fresh").tips() == {}
    assert manager.get_repository("fresh") is not None
    assert sorted(manager.list_repositories()) == ["fresh", "hello"]


def test_tags(house: House) -> None:
    one, two, _ = house.revisions
    branches = house.branches
    branches.create("fix/main", two)
    branches.set_tag("run/1/main", one, branch="fix/main")
    branches.set_tag("run/2/main", one, branch="fix/main")
    branches.set_tag("run/2/main", two, branch="fix/main")
    assert branches.tags() == {"run/1/main": one, "run/2/main": two}
    branches.delete_tags(["run/1/main", "run/3/main"])
    assert branches.tags() == {"run/2/main": two}
    assert branches.get("fix/main") == two


@pytest.mark.parametrize("name", ["1.0~rc1", "-dash", "x.lock", "a b", "caf\udce9"])
def test_a_bazaar_branch_that_others_named_oddly_stops_no_tag(bzr_house: House, name: str) -> None:
    one = bzr_house.revisions[0]
    branches = bzr_house.branches
    branches.create("fix/main", one)
    branches.set_tag("run/1/main", one, branch="fix/main")
    shutil.copytree(bzr_house.path / "fix" / "main", bzr_house.path / name)
    assert branches.tips().get(name) == (None if name == "caf\udce9" else one)  # no UTF-8
    assert branches.tags() == {"run/1/main": one}
    branches.delete_tags(["run/1/main"])
    assert branches.tags() == {}


def point_to(branch: Path, url: str) -> None:
    control = branch / ".bzr" / "branch"
    (control / "format").write_text("Bazaar-NG Branch Reference Format 1\n")
    (control / "location").write_text(url)


@pytest.mark.parametrize("with_tip", [True, False])
def test_a_pointer_to_a_bazaar_branch_is_none(
    bzr_house: House, server: Server, *, with_tip: bool
) -> None:
    branches, one = bzr_house.branches, bzr_house.revisions[0]
    branches.create("pointer", one)
    point_to(bzr_house.path / "pointer", server.url)
    if not with_tip:
        (bzr_house.path / "pointer" / ".bzr" / "branch" / "last-revision").unlink()
    assert branches.get("pointer") is None
    assert "pointer" not in branches.tips()
    assert bzr_house.manager.get_branch("hello", "pointer") is None
    assert branches.tags() == {}
    branches.delete_tags(["run/1/main"])
    with pytest.raises(BranchExists, match="at pointer already"):
        branches.create("pointer", one)
    with pytest.raises(BranchExists, match="at pointer already"):
        branches.rename("main", "pointer", expected=bzr_house.revisions[-1])
    with pytest.raises(BranchMoved):
        branches.set_tag("run/1/main", one, branch="pointer")
    assert server.requests == []


@pytest.mark.parametrize(
    "conf", ["stacked_on_location = {}", "bound = True\nbound_location = {}"], ids=["stack", "bind"]
)
def test_a_bazaar_branch_leads_nowhere(bzr_house: House, server: Server, conf: str) -> None:
    branches, (one, two, _) = bzr_house.branches, bzr_house.revisions
    branches.create("fix", one)
    file = bzr_house.path / "fix" / ".bzr" / "branch" / "branch.conf"
    file.write_text(conf.format(server.url) + "\n")
    branches.set_tag("run/1/main", one, branch="fix")
    branches.set("fix", two, expected=one)
    assert branches.tags() == {"run/1/main": one}
    branches.delete_tags(["run/1/main"])
    opened = bzr_house.manager.get_branch("hello", "fix")
    assert opened is not None
    assert opened.last_revision() == two
    branches.rename("fix", "other", expected=two)
    branches.delete("other", expected=two)
    assert server.requests == []


def test_a_branch_beside_one_below_it(house: House) -> None:
    one, two, _ = house.revisions
    branches = house.branches
    branches.create("a/b", one)
    if house.manager.vcs_type == "git":
        for name in ("a", "a/b/c"):
            with pytest.raises(BranchExists, match="beside refs/heads/a/b"):
                branches.create(name, two)
        branches.delete("a/b", expected=one)
        branches.create("a", two)  # the directory is no hindrance
    else:
        branches.create("a", two)
        branches.delete("a", expected=two)
        assert branches.get("a/b") == one


def test_a_packed_branch_is_in_the_way_too(git_house: House) -> None:
    one, two, _ = git_house.revisions
    git_house.branches.create("a/b", one)
    subprocess.run(["git", "--git-dir", git_house.path, "pack-refs", "--all"], check=True)
    with pytest.raises(BranchExists, match="beside refs/heads/a/b"):
        git_house.branches.create("a", two)
    git_house.branches.set("a/b", two, expected=one)
    git_house.branches.delete("a/b", expected=two)
    assert git_house.branches.get("a/b") is None  # the packed one does not come back


def test_no_hook_is_run(git_house: House) -> None:
    trace = git_house.path / "trace"
    hook = git_house.path / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trace}\n")
    hook.chmod(0o755)
    (git_house.path / "config").write_text(
        f"[core]\n\tbare = true\n\thooksPath = {hook.parent}\n\tfsmonitor = {hook}\n"
    )
    git_house.branches.create("fix", git_house.revisions[0])
    assert not trace.exists()
    subprocess.run(
        ["git", "--git-dir", git_house.path, "update-ref", "refs/heads/x", "refs/heads/fix"],
        check=True,
    )
    assert trace.exists()  # it would have been


def test_a_branch_behind_a_store_service_is_its_own_business() -> None:
    with pytest.raises(UnsupportedVcs):
        RemoteGitVcsManager("http://store.example/").branches("hello")


def test_whoever_waits_too_long_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = house.path if house.manager.vcs_type == "git" else house.path / ".bzr"
    monkeypatch.setattr("janitor.vcs.branches.turn.PATIENCE", 0.05)
    with turn_in(directory), pytest.raises(RepositoryBusy):
        house.branches.create("fix", house.revisions[0])
    house.branches.create("fix", house.revisions[0])


def killed_in(program: str, *arguments: object) -> None:
    """Run a program that kills itself on the way."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], check=False, cwd=Path.cwd()
    )
    assert done.returncode == -signal.SIGKILL


MOVES_WITH_GIT = """
import sys
from pathlib import Path
from janitor.vcs.branches.git_refs import RefChange, change_refs
from janitor.vcs.branches.turn import turn_in
old, new = sys.argv[2:]
with turn_in(Path(sys.argv[1])) as turn:
    change_refs(Path(sys.argv[1]), turn, [RefChange(b"refs/heads/fix", old, new)])
"""

# Locks as Git does, and then both are gone: the worker and what it started.
DIES_AS_GIT = """#!/bin/sh
cd "$2"
for each in refs/heads/fix.lock packed-refs.lock packed-refs.new; do : > "$each"; done
kill -KILL $PPID
kill -KILL $$
"""


@pytest.fixture
def killed_with_git(git_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a writer be killed, with its Git, while it moves the branch ``fix``."""
    one, two, _ = git_house.revisions
    git_house.branches.create("fix", one)
    subprocess.run(["git", "pack-refs", "--all"], cwd=git_house.path, check=True)
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(DIES_AS_GIT)
    git.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{git.parent}:{os.environ['PATH']}")
        killed_in(MOVES_WITH_GIT, git_house.path, git_sha(one, null=""), git_sha(two, null=""))
    assert len(list(git_house.path.rglob("*.lock"))) == 2


@pytest.mark.usefixtures("killed_with_git")
def test_what_a_killed_writer_had_locked_is_free_again(
    git_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    sleep = time.sleep

    def noted(seconds: float) -> None:
        waits.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", noted)
    git_house.branches.set("fix", git_house.revisions[1], expected=git_house.revisions[0])
    assert not list(git_house.path.rglob("*.lock"))
    assert waits.count(GRACE) == 1  # however many there are


@pytest.mark.usefixtures("killed_with_git")
def test_what_was_locked_before_a_killed_writer_came_is_somebody_else_s(git_house: House) -> None:
    lock = git_house.path / "refs" / "heads" / "fix.lock"
    before = lock.stat().st_mtime - 5
    os.utime(lock, (before, before))
    with pytest.raises(RepositoryBusy, match="locked"):
        git_house.branches.set("fix", git_house.revisions[1], expected=git_house.revisions[0])
    assert lock.exists()


@pytest.mark.usefixtures("killed_with_git")
def test_what_a_killed_writer_had_packed_half_way_is_in_nobody_s_way(git_house: House) -> None:
    git_house.branches.delete("fix", expected=git_house.revisions[0])  # writes what is packed anew
    assert git_house.branches.get("fix") is None
    assert not (git_house.path / "packed-refs.new").exists()


def test_a_name_that_no_file_could_have_is_no_branch(house: House) -> None:
    for name in ("x" * 251, "ü" * 126, "x/" * 600 + "x"):
        assert house.branches.get(name) is None
        with pytest.raises(UnusableName, match="too long"):
            house.branches.create(name, house.revisions[0])
    house.branches.create("x" * 250, house.revisions[0])
    assert house.branches.get("x" * 250) == house.revisions[0]


def test_what_a_killed_maker_left_goes(house: House) -> None:
    manager: Any = house.manager
    making = house.path.parent / ".janitor-making"
    old, new = making / "other.old", making / "other.new"
    for left in (old, new):
        (left / "objects").mkdir(parents=True)
    os.utime(old, (0, 0))
    manager.make_repository("other")
    assert (old.exists(), new.exists()) == (False, True)


def test_what_is_no_repository_is_not_taken_for_one(house: House) -> None:
    manager: Any = house.manager
    elsewhere = house.path.with_name("other")
    elsewhere.mkdir()
    (elsewhere / "notes").write_text("mine")
    with pytest.raises(RepositoryUnavailable, match=r"there can be no repository at .*other"):
        manager.make_repository("other")
    assert (elsewhere / "notes").read_text() == "mine"
    manager.make_repository("hello")  # there is one


def test_what_somebody_else_has_locked_is_left_to_him(git_house: House) -> None:
    lock = git_house.path / "refs" / "heads" / "fix.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("")
    with pytest.raises(RepositoryBusy, match="locked"):
        git_house.branches.create("fix", git_house.revisions[0])
    assert lock.exists()
    long_ago = lock.stat().st_mtime - 4000
    os.utime(lock, (long_ago, long_ago))
    git_house.branches.create("fix", git_house.revisions[0])
    assert not lock.exists()


KILLED_WITH_BZR = """
import os, signal, sys
import breezy.bzr.bzrdir
from breezy.branch import Branch
Branch.open(sys.argv[1]).lock_write()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("change", ["set", "delete", "rename"])
def test_a_lock_of_a_dead_process_is_broken(bzr_house: House, change: str) -> None:
    one, two, _ = bzr_house.revisions
    bzr_house.branches.create("fix", one)
    killed_in(KILLED_WITH_BZR, bzr_house.path / "fix")
    changes: dict[str, Callable[[], None]] = {
        "set": lambda: bzr_house.branches.set("fix", two, expected=one),
        "delete": lambda: bzr_house.branches.delete("fix", expected=one),
        "rename": lambda: bzr_house.branches.rename("fix", "other", expected=one),
    }
    changes[change]()
    assert bzr_house.branches.get("fix") == (two if change == "set" else None)


def test_a_lock_of_a_living_process_holds(bzr_house: House) -> None:
    from breezy.branch import Branch

    one = bzr_house.revisions[0]
    bzr_house.branches.create("fix", one)
    branch = Branch.open(str(bzr_house.path / "fix"))
    with branch.lock_write(), pytest.raises(RepositoryBusy):
        bzr_house.branches.delete("fix", expected=one)
    assert bzr_house.branches.get("fix") == one


def test_a_lock_of_a_living_process_is_not_waited_for_long(
    bzr_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from breezy.branch import Branch
    from breezy.lockdir import LockDir

    one, two, _ = bzr_house.revisions
    bzr_house.branches.create("fix", one)
    branch = Branch.open(str(bzr_house.path / "fix"))
    waited: list[float | None] = []
    wait = LockDir.wait_lock

    def noting(lock: LockDir, timeout: float | None = None, **options: float) -> object:
        waited.append(timeout)
        return wait(lock, timeout and 0.1, **options)

    with branch.lock_write():
        monkeypatch.setattr(LockDir, "wait_lock", noting)
        with pytest.raises(RepositoryBusy):
            bzr_house.branches.set("fix", two, expected=one)
    assert waited[-1] == 3  # seconds; Breezy's own are 30
