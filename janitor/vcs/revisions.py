"""Revision ids, and what of them may reach a command line or a URL."""

from __future__ import annotations

import re

from janitor.vcs.errors import InvalidRevision

NULL_REVISION = b"null:"  # the state before the first commit, in Git and in Bazaar
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # Git knows it without storing it
NO_COMMIT = "0" * 40

_GIT = re.compile(rb"git-v1:([0-9a-f]{40})")
# As Bazaar's own check: no white space and no control characters; a colon at the end marks
# the ids that it keeps for itself.
_BZR = re.compile(r"[^\s\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f:]")


def git_sha(revision: bytes, *, null: str) -> str:
    """Return the commit that a revision id names, in hexadecimal.

    Args:
        revision: ``git-v1:`` and forty digits, or the null revision.
        null: what stands for the null revision where the answer goes.

    Raises:
        InvalidRevision: it is neither.
    """
    if revision == NULL_REVISION:
        return null
    found = _GIT.fullmatch(revision)
    if found is None:
        raise InvalidRevision(f"{revision!r} is no Git revision: 'git-v1:' and 40 hex digits")
    return found[1].decode()


def git_revision(sha: str) -> bytes:
    """Return the revision id of a commit."""
    return f"git-v1:{sha}".encode()


def is_bzr_revision(revision: bytes) -> bool:
    """Return whether Bazaar would take that as a revision id."""
    try:
        return revision == NULL_REVISION or bool(_BZR.fullmatch(revision.decode()))
    except UnicodeDecodeError:
        return False


def bzr_revision(revision: bytes) -> str:
    """Return a Bazaar revision id as text.

    Raises:
        InvalidRevision: Bazaar would not take it as one.
    """
    if not is_bzr_revision(revision):
        raise InvalidRevision(f"{revision!r} is no Bazaar revision id")
    return revision.decode()
