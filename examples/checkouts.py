"""A codebase checked out for a campaign: Git through dulwich, Bazaar through Breezy.

The one thing that differs between the two for :mod:`local_runner`; revisions are Breezy
revision ids throughout, as everywhere in the database.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

IDENTITY = "Local Runner <runner@localhost>"


class Checkout(Protocol):
    """A working tree with the codebase's own branch in it."""

    vcs_type: str
    path: Path

    def revision(self) -> str:
        """The revision that is checked out."""
        ...

    def changed_files(self) -> list[str]:
        """The files that a command changed, added or removed."""
        ...

    def commit(self, message: str) -> str:
        """Commit all that changed; returns the new revision."""
        ...

    def publish(self, store: Path, codebase: str, branch: str) -> None:
        """Put what is committed on a branch of the local store."""
        ...


def open_checkout(vcs_info: Mapping[str, str], path: Path) -> Checkout:
    """Clone a codebase.

    Args:
        vcs_info: what the queue says of it: ``vcs_type`` and ``branch_url``.
        path: where to; must not exist yet.
    """
    kinds: dict[str, type[GitCheckout | BzrCheckout]] = {"git": GitCheckout, "bzr": BzrCheckout}
    return kinds[vcs_info["vcs_type"]](vcs_info["branch_url"], path)


class GitCheckout:
    """A clone made by dulwich."""

    vcs_type = "git"

    def __init__(self, url: str, path: Path) -> None:
        from dulwich import porcelain  # noqa: PLC0415 - only the kind that is used is loaded

        self._git = porcelain
        self.path = path
        self._repository = porcelain.clone(
            url.removeprefix("file://"), path, errstream=porcelain.NoneStream()
        )

    def revision(self) -> str:
        """The revision that is checked out."""
        return f"git-v1:{self._repository.head().decode()}"

    def changed_files(self) -> list[str]:
        """The files that a command changed, added or removed."""
        status = self._git.status(self._repository)
        names = [
            name.decode(errors="replace") if isinstance(name, bytes) else name
            for name in [*status.unstaged, *status.untracked]
        ]
        return sorted(names)

    def commit(self, message: str) -> str:
        """Commit all that changed; returns the new revision."""
        self._git.add(self._repository, [str(self.path / name) for name in self.changed_files()])
        who = IDENTITY.encode()
        self._git.commit(self._repository, message.encode(), author=who, committer=who)
        return self.revision()

    def publish(self, store: Path, codebase: str, branch: str) -> None:
        """Put what is committed on a branch of the local store."""
        target = store / codebase
        if not target.exists():
            target.mkdir(parents=True)
            self._git.init(target, bare=True)
        quietly = io.BytesIO()
        self._git.push(
            self._repository,
            str(target),
            f"HEAD:refs/heads/{branch}",
            outstream=quietly,
            errstream=quietly,
            force=True,
        )


class BzrCheckout:
    """A branch made by Breezy."""

    vcs_type = "bzr"

    def __init__(self, url: str, path: Path) -> None:
        import breezy.bzr.bzrdir  # noqa: F401, PLC0415 - sets the default format
        from breezy.branch import Branch  # noqa: PLC0415
        from breezy.workingtree import WorkingTree  # noqa: PLC0415

        self.path = path
        Branch.open(url).controldir.sprout(str(path))
        self._tree = WorkingTree.open(str(path))

    def revision(self) -> str:
        """The revision that is checked out."""
        return str(self._tree.last_revision().decode())

    def changed_files(self) -> list[str]:
        """The files that a command changed, added or removed."""
        with self._tree.lock_tree_write():
            self._tree.smart_add([str(self.path)])
        with self._tree.lock_read():
            changes = self._tree.iter_changes(self._tree.basis_tree())
            return sorted(change.path[1] or change.path[0] for change in changes)

    def commit(self, message: str) -> str:
        """Commit all that changed; returns the new revision."""
        self._tree.commit(message, committer=IDENTITY)
        return self.revision()

    def publish(self, store: Path, codebase: str, branch: str) -> None:
        """Put what is committed on a branch of the local store."""
        from breezy.branch import Branch  # noqa: PLC0415
        from breezy.controldir import ControlDir  # noqa: PLC0415
        from breezy.errors import NotBranchError  # noqa: PLC0415

        repository = store / codebase
        target = repository / branch
        if not repository.exists():
            repository.mkdir(parents=True)
            ControlDir.create(str(repository)).create_repository(shared=True)
        try:
            there = Branch.open(str(target))
        except NotBranchError:
            target.mkdir(parents=True, exist_ok=True)
            there = ControlDir.create_branch_convenience(str(target), force_new_tree=False)
        self._tree.branch.push(there, overwrite=True)
