from __future__ import annotations

import pytest

from janitor.vcs.errors import InvalidRevision
from janitor.vcs.revisions import EMPTY_TREE, bzr_revision, git_revision, git_sha

SHA = "0123456789abcdef0123456789abcdef01234567"


def test_a_git_revision_is_a_commit_with_a_prefix() -> None:
    assert git_sha(git_revision(SHA), null=EMPTY_TREE) == SHA


def test_the_null_revision_is_what_the_caller_says() -> None:
    assert git_sha(b"null:", null=EMPTY_TREE) == EMPTY_TREE


@pytest.mark.parametrize(
    "revision",
    [
        b"",
        SHA.encode(),
        b"git-v1:" + SHA[:39].encode(),
        b"git-v1:" + SHA.upper().encode(),
        b"git-v1:" + SHA.encode() + b"\n",
        b"git-v1:--output=/tmp/x",
        b"git-v1:HEAD",
        b"joe@example.com-20200101000000-abcdef",
    ],
)
def test_nothing_else_is_a_git_revision(revision: bytes) -> None:
    with pytest.raises(InvalidRevision):
        git_sha(revision, null=EMPTY_TREE)


@pytest.mark.parametrize("revision", [b"null:", b"joe@example.com-20200101000000-abcdef"])
def test_a_bzr_revision_is_text(revision: bytes) -> None:
    assert bzr_revision(revision) == revision.decode()


@pytest.mark.parametrize("revision", [b"", b"current:", b"a b", b"a\nb", b"a\x00b"])
def test_nothing_that_bazaar_refuses_is_a_bzr_revision(revision: bytes) -> None:
    with pytest.raises(InvalidRevision):
        bzr_revision(revision)
