"""Opening what a store of one kind has: only that kind is looked for, and absence is no error."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module  # Breezy is heavy, and loaded where it is used
from typing import TYPE_CHECKING, Any, TypeVar

from janitor.vcs.branch_failures import MISSING, failures_named
from janitor.vcs.errors import BranchOpenFailure

if TYPE_CHECKING:
    from breezy.branch import Branch
    from breezy.repository import Repository

T = TypeVar("T")

# What recognises a kind, by Breezy's module for it. Asking a store about the other kinds too
# would cost requests, and let what lies in a repository choose how it is read.
_PROBERS = {
    "git": ("RemoteGitProber", "LocalGitProber"),
    "bzr": ("RemoteBzrProber", "BzrProber"),
}


def branch_or_none(url: str, vcs_type: str) -> Branch | None:
    """Open the branch at a URL; None where there is none.

    Args:
        url: as Breezy writes it.
        vcs_type: ``git`` or ``bzr``.

    Raises:
        BranchOpenFailure: it may be there, and did not open.
    """
    branch: Branch | None = _or_none(url, lambda: _control(url, vcs_type).open_branch())
    return branch


def repository_or_none(url: str, vcs_type: str) -> Repository | None:
    """Open the repository at a URL; None where there is none.

    Args:
        url: as Breezy writes it.
        vcs_type: ``git`` or ``bzr``.

    Raises:
        BranchOpenFailure: it may be there, and did not open.
    """
    repository: Repository | None = _or_none(url, lambda: _control(url, vcs_type).open_repository())
    return repository


def _or_none(url: str, opened: Callable[[], T]) -> T | None:
    try:
        with failures_named(url):
            return opened()
    except BranchOpenFailure as failure:
        if failure.code != MISSING:
            raise
        return None


def _control(url: str, vcs_type: str) -> Any:  # noqa: ANN401 - Breezy says no types
    kind = import_module(f"breezy.{vcs_type}")
    probers = [getattr(kind, name) for name in _PROBERS[vcs_type]]
    return import_module("breezy.controldir").ControlDir.open(url, probers=probers)
