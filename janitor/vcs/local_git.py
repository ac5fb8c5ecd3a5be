"""Git repositories in a directory: a bare one for each codebase."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from janitor.vcs.branches.git import GitBranches
from janitor.vcs.branches.new_repository import make_git_repository
from janitor.vcs.errors import RepositoryUnavailable, RevisionMissing
from janitor.vcs.manager import RevisionInfo, VcsManager, checked_branch_name, checked_codebase
from janitor.vcs.nearby import git_branch_or_none
from janitor.vcs.programs.child_process import PATIENCE
from janitor.vcs.programs.git_objects import GitObjects
from janitor.vcs.programs.sealed_git import GitFailed
from janitor.vcs.revisions import EMPTY_TREE, NULL_REVISION, git_revision, git_sha

if TYPE_CHECKING:
    from breezy.branch import Branch


class LocalGitVcsManager(VcsManager):
    """Git repositories at ``BASE/CODEBASE``.

    Args:
        base_path: the directory ``BASE``.
    """

    vcs_type = "git"

    def __init__(self, base_path: str) -> None:
        self.base_path = base_path
        self._base = Path(base_path).absolute()
        self._objects = GitObjects()
        super().__init__(str(self._base))

    def get_repository_url(self, codebase: str) -> str:
        """Return the ``file:`` URL of a codebase's repository."""
        return self.repository_path(codebase).as_uri()

    def get_branch_url(self, codebase: str, branch_name: str) -> str:
        """Return the ``file:`` URL of a branch."""
        name = quote(checked_branch_name(branch_name), safe="")
        return f"{self.get_repository_url(codebase)},branch={name}"

    def list_repositories(self) -> Iterable[str]:
        """Return the names of the codebases that have a repository."""
        return sorted(found.parent.name for found in self._base.glob("*/objects"))

    def get_branch(self, codebase: str, branch_name: str) -> Branch | None:
        """Return a branch, or None where there is none of that name."""
        path = self.repository_path(codebase)
        return git_branch_or_none(path, checked_branch_name(branch_name))

    def branches(self, codebase: str) -> GitBranches:
        """Return the branches of a codebase's repository."""
        return GitBranches(codebase, self.repository_path(codebase))

    def repository_path(self, codebase: str) -> Path:
        """Return the directory of a codebase's repository, there or not."""
        return _place(self._base, codebase)

    def make_repository(self, codebase: str) -> None:
        """Make a codebase's repository, unless it is there."""
        make_git_repository(self.repository_path(codebase))

    def stream_diff(
        self, codebase: str, old_revid: bytes, new_revid: bytes, *, patience: float = PATIENCE
    ) -> Generator[bytes]:
        """Yield what changed, as ``git diff`` says it."""
        old, new = (git_sha(revision, null=EMPTY_TREE) for revision in (old_revid, new_revid))
        if old != new:
            with self._reading(codebase, old_revid, new_revid) as repository:
                yield from self._objects.diff(repository, old, new, patience)

    def get_revision_info(
        self, codebase: str, old_revid: bytes, new_revid: bytes
    ) -> list[RevisionInfo]:
        """Return the commits that only the new one has, newest first."""
        old, new = (git_sha(revision, null="") for revision in (old_revid, new_revid))
        if not new or old == new:
            return []
        with self._reading(codebase, old_revid, new_revid) as repository:
            return [
                RevisionInfo(
                    commit_id=sha.encode(),
                    revision_id=git_revision(sha),
                    message=message.decode(errors="replace"),
                    link=None,
                )
                for sha, message in self._objects.only_in(repository, new, old or None)
            ]

    @contextmanager
    def _reading(self, codebase: str, *revisions: bytes) -> Iterator[Path]:
        repository = self.repository_path(codebase)
        try:
            yield repository
        except GitFailed:
            # Only now: the usual case should not pay for it.
            if not (repository / "objects").is_dir():
                raise RepositoryUnavailable(
                    f"{codebase}: there is no Git repository for it yet"
                ) from None
            missing = [
                revision
                for revision in revisions
                if revision != NULL_REVISION
                and self._objects.commit(repository, git_sha(revision, null="")) is None
            ]
            if missing:
                raise RevisionMissing(codebase, *missing) from None
            raise


@lru_cache(maxsize=1024)
def _place(base: Path, codebase: str) -> Path:
    # The same object each time: it knows its text and its hash, which every diff asks for.
    return base / checked_codebase(codebase)
