"""The port: what can be done with the branches of one codebase's repository in a directory.

:mod:`.git` and :mod:`.bzr` are the adapters; a manager hands them out. Every
change says what it expects to find, and is made whole or not at all, whoever else is at it in
other processes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from importlib import import_module  # Dulwich is loaded where it is used
from pathlib import Path

from janitor.errors import Failure, PassingError
from janitor.vcs.manager import checked_branch_name
from janitor.vcs.revisions import NULL_REVISION

_LONGEST_NAME = 1000  # bytes; a path may have some more
_LONGEST_PART = 250  # bytes; a file's name may have 255, and that of its lock is longer


class UnusableName(Failure):
    """A name that no branch or tag may have."""


class BranchMoved(PassingError):
    """A branch is not where it was expected; look where it is now, and decide anew."""


class BranchExists(Failure):
    """There is a branch of that name, or one that leaves no room for it."""


class RepositoryBusy(PassingError):
    """Somebody else is changing the repository, or a branch of it, and does not come to an end."""


class NoTurn(RepositoryBusy):
    """Others have been writing in the repository all the time that we waited."""


class Branches(ABC):
    """The branches and tags of one repository.

    Names pass :func:`checked_new_name` where something is made; a name that could not be made
    is not there. Revisions are Breezy's revision ids.

    Args:
        codebase: whose repository it is.
        repository: where it is.
    """

    def __init__(self, codebase: str, repository: Path) -> None:
        self._codebase = codebase
        self._repository = repository

    @abstractmethod
    def get(self, name: str) -> bytes | None:
        """Return the revision that a branch is at; None where there is no such branch."""

    @abstractmethod
    def tips(self) -> dict[str, bytes]:
        """Return the revision of every branch, by name."""

    @abstractmethod
    def set(self, name: str, revision: bytes, *, expected: bytes | None) -> None:
        """Let a branch be at a revision, if it is where it is expected.

        Args:
            name: the branch.
            revision: one that the repository has.
            expected: where it is now; None: there is none of that name, and it is made.

        Raises:
            UnusableName: no branch may have that name.
            BranchMoved: it is somewhere else by now, or gone.
            BranchExists: it was not expected at all, and is there; or another's name is in
                the way (Git has no branch ``a`` beside ``a/b``).
            RevisionMissing: the repository does not have the revision.
            RepositoryUnavailable: there is no repository.
            RepositoryBusy: others did not let us in for a long time.
        """

    @abstractmethod
    def delete(self, name: str, *, expected: bytes) -> None:
        """Delete a branch, if it is where it is expected; its revisions stay for a while.

        Raises:
            BranchMoved: it is somewhere else by now, or gone.
            RepositoryBusy: likewise as for :meth:`set`.
        """

    @abstractmethod
    def rename(self, old: str, new: str, *, expected: bytes) -> None:
        """Give a branch another name, if it is where it is expected.

        Raises:
            UnusableName: no branch may have the new name.
            BranchMoved: the branch is somewhere else by now, or gone.
            BranchExists: the new name is taken, or another's name is in its way.
            RepositoryBusy: likewise as for :meth:`set`.
        """

    @abstractmethod
    def tags(self) -> dict[str, bytes]:
        """Return the revision of every tag, by name."""

    @abstractmethod
    def set_tag(self, name: str, revision: bytes, *, branch: str) -> None:
        """Let a tag be at a revision, wherever it was.

        Args:
            name: the tag.
            revision: one that the repository has.
            branch: whose tag it is, where tags belong to branches (Bazaar); it must be there.

        Raises:
            RevisionMissing: the repository does not have the revision.
            RepositoryBusy: likewise as for :meth:`set`.
        """

    @abstractmethod
    def delete_tags(self, names: Iterable[str]) -> None:
        """Delete tags, those of them that are there."""

    def create(self, name: str, revision: bytes) -> None:
        """Make a branch; see :meth:`set`."""
        self.set(name, revision, expected=None)

    def _moved(self, name: str) -> BranchMoved:
        return BranchMoved(f"{self._codebase}: {name} is not where it was expected")

    def _exists(self, name: str) -> BranchExists:
        return BranchExists(f"{self._codebase}: there is a branch {name} already")


def checked_new_name(name: str) -> str:
    """Return a name if a branch or tag of either kind may have it.

    Bazaar would take more than Git, and its branches could not become Git's.

    Raises:
        UnsafeName: it could leave its place.
        UnusableName: ``git check-ref-format --branch`` refuses it, or a file system would.
    """
    checked_branch_name(name)
    size = len(name.encode())
    if size > _LONGEST_NAME or any(len(part.encode()) > _LONGEST_PART for part in name.split("/")):
        raise UnusableName(
            f"branch name {name[:40]!r}... is too long: it may have {_LONGEST_NAME} bytes, and"
            f" {_LONGEST_PART} between two slashes"
        )
    fits = import_module("dulwich.refs").check_ref_format(b"heads/" + name.encode())
    if name.startswith("-") or name == "HEAD" or not fits:
        raise UnusableName(
            f"branch name {name!r} is refused, as git check-ref-format --branch does"
        )
    return name


def checked_new_revision(revision: bytes, what: str) -> bytes:
    """Return a revision if something can be made of it.

    Raises:
        UnusableName: the null revision; nothing can be at no revision.
    """
    if revision == NULL_REVISION:
        raise UnusableName(f"{what} can't be at the null revision; delete it instead")
    return revision
