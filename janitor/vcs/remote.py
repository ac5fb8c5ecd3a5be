"""Repositories behind a store service: diffs and revisions over HTTP, branches by Breezy."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field, TypeAdapter

from janitor.vcs.errors import RevisionMissing
from janitor.vcs.manager import RevisionInfo, VcsManager, checked_branch_name, checked_codebase
from janitor.vcs.programs.child_process import PATIENCE
from janitor.vcs.revisions import EMPTY_TREE, NO_COMMIT, NULL_REVISION, bzr_revision, git_sha
from janitor.vcs.store_client import NotThere, StoreClient


class _Revision(BaseModel):
    """An element of what a store answers about revisions."""

    commit_id: str | None = Field(default=None, alias="commit-id")
    revision_id: str = Field(alias="revision-id")
    message: str
    link: str | None = None

    def as_info(self) -> RevisionInfo:
        return RevisionInfo(
            commit_id=self.commit_id.encode() if self.commit_id else None,
            revision_id=self.revision_id.encode(),
            message=self.message,
            link=self.link,
        )


_REVISIONS = TypeAdapter(list[_Revision])
_NAMES = TypeAdapter(list[str])


class RemoteVcsManager(VcsManager):
    """What the stores of Git and of Bazaar have in common.

    Args:
        base_url: the ``http(s)`` URL of the store service.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._base = base_url.rstrip("/")
        self._client = StoreClient(self._base)
        super().__init__(self._base)

    def get_repository_url(self, codebase: str) -> str:
        """Return the URL of a codebase's repository."""
        return f"{self._base}/{_quoted(codebase)}"

    def list_repositories(self) -> Iterable[str]:
        """Return the names of the codebases that have a repository."""
        return self._client.read(_NAMES, self._client.get("/", accept="application/json"))

    def get_diff_url(self, codebase: str, old_revid: bytes, new_revid: bytes) -> str:
        """Return where the store answers with the diff."""
        return self._base + self._path(codebase, "diff", old_revid, new_revid, null=EMPTY_TREE)

    def stream_diff(
        self, codebase: str, old_revid: bytes, new_revid: bytes, *, patience: float = PATIENCE
    ) -> Generator[bytes]:
        """Yield what changed, as the store says it."""
        del patience  # the store ends what takes too long
        path = self._path(codebase, "diff", old_revid, new_revid, null=EMPTY_TREE)
        if old_revid != new_revid:
            with _missing_named(codebase, old_revid, new_revid):
                yield from self._client.stream(path)

    def get_revision_info(
        self, codebase: str, old_revid: bytes, new_revid: bytes
    ) -> list[RevisionInfo]:
        """Return the revisions that only the new one has, newest first."""
        path = self._path(codebase, "revision-info", old_revid, new_revid, null=NO_COMMIT)
        if new_revid in {old_revid, NULL_REVISION}:
            return []
        with _missing_named(codebase, old_revid, new_revid):
            answer = self._client.get(path)
        return [found.as_info() for found in self._client.read(_REVISIONS, answer)]

    @abstractmethod
    def _as_asked(self, revision: bytes, *, null: str) -> str:
        """Return a revision in the words of the store."""

    def _path(self, codebase: str, what: str, old: bytes, new: bytes, *, null: str) -> str:
        revisions = (("old", old), ("new", new))
        query = {name: self._as_asked(revision, null=null) for name, revision in revisions}
        return f"/{_quoted(codebase)}/{what}?{urlencode(query)}"


class RemoteGitVcsManager(RemoteVcsManager):
    """Git repositories at ``BASE/CODEBASE`` of a store service."""

    vcs_type = "git"

    def get_branch_url(self, codebase: str, branch_name: str) -> str:
        """Return the URL of a branch, its name as a segment parameter."""
        name = quote(checked_branch_name(branch_name), safe="")
        return f"{self.get_repository_url(codebase)},branch={name}"

    def _as_asked(self, revision: bytes, *, null: str) -> str:
        return git_sha(revision, null=null)


class RemoteBzrVcsManager(RemoteVcsManager):
    """Bazaar branches at ``BASE/CODEBASE/BRANCH`` of a store service."""

    vcs_type = "bzr"

    def get_branch_url(self, codebase: str, branch_name: str) -> str:
        """Return the URL of a branch."""
        return f"{self.get_repository_url(codebase)}/{quote(checked_branch_name(branch_name))}"

    def _as_asked(self, revision: bytes, *, null: str) -> str:  # noqa: ARG002 - Git's business
        return bzr_revision(revision)


def _quoted(codebase: str) -> str:
    return quote(checked_codebase(codebase), safe="+")


@contextmanager
def _missing_named(codebase: str, *revisions: bytes) -> Iterator[None]:
    try:
        yield
    except NotThere:
        asked = [revision for revision in revisions if revision != NULL_REVISION]
        raise RevisionMissing(codebase, *asked) from None
