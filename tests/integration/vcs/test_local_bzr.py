from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from janitor.vcs import get_branch_vcs_type, manager
from janitor.vcs.errors import (
    DiffTooLarge,
    InvalidRevision,
    RepositoryUnavailable,
    RevisionMissing,
)
from janitor.vcs.programs.breezy_program import LONGEST_LINE

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import BzrStore

ABSENT = b"ada@example.com-20200101000000-0123456789abcdef"
NULL = b"null:"


def test_a_diff_is_what_bzr_diff_says(bzr_store: BzrStore) -> None:
    old = bzr_store.commit({"a": b"one\ntwo\n", "image": b"\x00\x01"})
    new = bzr_store.commit({"a": b"one\n2\n", "image": b"\x00\x02", "späß": b"new\n"})
    diff = bzr_store.manager.get_diff("hello", old, new)
    assert diff == bzr_store.brz("diff", "-r1..2")
    assert diff.startswith(
        b"=== modified file 'a'\n"
        b"--- old/a\t2023-11-14 22:13:20 +0000\n"
        b"+++ new/a\t2023-11-14 22:13:20 +0000\n"
        b"@@ -1,2 +1,2 @@\n one\n-two\n+2\n\n"
    )
    assert b"=== modified file 'image'\nBinary files old/image" in diff
    assert "=== added file 'späß'\n".encode() in diff


def test_a_rename(bzr_store: BzrStore) -> None:
    old = bzr_store.commit({"a": b"one\n"})
    new = bzr_store.rename("a", "b")
    assert bzr_store.manager.get_diff("hello", old, new) == b"=== renamed file 'a' => 'b'\n"


def test_the_first_revision_is_a_change_of_nothing(bzr_store: BzrStore) -> None:
    first = bzr_store.commit({"a": b"x\n"})
    assert b"=== added file 'a'\n" in bzr_store.manager.get_diff("hello", NULL, first)
    assert b"=== removed file 'a'\n" in bzr_store.manager.get_diff("hello", first, NULL)


def test_equal_revisions_have_no_diff_and_need_no_repository(bzr_store: BzrStore) -> None:
    assert bzr_store.manager.get_diff("unheard-of", ABSENT, ABSENT) == b""


def test_a_missing_revision_is_named(bzr_store: BzrStore) -> None:
    there = bzr_store.commit({"a": b"x"})
    for ask in (bzr_store.manager.get_diff, bzr_store.manager.get_revision_info):
        with pytest.raises(RevisionMissing, match=r"hello: .* ada@example.com-2020") as caught:
            ask("hello", there, ABSENT)
        assert caught.value.revisions == (ABSENT,)


def test_what_is_no_revision_is_refused(bzr_store: BzrStore) -> None:
    with pytest.raises(InvalidRevision):
        bzr_store.manager.get_diff("hello", b"current:", NULL)


def test_a_codebase_without_repository_may_get_one(bzr_store: BzrStore) -> None:
    with pytest.raises(RepositoryUnavailable, match="nothing-yet"):
        bzr_store.manager.get_diff("nothing-yet", NULL, ABSENT)


def test_revisions_newest_first_with_their_messages(bzr_store: BzrStore) -> None:
    first = bzr_store.commit({"a": b"1"}, "First.")
    second = bzr_store.commit({"a": b"2"}, "Second.\n\nWith a böddy.")
    third = bzr_store.commit({"a": b"3"}, "Third.")
    manager = bzr_store.manager
    infos = manager.get_revision_info("hello", first, third)
    assert [(info.revision_id, info.message, info.commit_id) for info in infos] == [
        (third, "Third.", None),
        (second, "Second.\n\nWith a böddy.", None),
    ]
    everything = manager.get_revision_info("hello", NULL, third)
    assert [info.revision_id for info in everything] == [third, second, first]
    assert manager.get_revision_info("hello", third, NULL) == []


def test_whatever_the_history_the_revisions_are_those_that_breezy_finds(
    bzr_store: BzrStore, tmp_path: Path
) -> None:
    line = [bzr_store.commit({"file": b"%d" % number}) for number in range(LONGEST_LINE + 2)]
    side = bzr_store.tree.branch.controldir.sprout(str(tmp_path / "side")).open_workingtree()
    aside = [
        side.commit(f"Aside {number}.", committer="Ada <ada@example.com>") for number in range(2)
    ]
    after = bzr_store.commit({"file": b"meanwhile"})
    bzr_store.tree.merge_from_branch(side.branch)
    merged = bzr_store.commit({"other": b""}, "Merged.")
    last = bzr_store.commit({"file": b"last"})

    revisions = [NULL, line[0], line[1], line[-1], *aside, after, merged, last]
    repository = bzr_store.tree.branch.repository
    repository.fetch(side.branch.repository)
    with repository.lock_read():
        graph = repository.get_graph()
        for old, new in itertools.permutations(revisions, 2):
            infos = bzr_store.manager.get_revision_info("hello", old, new)
            found = [each.revision_id for each in infos]
            assert set(found) == graph.find_unique_ancestors(new, [old]) - {NULL}
            assert len(found) == len(set(found))
            for place, each in enumerate(found):  # newest first
                assert not set(graph.get_parent_map([each])[each]) & set(found[:place])


def test_branches_and_repositories(bzr_store: BzrStore) -> None:
    revision = bzr_store.commit({"a": b"x"})
    manager = bzr_store.manager
    branch = manager.get_branch("hello", "main")
    assert branch is not None
    assert branch.last_revision() == revision
    assert get_branch_vcs_type(branch) == "bzr"
    assert manager.get_branch("hello", "other") is None
    assert manager.get_branch("absent", "main") is None
    assert manager.get_repository("absent") is None
    assert list(manager.list_repositories()) == ["hello"]


def test_a_diff_beyond_all_reading_is_refused(
    bzr_store: BzrStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "LONGEST_DIFF", 1000)
    revision = bzr_store.commit({"a": b"line\n" * 1000})
    with pytest.raises(DiffTooLarge):
        bzr_store.manager.get_diff("hello", NULL, revision)
