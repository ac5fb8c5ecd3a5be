"""The port: what can be asked of a Janitor's repositories, wherever they are kept.

There are four adapters: :mod:`.local_git` and :mod:`.local_bzr` read directories,
:mod:`.remote` speaks to store services. :mod:`.locations` chooses one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from janitor.names import checked_component, checked_slug
from janitor.redaction import redact
from janitor.vcs.errors import DiffTooLarge, UnsupportedVcs
from janitor.vcs.programs.child_process import PATIENCE
from janitor.vcs.stored import branch_or_none, repository_or_none

if TYPE_CHECKING:
    from breezy.branch import Branch
    from breezy.repository import Repository

    from janitor.vcs.branches.port import Branches

LONGEST_DIFF = 128 * 1024 * 1024  # bytes; several times this fits a vcs worker's memory


@dataclass(frozen=True)
class RevisionInfo:
    """One revision, as shown to a person.

    Args:
        commit_id: the commit's hex SHA; None for Bazaar.
        revision_id: its Breezy revision id.
        message: the commit message.
        link: where to look at it, if the store has such a place.
    """

    commit_id: bytes | None
    revision_id: bytes
    message: str
    link: str | None


class VcsManager(ABC):
    """The repositories of one kind at one place; equal when kind and place are.

    Args:
        location: the directory or URL under which every codebase has its repository.
    """

    vcs_type: str

    def __init__(self, location: str) -> None:
        self._location = location

    @abstractmethod
    def get_repository_url(self, codebase: str) -> str:
        """Return where a codebase's repository is.

        Raises:
            UnsafeName: ``codebase`` is not a codebase's name; likewise everywhere below.
        """

    @abstractmethod
    def get_branch_url(self, codebase: str, branch_name: str) -> str:
        """Return where a branch of a codebase is, as Breezy writes it."""

    @abstractmethod
    def list_repositories(self) -> Iterable[str]:
        """Return the names of the codebases that have a repository."""

    def get_diff(self, codebase: str, old_revid: bytes, new_revid: bytes) -> bytes:
        """Return what changed from one revision to another; nothing for equal ones.

        Args:
            codebase: whose repository.
            old_revid: a revision id, or the null revision: the empty tree.
            new_revid: likewise.

        Raises:
            InvalidRevision: one of them is no revision id.
            RevisionMissing: the repository does not have one of them.
            RepositoryUnavailable: the repository is not there, or not now.
            DiffTimedOut: it took too long.
            DiffTooLarge: it has more than ``LONGEST_DIFF`` bytes.
        """
        pieces, length = [], 0
        with closing(self.stream_diff(codebase, old_revid, new_revid)) as stream:
            for piece in stream:
                pieces.append(piece)
                length += len(piece)
                if length > LONGEST_DIFF:
                    raise DiffTooLarge(f"{codebase}: the diff has more than {LONGEST_DIFF} bytes")
        return b"".join(pieces)

    @abstractmethod
    def stream_diff(
        self, codebase: str, old_revid: bytes, new_revid: bytes, *, patience: float = PATIENCE
    ) -> Generator[bytes]:
        """Yield what :meth:`get_diff` returns as it comes, of any length.

        Args:
            codebase: whose repository.
            old_revid: a revision id, or the null revision.
            new_revid: likewise.
            patience: seconds that it may take; a store service has a limit of its own.

        Raises:
            JanitorError: as :meth:`get_diff` does, the first piece or a later one.
        """

    @abstractmethod
    def get_revision_info(
        self, codebase: str, old_revid: bytes, new_revid: bytes
    ) -> list[RevisionInfo]:
        """Return the revisions that the new one has and the old one has not, newest first.

        Raises:
            InvalidRevision: one of them is no revision id.
            RevisionMissing: the repository does not have one of them.
            RepositoryUnavailable: the repository is not there, or not now.
        """

    def get_branch(self, codebase: str, branch_name: str) -> Branch | None:
        """Return a branch, or None where there is none of that name.

        Raises:
            BranchOpenFailure: it may be there, and could not be opened.
        """
        return branch_or_none(self.get_branch_url(codebase, branch_name), self.vcs_type)

    def get_repository(self, codebase: str) -> Repository | None:
        """Return a codebase's repository, or None where there is none.

        Raises:
            BranchOpenFailure: it may be there, and could not be opened.
        """
        return repository_or_none(self.get_repository_url(codebase), self.vcs_type)

    def branches(self, codebase: str) -> Branches:
        """Return the branches of a codebase's repository, to be looked up and changed.

        Raises:
            UnsupportedVcs: the repositories are behind a store service, which does that itself.
        """
        raise UnsupportedVcs(
            f"branches of {codebase} are changed by the store service that has them, or where the"
            " repositories are directories"
        )

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._location == self._location

    def __hash__(self) -> int:
        return hash((type(self), self._location))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({redact(self._location)!r})"


def checked_codebase(codebase: str) -> str:
    """Return the name of a codebase if it may become part of a path or URL."""
    return checked_slug(codebase, "codebase")


def checked_branch_name(branch_name: str) -> str:
    """Return the name of a branch if it may become part of a path or URL; ``/`` is allowed.

    Raises:
        UnsafeName: one of its parts is empty, ``.``, ``..`` or has a control character.
    """
    for part in branch_name.split("/"):
        checked_component(part, "branch name")
    return branch_name
