"""Opening any branch there is, and what can be said of one."""

from __future__ import annotations

from importlib import import_module  # Breezy is heavy, and loaded where it is used
from typing import TYPE_CHECKING

from janitor.vcs.branch_failures import failures_named

if TYPE_CHECKING:
    from breezy.branch import Branch

_AUTHENTICATED = frozenset({"git+ssh", "bzr+ssh"})
# Git and Bazaar work once imported; the others recognise a repository and name its kind.
_FORMATS = ("bzr", "git", *(f"plugins.{kind}" for kind in ("svn", "hg", "cvs", "darcs", "fossil")))


def open_branch_ext(vcs_url: str) -> Branch:
    """Open the branch at a URL.

    Args:
        vcs_url: as Breezy writes it; ``,branch=NAME`` names a branch of a Git repository.

    Raises:
        BranchOpenFailure: with the reason as a code; a
            :class:`~janitor.vcs.errors.FinalBranchOpenFailure` if trying again is no use.
    """
    for name in _FORMATS:
        import_module(f"breezy.{name}")
    with failures_named(vcs_url):
        branch: Branch = import_module("breezy.branch").Branch.open(vcs_url)
        return branch


def get_branch_vcs_type(branch: Branch) -> str:
    """Return the kind of version control that a branch is kept in: ``git`` or ``bzr``."""
    foreign = getattr(branch.repository, "vcs", None)  # Bazaar is no foreigner to Breezy
    return "bzr" if foreign is None else str(foreign.abbreviation)


def is_authenticated_url(url: str) -> bool:
    """Return whether opening a URL logs in as somebody."""
    return url.partition("://")[0] in _AUTHENTICATED
