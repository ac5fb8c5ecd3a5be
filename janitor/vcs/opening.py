"""Opening branches and repositories through Breezy, and saying why one would not open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from importlib import import_module  # Breezy is heavy, and loaded where it is used
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from janitor.redaction import redact
from janitor.vcs.errors import BranchOpenFailure, FinalBranchOpenFailure

if TYPE_CHECKING:
    from breezy.branch import Branch
    from breezy.repository import Repository

MISSING = "branch-missing"

_ALIOTH = frozenset(
    f"{service}.debian.org" for service in ("svn", "bzr", "anonscm", "hg", "git", "alioth")
)
_AUTHENTICATED = frozenset({"git+ssh", "bzr+ssh"})
# Git and Bazaar work once imported; the others recognise a repository and name its kind.
_FORMATS = ("bzr", "git", *(f"plugins.{kind}" for kind in ("svn", "hg", "cvs", "darcs", "fossil")))
_NAMED_UNSUPPORTED = frozenset({"svn", "hg", "cvs", "darcs", "fossil"})
_NO_VCS = "unsupported-vcs"
_UNAVAILABLE = "branch-unavailable"
_LATER = "branch-temporarily-unavailable"
_BY_STATUS = {
    401: "401-unauthorized",
    404: MISSING,
    410: MISSING,
    429: "too-many-requests",
    502: "502-bad-gateway",
    503: _LATER,
    504: _LATER,
}
_PASSING = frozenset(
    {
        "too-many-requests",
        _UNAVAILABLE,
        _LATER,
        "502-bad-gateway",
        "unknown",
    }
)


def open_branch_ext(vcs_url: str) -> Branch:
    """Open the branch at a URL.

    Args:
        vcs_url: as Breezy writes it; ``,branch=NAME`` names a branch of a Git repository.

    Raises:
        BranchOpenFailure: with the reason as a code; a
            :class:`~janitor.vcs.errors.FinalBranchOpenFailure` if trying again is no use.
    """
    with _failures_named(vcs_url):
        branch: Branch = import_module("breezy.branch").Branch.open(vcs_url)
        return branch


def branch_or_none(url: str) -> Branch | None:
    """Open the branch at a URL; None where there is none.

    Raises:
        BranchOpenFailure: for any other reason.
    """
    try:
        return open_branch_ext(url)
    except BranchOpenFailure as failure:
        if failure.code == MISSING:
            return None
        raise


def repository_or_none(url: str) -> Repository | None:
    """Open the repository at a URL; None where there is none.

    Raises:
        BranchOpenFailure: for any other reason.
    """
    try:
        with _failures_named(url):
            repository: Repository = import_module("breezy.repository").Repository.open(url)
            return repository
    except BranchOpenFailure as failure:
        if failure.code == MISSING:
            return None
        raise


def get_branch_vcs_type(branch: Branch) -> str:
    """Return the kind of version control that a branch is kept in: ``git`` or ``bzr``."""
    foreign = getattr(branch.repository, "vcs", None)  # Bazaar is no foreigner to Breezy
    return "bzr" if foreign is None else str(foreign.abbreviation)


def is_alioth_url(url: str) -> bool:
    """Return whether a URL's host is one of those that went away with Alioth."""
    try:
        return urlsplit(url).hostname in _ALIOTH
    except ValueError:  # nothing that could be a host
        return False


def is_authenticated_url(url: str) -> bool:
    """Return whether opening a URL logs in as somebody."""
    return url.partition("://")[0] in _AUTHENTICATED


@contextmanager
def _failures_named(url: str) -> Iterator[None]:
    for name in _FORMATS:
        import_module(f"breezy.{name}")
    breezy, dulwich = import_module("breezy.errors"), import_module("dulwich.errors")
    theirs = (breezy.BzrError, dulwich.GitProtocolError, dulwich.NotGitRepository)
    try:
        yield
    # The network's and the file system's own errors come through Breezy as they are.
    except (*theirs, HTTPException, OSError, ValueError) as error:
        raise _failure(url, error) from None  # its text may have the URL's password


def _failure(url: str, error: Exception) -> BranchOpenFailure:
    code = _code(error)
    if is_alioth_url(url) and not code.startswith("unsupported-"):
        code = "hosted-on-alioth"
    kind = BranchOpenFailure if code in _PASSING else FinalBranchOpenFailure
    return kind(code, redact(f"{url}: {error}"), _retry_after(error))


def _code(error: Exception) -> str:
    breezy, transport = import_module("breezy.errors"), import_module("breezy.transport")
    if isinstance(error, breezy.UnsupportedVcs):
        return f"unsupported-vcs-{error.vcs}" if error.vcs in _NAMED_UNSUPPORTED else _NO_VCS
    if isinstance(error, breezy.UnexpectedHttpStatus):
        return _BY_STATUS.get(error.code, _UNAVAILABLE)
    # The first that fits counts: many of them are kinds of one another.
    reasons: tuple[tuple[type[Exception], str], ...] = (
        (breezy.UnsupportedFormatError, _NO_VCS),
        (breezy.UnknownFormatError, _NO_VCS),
        (transport.UnsupportedProtocol, "unsupported-vcs-protocol"),
        (breezy.NotBranchError, MISSING),
        (breezy.NoRepositoryPresent, MISSING),
        (import_module("breezy.controldir").NoColocatedBranchSupport, MISSING),
        (transport.NoSuchFile, MISSING),
        (import_module("dulwich.errors").NotGitRepository, MISSING),
        (breezy.ConnectionReset, _LATER),
        (breezy.ConnectionTimeout, _LATER),
        (TimeoutError, _LATER),
        (breezy.TransportError, _UNAVAILABLE),
        (breezy.PermissionDenied, _UNAVAILABLE),
        (transport.UnusableRedirect, _UNAVAILABLE),
        (OSError, _UNAVAILABLE),
    )
    return next((code for kind, code in reasons if isinstance(error, kind)), "unknown")


def _retry_after(error: Exception) -> int | None:
    """The whole seconds of a ``Retry-After`` header; a date in it is left aside."""
    headers = {name.lower(): value for name, value in getattr(error, "headers", None) or ()}
    asked = headers.get("retry-after", "")
    return int(asked) if asked.isdecimal() else None
