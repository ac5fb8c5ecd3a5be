"""Bazaar repositories in a directory: a shared one for each codebase, branches within."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from janitor.vcs.branches.bzr import BzrBranches
from janitor.vcs.branches.new_repository import make_bzr_repository
from janitor.vcs.manager import RevisionInfo, VcsManager, checked_branch_name, checked_codebase
from janitor.vcs.nearby import bzr_branch_or_none
from janitor.vcs.programs.child_process import PATIENCE
from janitor.vcs.programs.sealed_breezy import SealedBreezy
from janitor.vcs.revisions import NULL_REVISION, bzr_revision

if TYPE_CHECKING:
    from breezy.branch import Branch


class LocalBzrVcsManager(VcsManager):
    """Bazaar repositories at ``BASE/CODEBASE``, their branches at ``BASE/CODEBASE/BRANCH``.

    Args:
        base_path: the directory ``BASE``.
    """

    vcs_type = "bzr"

    def __init__(self, base_path: str) -> None:
        self.base_path = base_path
        self._base = Path(base_path).absolute()
        self._breezy = SealedBreezy()
        super().__init__(str(self._base))

    def get_repository_url(self, codebase: str) -> str:
        """Return the ``file:`` URL of a codebase's repository."""
        return self.repository_path(codebase).as_uri()

    def get_branch_url(self, codebase: str, branch_name: str) -> str:
        """Return the ``file:`` URL of a branch."""
        return f"{self.get_repository_url(codebase)}/{quote(checked_branch_name(branch_name))}"

    def list_repositories(self) -> Iterable[str]:
        """Return the names of the codebases that have a repository."""
        return sorted(found.parent.name for found in self._base.glob("*/.bzr"))

    def get_branch(self, codebase: str, branch_name: str) -> Branch | None:
        """Return a branch, or None where there is none of that name."""
        path = self.repository_path(codebase)
        return bzr_branch_or_none(path, checked_branch_name(branch_name))

    def branches(self, codebase: str) -> BzrBranches:
        """Return the branches of a codebase's repository."""
        return BzrBranches(codebase, self.repository_path(codebase))

    def repository_path(self, codebase: str) -> Path:
        """Return the directory of a codebase's repository, there or not."""
        return self._base / checked_codebase(codebase)

    def make_repository(self, codebase: str) -> None:
        """Make a codebase's repository, unless it is there."""
        make_bzr_repository(self.repository_path(codebase))

    def stream_diff(
        self, codebase: str, old_revid: bytes, new_revid: bytes, *, patience: float = PATIENCE
    ) -> Generator[bytes]:
        """Yield what changed, as ``bzr diff`` says it."""
        if bzr_revision(old_revid) != bzr_revision(new_revid):
            yield from self._breezy.diff(
                self.repository_path(codebase), old_revid, new_revid, patience
            )

    def get_revision_info(
        self, codebase: str, old_revid: bytes, new_revid: bytes
    ) -> list[RevisionInfo]:
        """Return the revisions that only the new one has, newest first."""
        if bzr_revision(old_revid) == bzr_revision(new_revid) or new_revid == NULL_REVISION:
            return []
        return [
            RevisionInfo(None, revision, message, None)
            for revision, message in self._breezy.only_in(
                self.repository_path(codebase), new_revid, old_revid
            )
        ]
