"""Opening branches of repositories in a directory as Breezy's, by what is known of their place.

Breezy itself finds out each time of what kind a place is, whose repository it is in, and what
the user's settings make of its URL; that is most of what opening takes. :mod:`.stored` opens
what is behind a store service.
"""

from __future__ import annotations

import threading
from importlib import import_module  # Breezy is heavy, and loaded where it is used
from pathlib import Path
from typing import TYPE_CHECKING, Any

from janitor.vcs.branch_failures import MISSING, failures_named
from janitor.vcs.branches.bzr import is_pointer
from janitor.vcs.branches.packed_refs import PackedRefs
from janitor.vcs.errors import BranchOpenFailure

if TYPE_CHECKING:
    from breezy.branch import Branch

_MOST_OPENED = 16


def git_branch_or_none(repository: Path, name: str) -> Branch | None:
    """Open a branch of a bare Git repository; None where there is none.

    Args:
        repository: where it is.
        name: the branch.

    Raises:
        BranchOpenFailure: it may be there, and did not open.
    """
    try:
        with failures_named(repository.as_uri()):
            bare = import_module("breezy.git.dir").BareLocalGitControlDirFormat()
            control = bare.open(_transport(repository))
            # Breezy would take the whole file of packed references apart for one of them.
            control._git.refs._packed_refs = PackedRefs(repository)  # noqa: SLF001 - no other way
            control._git.refs._peeled_refs = {}  # noqa: SLF001 - branches are commits
            branch: Branch = control.open_branch(name)
            return branch
    except BranchOpenFailure as failure:
        if failure.code != MISSING:
            raise
        return None


def bzr_branch_or_none(repository: Path, name: str) -> Branch | None:
    """Open a branch within a shared Bazaar repository; None where there is none.

    What leads to a branch elsewhere is none, and what a branch is stacked on is not opened: whoever
    may push here does not send us anywhere.

    Args:
        repository: where it is.
        name: the branch.

    Raises:
        BranchOpenFailure: it may be there, and did not open.
    """
    path = repository / name
    try:
        with failures_named(path.as_uri()):
            if is_pointer(path):
                return None
            control = _bzr_control(path)
            branch: Branch
            # A branch that has one of its own is Breezy's business.
            if not _has_repository(repository) or _has_repository(path):
                branch = control.open_branch(ignore_fallbacks=True)
            else:
                shared = _shared(repository)
                kind = control.find_branch_format(name="")
                kind.check_support_status(allow_unsupported=False)
                branch = kind.open(
                    control, name="", _found=True, found_repository=shared, ignore_fallbacks=True
                )
            return branch
    except BranchOpenFailure as failure:
        if failure.code != MISSING:
            raise
        return None


class _OfThisThread(threading.local):
    """Shared repositories that were opened lately: to open one is most of opening a branch.

    Breezy lets the branches of a repository share it, within a thread. What a repository has is
    read anew whenever it is locked.
    """

    def __init__(self) -> None:
        self.opened: dict[tuple[Path, int], Any] = {}


_repositories = _OfThisThread()


def _shared(path: Path) -> Any:  # noqa: ANN401 - Breezy says no types
    opened = _repositories.opened
    key = path, (path / ".bzr" / "repository").stat().st_ino  # another that took its place
    if key not in opened:
        if len(opened) >= _MOST_OPENED:
            opened.clear()
        opened[key] = _bzr_control(path).open_repository()
    return opened[key]


def _has_repository(path: Path) -> bool:
    return (path / ".bzr" / "repository").is_dir()


def _bzr_control(path: Path) -> Any:  # noqa: ANN401 - Breezy says no types
    transport = _transport(path)
    return (
        import_module("breezy.bzr")
        .BzrProber.probe_transport(transport)
        .open(transport, _found=True)
    )


def _transport(path: Path) -> Any:  # noqa: ANN401 - likewise
    return import_module("breezy.transport.local").LocalTransport(f"{path.as_uri()}/")
