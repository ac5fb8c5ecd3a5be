"""Which manager serves a place: a path, a ``file:`` URL, or the URL of a store service."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from janitor.redaction import redact
from janitor.vcs.errors import UnsupportedVcs
from janitor.vcs.local_bzr import LocalBzrVcsManager
from janitor.vcs.local_git import LocalGitVcsManager
from janitor.vcs.manager import VcsManager
from janitor.vcs.remote import RemoteBzrVcsManager, RemoteGitVcsManager

_LOCAL: dict[str, type[LocalGitVcsManager | LocalBzrVcsManager]] = {
    "git": LocalGitVcsManager,
    "bzr": LocalBzrVcsManager,
}
_REMOTE: dict[str, type[RemoteGitVcsManager | RemoteBzrVcsManager]] = {
    "git": RemoteGitVcsManager,
    "bzr": RemoteBzrVcsManager,
}


def get_local_vcs_manager(name: str, location: str) -> VcsManager:
    """Return the manager of repositories in a directory.

    Args:
        name: ``git`` or ``bzr``.
        location: a path or a ``file:`` URL.

    Raises:
        UnsupportedVcs: there is no other kind.
    """
    kind = _LOCAL.get(name)
    if kind is None:
        raise _unsupported(name)
    if location.startswith("file:"):
        location = _path(location)
    return kind(location)


def get_remote_vcs_manager(name: str, location: str) -> VcsManager:
    """Return the manager of repositories behind a store service.

    Args:
        name: ``git`` or ``bzr``.
        location: an ``http(s)`` URL.

    Raises:
        UnsupportedVcs: there is no other kind.
    """
    kind = _REMOTE.get(name)
    if kind is None:
        raise _unsupported(name)
    return kind(location)


def get_vcs_manager(name: str, location: str) -> VcsManager:
    """Return the manager of repositories at a place.

    Args:
        name: ``git`` or ``bzr``.
        location: a path, a ``file:`` URL or an ``http(s)`` URL.

    Raises:
        UnsupportedVcs: there is no other kind of version control, or of place.
    """
    scheme, separator, _ = location.partition("://")
    if not separator or scheme == "file":
        return get_local_vcs_manager(name, location)
    if scheme in {"http", "https"}:
        return get_remote_vcs_manager(name, location)
    raise UnsupportedVcs(
        f"{name} repositories at {redact(location)}: a path, a file: or an http(s): URL is needed"
    )


def get_vcs_managers(location: str) -> dict[str, VcsManager]:
    """Return the managers of both kinds, by kind.

    Args:
        location: ``URL``, with the stores at ``URL/git`` and ``URL/bzr``; or
            ``git=URL,bzr=URL``, one of them or both.

    Raises:
        UnsupportedVcs: it names another kind.
    """
    if "=" not in location:
        base = location.rstrip("/")
        return {name: get_vcs_manager(name, f"{base}/{name}") for name in _LOCAL}
    named = (part.partition("=") for part in location.split(","))
    return {name: get_vcs_manager(name, where) for name, _, where in named}


def _path(url: str) -> str:
    try:
        split = urlsplit(url)
    except ValueError as error:
        raise UnsupportedVcs(f"{url} is no file: URL: {error}") from None
    return unquote(split.path)


def _unsupported(name: str) -> UnsupportedVcs:
    return UnsupportedVcs(f"there are no {name!r} repositories here, only {' and '.join(_LOCAL)}")
