from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from janitor.names import UnsafeName
from janitor.vcs import get_branch_vcs_type, manager
from janitor.vcs.errors import (
    DiffTimedOut,
    DiffTooLarge,
    InvalidRevision,
    RepositoryUnavailable,
    RevisionMissing,
)
from janitor.vcs.programs.sealed_git import GitFailed, GitMissing, run_git

if TYPE_CHECKING:
    from conftest import GitStore

ABSENT = b"git-v1:" + b"1" * 40
NULL = b"null:"


def plain(revision: bytes) -> str:
    return revision.removeprefix(b"git-v1:").decode()


def test_a_diff_is_what_git_diff_says(git_store: GitStore) -> None:
    text = b"".join(b"line %d\n" % number for number in range(30))
    old = git_store.commit(
        {
            b"kept": text,
            b"moved": text * 2,
            b"image": b"\x00\x01",
            b"caf\xe9/\xff\n\"'": b"odd\n",
            "späß".encode(): b"no newline",
        }
    )
    new = git_store.commit(
        {
            b"kept": text.replace(b"line 7\n", b"seven\n"),
            b"dir/moved": text * 2 + b"more\n",
            b"image": b"\x00\x02",
            b"caf\xe9/\xff\n\"'": b"odder\n",
            "späß".encode(): b"no newline either",
        },
        parent=old,
    )
    diff = git_store.manager.get_diff("hello", old, new)
    assert diff == git_store.git("diff", plain(old), plain(new))
    assert b"rename from moved\nrename to dir/moved\n" in diff
    assert b"Binary files a/image and b/image differ\n" in diff
    assert rb'"a/caf\351/\377\n\"' in diff
    assert b"-line 7\n+seven\n" in diff


def test_the_first_commit_is_a_change_of_the_empty_tree(git_store: GitStore) -> None:
    first = git_store.commit({b"a": b"x\n"})
    manager = git_store.manager
    assert b"--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x\n" in manager.get_diff("hello", NULL, first)
    assert b"--- a/a\n+++ /dev/null\n" in manager.get_diff("hello", first, NULL)


def test_equal_revisions_have_no_diff_and_need_no_repository(git_store: GitStore) -> None:
    assert git_store.manager.get_diff("unheard-of", ABSENT, ABSENT) == b""
    assert git_store.manager.get_revision_info("unheard-of", ABSENT, ABSENT) == []


@pytest.mark.parametrize("absent_is_new", [True, False])
def test_a_missing_commit_is_named(git_store: GitStore, *, absent_is_new: bool) -> None:
    there = git_store.commit({b"a": b"x"})
    pair = (there, ABSENT) if absent_is_new else (ABSENT, there)
    for ask in (git_store.manager.get_diff, git_store.manager.get_revision_info):
        with pytest.raises(RevisionMissing, match=r"hello: .* git-v1:1111") as caught:
            ask("hello", *pair)
        assert caught.value.revisions == (ABSENT,)


def test_a_tree_is_no_revision(git_store: GitStore) -> None:
    commit = git_store.commit({b"a": b"x"})
    blob = git_store.git("rev-parse", f"{plain(commit)}:a").strip()
    with pytest.raises(RevisionMissing):
        git_store.manager.get_diff("hello", commit, b"git-v1:" + blob)


def test_a_damaged_repository_is_not_a_missing_commit(git_store: GitStore) -> None:
    first = git_store.commit({b"a": b"x\n"})
    second = git_store.commit({b"a": b"y\n"}, parent=first)
    tree = git_store.git("rev-parse", f"{plain(second)}^{{tree}}").decode().strip()
    (git_store.path / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(GitFailed, match="diff-tree"):
        git_store.manager.get_diff("hello", first, second)


def test_what_is_no_revision_reaches_no_command_line(git_store: GitStore) -> None:
    with pytest.raises(InvalidRevision):
        git_store.manager.get_diff("hello", b"git-v1:--output=x", NULL)


def test_a_codebase_without_repository_may_get_one(git_store: GitStore) -> None:
    with pytest.raises(RepositoryUnavailable, match="nothing-yet"):
        git_store.manager.get_diff("nothing-yet", NULL, ABSENT)


def test_a_path_is_no_codebase(git_store: GitStore) -> None:
    with pytest.raises(UnsafeName):
        git_store.manager.get_diff("../git/hello", NULL, ABSENT)


def test_revisions_newest_first_with_their_messages(git_store: GitStore) -> None:
    first = git_store.commit({b"a": b"1"}, "First.\n")
    second = git_store.commit({b"a": b"2"}, "Second.\n\nWith a böddy.\n", parent=first)
    third = git_store.commit({b"a": b"3"}, "", parent=second)
    manager = git_store.manager
    infos = manager.get_revision_info("hello", first, third)
    assert [(info.revision_id, info.message.strip(), info.link) for info in infos] == [
        (third, "", None),
        (second, "Second.\n\nWith a böddy.", None),
    ]
    assert infos[0].commit_id == third.removeprefix(b"git-v1:")
    everything = manager.get_revision_info("hello", NULL, third)
    assert [info.revision_id for info in everything] == [third, second, first]
    assert manager.get_revision_info("hello", third, NULL) == []


def test_branches_and_repositories(git_store: GitStore) -> None:
    revision = git_store.commit({b"a": b"x"})
    git_store.git("branch", "fix/main", "main")
    manager = git_store.manager
    branch = manager.get_branch("hello", "fix/main")
    assert branch is not None
    assert branch.last_revision() == revision
    assert get_branch_vcs_type(branch) == "git"
    assert manager.get_branch("hello", "other") is None
    assert manager.get_branch("absent", "main") is None
    assert manager.get_repository("absent") is None
    assert manager.get_repository("hello") is not None
    (git_store.base / "no-repository").mkdir()
    assert list(manager.list_repositories()) == ["hello"]


def test_a_diff_that_takes_too_long_is_ended(git_store: GitStore) -> None:
    git_store.commit({b"a": b"x"})
    began = time.monotonic()
    with pytest.raises(DiffTimedOut):
        run_git(
            git_store.path,
            "-c",
            "alias.wait=!exec sleep 60",
            "wait",
            patience=0.2,
        )
    assert time.monotonic() - began < 50, "nobody waited for its own end"


def test_a_diff_beyond_all_reading_is_refused(
    git_store: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "LONGEST_DIFF", 1000)
    revision = git_store.commit({b"a": b"line\n" * 1_000_000})
    with pytest.raises(DiffTooLarge):
        git_store.manager.get_diff("hello", NULL, revision)


def test_without_git_a_person_is_told(
    git_store: GitStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    revision = git_store.commit({b"a": b"x"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissing, match="install it"):
        git_store.manager.get_diff("hello", NULL, revision)


class Traps:
    """A repository whose configuration runs a program wherever Git lets it."""

    def __init__(self, store: GitStore) -> None:
        self.sprung = store.base / "sprung"
        trap = store.base / "trap"
        trap.write_text(f'#!/bin/sh\necho "$0 $*" >> {self.sprung}\nexit 1\n')
        trap.chmod(0o755)
        lines = f"""
[core]
    repositoryformatversion = 1
    bare = true
    fsmonitor = {trap}
    pager = {trap}
    hooksPath = {store.base}
    sshCommand = {trap}
[pager]
    diff-tree = {trap}
[extensions]
    partialClone = origin
[remote "origin"]
    url = {store.base}
    uploadpack = {trap}
    promisor = true
"""
        self.config = store.path / "config"
        self.config.write_text(lines)
        self.external = f"[diff]\n    external = {trap}\n"
        self.driver = f'[diff "trap"]\n    command = {trap}\n'
        self.textconv = f'[diff "trap"]\n    textconv = {trap}\n'
        (store.path / "info").mkdir(exist_ok=True)
        (store.path / "info" / "attributes").write_text("* diff=trap\n")

    def add(self, kind: str) -> None:
        self.config.write_text(self.config.read_text() + getattr(self, kind, ""))


@pytest.mark.parametrize("kind", ["external", "driver", "textconv", "lazy-fetch"])
def test_a_repositorys_configuration_runs_nothing(git_store: GitStore, kind: str) -> None:
    old = git_store.commit({b"a": b"x\n"})
    new = git_store.commit({b"a": b"y\n"}, parent=old)
    traps = Traps(git_store)
    traps.add(kind)
    absent = kind == "lazy-fetch"
    git_store.git("diff", plain(old), plain(ABSENT if absent else new))
    assert traps.sprung.exists(), "the trap is none: Git itself does not step into it"
    traps.sprung.unlink()
    if absent:
        with pytest.raises(RevisionMissing):
            git_store.manager.get_diff("hello", old, ABSENT)
    else:
        assert b"-x\n+y\n" in git_store.manager.get_diff("hello", old, new)
    git_store.manager.get_revision_info("hello", old, new)
    assert not traps.sprung.exists()


def test_nothing_is_left_behind(
    git_store: GitStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    revision = git_store.commit({b"a": b"x"})
    git_store.manager.get_diff("hello", NULL, revision)
    assert list(scratch.iterdir()) == []
