"""One conformance suite over all four managers, with real repositories and a real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from janitor.names import UnsafeName
from janitor.vcs import (
    RemoteBzrVcsManager,
    RemoteGitVcsManager,
    VcsManager,
    get_branch_vcs_type,
    get_vcs_managers,
)
from janitor.vcs.errors import InvalidRevision, RepositoryUnavailable, RevisionMissing
from tests.integration.vcs.store import Store, served

if TYPE_CHECKING:
    from conftest import BzrStore, GitStore

ABSENT = {"git": b"git-v1:" + b"1" * 40, "bzr": b"ada@example.com-20200101000000-0123456789abcdef"}
NULL = b"null:"
BRANCHES = ["fix/main", "späß/ü", "a%20b", "a+b", "a=b&c", "x@y"]
OTHERS = ["lib+x", "a,b", "x-1.2"]  # codebases


@dataclass
class Case:
    """A manager, and what it should have."""

    manager: VcsManager
    local: VcsManager
    revisions: list[bytes]


@pytest.fixture
def local_git(git_store: GitStore) -> Case:
    one = git_store.commit({b"a": b"1\n"}, "First.\n")
    two = git_store.commit({b"a": b"2\n", "späß".encode(): b"x"}, "Zweites.\n", parent=one)
    return _furnished(git_store.manager, [one, two])


@pytest.fixture
def local_bzr(bzr_store: BzrStore) -> Case:
    one = bzr_store.commit({"a": b"1\n"}, "First.")
    two = bzr_store.commit({"a": b"2\n", "späß": b"x"}, "Zweites.")
    return _furnished(bzr_store.manager, [one, two])


def _furnished(manager: VcsManager, revisions: list[bytes]) -> Case:
    for name in BRANCHES:
        manager.branches("hello").create(name, revisions[0])
    for codebase in OTHERS:
        manager.make_repository(codebase)  # type: ignore[attr-defined]
    return Case(manager, manager, revisions)


@pytest.fixture
def store_url(tmp_path: Path) -> Iterator[str]:
    with served(Store(tmp_path / "git", tmp_path / "bzr")) as url:
        yield url


PLACES = ["local git", "local bzr", "URL/git", "URL/git/", "URL/bzr", "URL/bzr/"]


@pytest.fixture(params=PLACES)
def case(request: pytest.FixtureRequest) -> Case:
    kind = "git" if "git" in request.param else "bzr"
    local: Case = request.getfixturevalue(f"local_{kind}")
    if request.param.startswith("local"):
        return local
    url = request.param.replace("URL", request.getfixturevalue("store_url"))
    remote = RemoteGitVcsManager if kind == "git" else RemoteBzrVcsManager
    return Case(remote(url), local.manager, local.revisions)


def test_repositories_and_branches(case: Case) -> None:
    manager = case.manager
    assert sorted(manager.list_repositories()) == sorted(["hello", *OTHERS])
    names = list(BRANCHES)
    if isinstance(manager, RemoteBzrVcsManager):
        names.remove("späß/ü")  # Breezy's own smart protocol fails at such a path
    for name in names:
        branch = manager.get_branch("hello", name)
        assert branch is not None, name
        assert branch.last_revision() == case.revisions[0]
        assert get_branch_vcs_type(branch) == manager.vcs_type
    for absent in ("fix", "main/x", "other", "fix/main/below"):
        assert manager.get_branch("hello", absent) is None
    for codebase in ("hello", *OTHERS):
        assert manager.get_repository(codebase) is not None
    assert manager.get_repository("absent") is None
    assert manager.get_branch("absent", "main") is None


def test_diffs_and_revisions(case: Case) -> None:
    manager, (one, two) = case.manager, case.revisions
    for old, new in ((one, two), (two, one), (NULL, two), (two, NULL)):
        diff = manager.get_diff("hello", old, new)
        assert diff
        assert diff == case.local.get_diff("hello", old, new)
    assert manager.get_diff("hello", one, one) == b""
    infos = manager.get_revision_info("hello", NULL, two)
    assert [(info.revision_id, info.message.strip()) for info in infos] == [
        (two, "Zweites."),
        (one, "First."),
    ]
    assert all((info.commit_id is not None) == (manager.vcs_type == "git") for info in infos)
    assert [info.revision_id for info in manager.get_revision_info("hello", one, two)] == [two]
    assert manager.get_revision_info("hello", two, one) == []


def test_what_is_not_there(case: Case) -> None:
    manager, (one, _) = case.manager, case.revisions
    absent = ABSENT[manager.vcs_type]
    for ask in (manager.get_diff, manager.get_revision_info):
        with pytest.raises(RevisionMissing):
            ask("hello", one, absent)
        with pytest.raises(RepositoryUnavailable):
            ask("absent", one, absent)
        with pytest.raises(InvalidRevision):
            ask("hello", one, b"no revision")
        with pytest.raises(UnsafeName):
            ask("../hello", one, absent)
    for name in ("..", "a/../b", "/a", ""):
        with pytest.raises(UnsafeName):
            manager.get_branch("hello", name)
    with pytest.raises(UnsafeName):
        manager.get_repository("..")


@pytest.mark.parametrize("slash", ["", "/"])
def test_one_url_serves_both(local_git: Case, local_bzr: Case, store_url: str, slash: str) -> None:
    managers = get_vcs_managers(f"{store_url}{slash}")
    for kind, case in (("git", local_git), ("bzr", local_bzr)):
        branch = managers[kind].get_branch("hello", "fix/main")
        assert branch is not None
        assert branch.last_revision() == case.revisions[0]
