from __future__ import annotations

from pathlib import Path

import pytest

from janitor.config import read_string
from janitor.names import UnsafeName
from janitor.vcs import (
    LocalBzrVcsManager,
    LocalGitVcsManager,
    RemoteBzrVcsManager,
    RemoteGitVcsManager,
    UnsupportedVcs,
    VcsManager,
    get_vcs_manager,
    get_vcs_managers,
    get_vcs_managers_from_config,
)
from janitor.vcs.errors import StoreRefused


@pytest.mark.parametrize(
    ("name", "location", "manager"),
    [
        ("git", "/srv/git", LocalGitVcsManager("/srv/git")),
        ("git", "file:///srv/the%20git", LocalGitVcsManager("/srv/the git")),
        ("bzr", "/srv/bzr/", LocalBzrVcsManager("/srv/bzr")),
        ("git", "https://store.example/git/", RemoteGitVcsManager("https://store.example/git")),
        ("bzr", "http://store.example/bzr", RemoteBzrVcsManager("http://store.example/bzr")),
    ],
)
def test_the_place_says_which_manager(name: str, location: str, manager: VcsManager) -> None:
    assert get_vcs_manager(name, location) == manager


@pytest.mark.parametrize(
    ("name", "location"),
    [("hg", "/srv/hg"), ("svn", "https://x.example/"), ("git", "ftp://x/y"), ("git", "file://[x")],
)
def test_other_kinds_and_places_are_refused(name: str, location: str) -> None:
    with pytest.raises(UnsupportedVcs):
        get_vcs_manager(name, location)


def test_one_url_has_both_kinds() -> None:
    assert get_vcs_managers("https://store.example/") == {
        "git": RemoteGitVcsManager("https://store.example/git"),
        "bzr": RemoteBzrVcsManager("https://store.example/bzr"),
    }


def test_each_kind_may_have_its_place() -> None:
    assert get_vcs_managers("git=/srv/git,bzr=http://store.example/b") == {
        "git": LocalGitVcsManager("/srv/git"),
        "bzr": RemoteBzrVcsManager("http://store.example/b"),
    }


def test_only_configured_kinds_have_a_manager() -> None:
    config = read_string('git_location: "file:///srv/git"')
    assert get_vcs_managers_from_config(config) == {"git": LocalGitVcsManager("/srv/git")}


def test_managers_of_different_kinds_differ(tmp_path: Path) -> None:
    place = str(tmp_path)
    assert LocalGitVcsManager(place) != LocalBzrVcsManager(place)
    assert len({LocalGitVcsManager(place), LocalGitVcsManager(place)}) == 1


def test_urls_as_breezy_writes_them() -> None:
    git, bzr = RemoteGitVcsManager("https://s.example/"), LocalBzrVcsManager("/srv")
    assert git.get_branch_url("lib+x", "a/b c") == "https://s.example/lib+x,branch=a%2Fb%20c"
    assert bzr.get_branch_url("a,b", "fix/main") == "file:///srv/a%2Cb/fix/main"


@pytest.mark.parametrize("manager", [LocalGitVcsManager("/srv"), RemoteBzrVcsManager("http://x/")])
@pytest.mark.parametrize("codebase", ["..", "a/b", "", "-x", "A"])
def test_a_codebase_stays_in_its_place(manager: VcsManager, codebase: str) -> None:
    with pytest.raises(UnsafeName):
        manager.get_repository_url(codebase)


@pytest.mark.parametrize("branch", ["", "..", "a/../b", "/a", "a//b", "a\nb"])
def test_a_branch_stays_in_its_place(branch: str) -> None:
    with pytest.raises(UnsafeName):
        LocalBzrVcsManager("/srv").get_branch_url("codebase", branch)


def test_no_password_is_shown() -> None:
    manager = RemoteGitVcsManager("https://ada:hush@store.example/git")
    assert "hush" not in repr(manager)


@pytest.mark.parametrize(
    "url", ["file:///srv/git", "http://", "http://[::1", "http://store.example:x/git"]
)
def test_a_remote_store_has_an_http_url(url: str) -> None:
    with pytest.raises(StoreRefused, match="no http"):
        RemoteGitVcsManager(url)
