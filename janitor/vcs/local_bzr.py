"""Bazaar repositories in a directory: a shared one for each codebase, branches within."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from janitor.vcs.errors import DiffTooLarge, RepositoryUnavailable, RevisionMissing
from janitor.vcs.manager import (
    LONGEST_DIFF,
    RevisionInfo,
    VcsManager,
    checked_branch_name,
    checked_codebase,
)
from janitor.vcs.revisions import NULL_REVISION, bzr_revision


class LocalBzrVcsManager(VcsManager):
    """Bazaar repositories at ``BASE/CODEBASE``, their branches at ``BASE/CODEBASE/BRANCH``.

    Args:
        base_path: the directory ``BASE``.
    """

    vcs_type = "bzr"

    def __init__(self, base_path: str) -> None:
        self.base_path = base_path
        self._base = Path(base_path).absolute()
        super().__init__(str(self._base))

    def get_repository_url(self, codebase: str) -> str:
        """Return the ``file:`` URL of a codebase's repository."""
        return (self._base / checked_codebase(codebase)).as_uri()

    def get_branch_url(self, codebase: str, branch_name: str) -> str:
        """Return the ``file:`` URL of a branch."""
        return f"{self.get_repository_url(codebase)}/{quote(checked_branch_name(branch_name))}"

    def list_repositories(self) -> Iterable[str]:
        """Return the names of the codebases that have a repository."""
        return sorted(found.parent.name for found in self._base.glob("*/.bzr"))

    def get_diff(self, codebase: str, old_revid: bytes, new_revid: bytes) -> bytes:
        """Return what changed, as ``bzr diff`` says it."""
        if bzr_revision(old_revid) == bzr_revision(new_revid):
            return b""
        breezy_diff = import_module("breezy.diff")  # heavy
        with self._reading(codebase, old_revid, new_revid) as repository:
            diff = _Bounded(codebase)
            breezy_diff.show_diff_trees(
                repository.revision_tree(old_revid),
                repository.revision_tree(new_revid),
                diff,
                old_label="old/",
                new_label="new/",
            )
        return diff.getvalue()

    def get_revision_info(
        self, codebase: str, old_revid: bytes, new_revid: bytes
    ) -> list[RevisionInfo]:
        """Return the revisions that only the new one has, newest first."""
        if bzr_revision(old_revid) == bzr_revision(new_revid) or new_revid == NULL_REVISION:
            return []
        with self._reading(codebase, old_revid, new_revid) as repository:
            graph = repository.get_graph()
            new = graph.find_unique_ancestors(new_revid, [old_revid]) - {NULL_REVISION}
            oldest_first = list(graph.iter_topo_order(sorted(new)))
            return [
                RevisionInfo(None, revision.revision_id, revision.message, None)
                for revision in repository.get_revisions(oldest_first[::-1])
            ]

    @contextmanager
    def _reading(self, codebase: str, *revisions: bytes) -> Iterator[Any]:
        repository: Any = self.get_repository(codebase)
        if repository is None:
            raise RepositoryUnavailable(f"{codebase}: there is no Bazaar repository for it yet")
        with repository.lock_read():
            missing = [
                revision
                for revision in revisions
                if revision != NULL_REVISION and not repository.has_revision(revision)
            ]
            if missing:
                raise RevisionMissing(codebase, *missing)
            yield repository


class _Bounded(io.BytesIO):
    """Bytes in memory that refuse to become too many."""

    def __init__(self, codebase: str) -> None:
        super().__init__()
        self._codebase = codebase

    def write(self, data: bytes) -> int:  # type: ignore[override]  # Breezy writes bytes only
        if self.tell() + len(data) > LONGEST_DIFF:
            raise DiffTooLarge(f"{self._codebase}: the diff has more than {LONGEST_DIFF} bytes")
        return super().write(data)
