"""Why a branch would not open, in the words that services in the field know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPException
from importlib import import_module  # Breezy is heavy, and loaded where it is used
from math import ceil
from urllib.parse import urlsplit

from janitor.retry_after import pause_asked
from janitor.storable import storable_text
from janitor.vcs.errors import BranchOpenFailure, FinalBranchOpenFailure

MISSING = "branch-missing"

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
_ALIOTH = frozenset(
    f"{service}.debian.org" for service in ("svn", "bzr", "anonscm", "hg", "git", "alioth")
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
# Whoever goes there stops at the first of these: what follows is no host, whatever it looks like.
_BEHIND_AUTHORITY = re.compile(r"[/?#\\]")


def is_alioth_url(url: str) -> bool:
    """Return whether a URL's host is one of those that went away with Alioth."""
    try:
        return urlsplit(url).hostname in _ALIOTH
    except ValueError:  # nothing that could be a host
        return False


@contextmanager
def failures_named(url: str) -> Iterator[None]:
    """Turn what Breezy raises within a ``with`` block into a :class:`BranchOpenFailure`.

    Args:
        url: what is being opened there.
    """
    breezy, dulwich = import_module("breezy.errors"), import_module("dulwich.errors")
    theirs = (breezy.BzrError, dulwich.GitProtocolError, dulwich.NotGitRepository)
    try:
        yield
    # The network's and the file system's own errors come through Breezy as they are.
    except (*theirs, HTTPException, OSError, ValueError) as error:
        raise _failure(url, error) from None  # its text may have the URL's password


def _failure(url: str, error: Exception) -> BranchOpenFailure:
    return branch_failure(_code(error), url, str(error), _retry_after(error))


def branch_failure(
    code: str, url: str, said: str, pause: timedelta | None = None
) -> BranchOpenFailure:
    """Return why a branch would not open, final or not as its code is.

    Args:
        code: in the words that services know.
        url: what was being opened.
        said: what a person is told beside it; hosts have their say in it, and so it is made one
            line without control characters.
        pause: how long its host asked us to wait.
    """
    if is_alioth_url(url) and not code.startswith("unsupported-"):
        code = "hosted-on-alioth"
    kind = BranchOpenFailure if code in _PASSING else FinalBranchOpenFailure
    seconds = None if pause is None else ceil(pause.total_seconds())
    told = _CONTROL.sub(lambda found: repr(found[0])[1:-1], f"{url}: {said.strip()}")
    return kind(code, storable_text(told), seconds, host_of(url))


def too_large(url: str, most: int) -> BranchOpenFailure:
    """Return that a branch is larger than what is brought at once: final, it does not shrink."""
    told = storable_text(
        f"{url}: more than {most} bytes at once, which is the most that is brought"
    )
    return FinalBranchOpenFailure(_UNAVAILABLE, told)


def host_of(url: str) -> str | None:
    """Return the host of a URL with its port, as ``codebase.hostname`` has it."""
    authority = _BEHIND_AUTHORITY.split(url.partition("://")[2], maxsplit=1)[0]
    return authority.rpartition("@")[2] or None


def code_of_status(status: int) -> str:
    """Return what an HTTP status other than 200 means for a branch."""
    return _BY_STATUS.get(status, _UNAVAILABLE)


def _code(error: Exception) -> str:
    breezy, dulwich = import_module("breezy.errors"), import_module("dulwich.errors")
    transport = import_module("breezy.transport")
    if isinstance(error, breezy.UnsupportedVcs):
        return f"unsupported-vcs-{error.vcs}" if error.vcs in _NAMED_UNSUPPORTED else _NO_VCS
    if isinstance(error, breezy.UnexpectedHttpStatus):
        return code_of_status(error.code)
    # The first that fits counts: many of them are kinds of one another.
    reasons: tuple[tuple[type[Exception], str], ...] = (
        (breezy.UnsupportedFormatError, _NO_VCS),
        (breezy.UnknownFormatError, _NO_VCS),
        (transport.UnsupportedProtocol, "unsupported-vcs-protocol"),
        (breezy.NotBranchError, MISSING),
        (breezy.NoRepositoryPresent, MISSING),
        (import_module("breezy.controldir").NoColocatedBranchSupport, MISSING),
        (transport.NoSuchFile, MISSING),
        (dulwich.NotGitRepository, MISSING),
        (breezy.ConnectionReset, _LATER),
        (breezy.ConnectionTimeout, _LATER),
        (TimeoutError, _LATER),
        (import_module("breezy.git.remote").RemoteGitError, _UNAVAILABLE),
        (dulwich.GitProtocolError, _UNAVAILABLE),
        (breezy.TransportError, _UNAVAILABLE),
        (breezy.PermissionDenied, _UNAVAILABLE),
        (transport.UnusableRedirect, _UNAVAILABLE),
        (OSError, _UNAVAILABLE),
    )
    return next((code for kind, code in reasons if isinstance(error, kind)), "unknown")


def _retry_after(error: Exception) -> timedelta | None:
    given = dict(getattr(error, "headers", None) or ())  # pairs, or a message
    headers = {name.lower(): value for name, value in given.items()}
    return pause_asked(headers.get("retry-after"))
