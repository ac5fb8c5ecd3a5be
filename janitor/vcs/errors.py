"""What can go wrong with a repository, a revision, a diff or a branch."""

from __future__ import annotations

from janitor.errors import Failure, JanitorError, PassingError


class UnsupportedVcs(Failure):
    """A kind of version control that there are no repositories of."""


class InvalidRevision(Failure):
    """A revision id that its version control could not have made."""


class RevisionMissing(Failure):
    """A revision that the repository does not have.

    Args:
        codebase: the repository's codebase.
        revisions: the missing ones; a remote store does not say which of two it is.
    """

    def __init__(self, codebase: str, *revisions: bytes) -> None:
        named = " or ".join(revision.decode(errors="replace") for revision in revisions)
        super().__init__(f"{codebase}: the repository has no revision {named}")
        self.revisions = revisions


class DiffTooLarge(Failure):
    """A diff that nobody would read and that no worker's memory should hold."""


class StoreRefused(Failure):
    """A remote store that won't answer us, or not in the way a store does."""


class RepositoryUnavailable(PassingError):
    """A repository that is not there yet, or a store that does not answer now."""


class DiffTimedOut(PassingError):
    """A diff that took too long; on a less busy host it may not."""


class BranchOpenFailure(JanitorError):
    """A branch that could not be opened.

    Args:
        code: one of the codes that services in the field know, ``branch-missing`` and so on.
        description: what a person is told.
        retry_after: how long its host asked us to wait, in seconds, if it did.
        host: who said so, as URLs have it; after a redirect another than was asked.
    """

    def __init__(
        self,
        code: str,
        description: str,
        retry_after: int | None = None,
        host: str | None = None,
    ) -> None:
        super().__init__(code, description, retry_after, host)
        self.code = code
        self.description = description
        self.retry_after = retry_after
        self.host = host

    def __str__(self) -> str:
        return f"{self.code}: {self.description}"


class FinalBranchOpenFailure(BranchOpenFailure, Failure):
    """A branch that will not open however often it is tried."""
