"""Git repositories in a directory: a bare one for each codebase."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from janitor.vcs.errors import RepositoryUnavailable, RevisionMissing
from janitor.vcs.manager import RevisionInfo, VcsManager, checked_branch_name, checked_codebase
from janitor.vcs.revisions import EMPTY_TREE, NULL_REVISION, git_revision, git_sha
from janitor.vcs.sealed_git import GitFailed, run_git

_DIFF = (
    "diff-tree",
    *("-r", "-p", "-M"),
    *("--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short"),
)
_LOG = ("log", "-z", "--format=%H%n%B")


class LocalGitVcsManager(VcsManager):
    """Git repositories at ``BASE/CODEBASE``.

    Args:
        base_path: the directory ``BASE``.
    """

    vcs_type = "git"

    def __init__(self, base_path: str) -> None:
        self.base_path = base_path
        self._base = Path(base_path).absolute()
        super().__init__(str(self._base))

    def get_repository_url(self, codebase: str) -> str:
        """Return the ``file:`` URL of a codebase's repository."""
        return self._path(codebase).as_uri()

    def get_branch_url(self, codebase: str, branch_name: str) -> str:
        """Return the ``file:`` URL of a branch."""
        name = quote(checked_branch_name(branch_name), safe="")
        return f"{self.get_repository_url(codebase)},branch={name}"

    def list_repositories(self) -> Iterable[str]:
        """Return the names of the codebases that have a repository."""
        return sorted(found.parent.name for found in self._base.glob("*/objects"))

    def get_diff(self, codebase: str, old_revid: bytes, new_revid: bytes) -> bytes:
        """Return what changed, as ``git diff`` says it."""
        old, new = (git_sha(revision, null=EMPTY_TREE) for revision in (old_revid, new_revid))
        if old == new:
            return b""
        return self._run(codebase, (old_revid, new_revid), *_DIFF, old, new)

    def get_revision_info(
        self, codebase: str, old_revid: bytes, new_revid: bytes
    ) -> list[RevisionInfo]:
        """Return the commits that only the new one has, newest first."""
        old, new = (git_sha(revision, null="") for revision in (old_revid, new_revid))
        if not new or old == new:
            return []
        known = [f"^{old}"] if old else []
        printed = self._run(codebase, (old_revid, new_revid), *_LOG, new, *known, "--")
        return [_revision_info(entry) for entry in printed.split(b"\0") if entry]

    def _path(self, codebase: str) -> Path:
        return self._base / checked_codebase(codebase)

    def _run(self, codebase: str, revisions: tuple[bytes, ...], *arguments: str) -> bytes:
        objects = self._path(codebase) / "objects"
        if not objects.is_dir():
            raise RepositoryUnavailable(f"{codebase}: there is no Git repository for it yet")
        try:
            return run_git(objects, *arguments)
        except GitFailed:
            # Only now: a process more for every diff would be wasted on the usual case.
            missing = [revision for revision in revisions if not _has_commit(objects, revision)]
            if missing:
                raise RevisionMissing(codebase, *missing) from None
            raise


def _has_commit(objects: Path, revision: bytes) -> bool:
    if revision == NULL_REVISION:
        return True
    try:
        kind = run_git(objects, "cat-file", "-t", git_sha(revision, null=EMPTY_TREE))
    except GitFailed:
        return False
    return kind == b"commit\n"


def _revision_info(entry: bytes) -> RevisionInfo:
    sha, _, message = entry.partition(b"\n")
    return RevisionInfo(
        commit_id=sha,
        revision_id=git_revision(sha.decode()),
        message=message.decode(errors="replace"),
        link=None,
    )
