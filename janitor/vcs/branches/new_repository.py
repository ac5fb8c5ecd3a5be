"""An empty repository for a codebase: there whole or not at all, whoever else makes it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module  # Breezy and Dulwich are loaded where they are used
from pathlib import Path

_MAKING = ".janitor-making"  # below the base; no codebase may be called like that


def make_git_repository(path: Path) -> None:
    """Make a bare Git repository, unless there is one."""
    if not (path / "objects").is_dir():
        with _aside(path) as made:
            import_module("dulwich.repo").Repo.init_bare(str(made)).close()


def make_bzr_repository(path: Path) -> None:
    """Make a shared Bazaar repository without working trees, unless there is one."""
    if not (path / ".bzr" / "repository").is_dir():
        with _aside(path) as made:
            import_module("breezy.bzr.bzrdir")  # sets the default format
            control = import_module("breezy.controldir").ControlDir.create(made.as_uri())
            control.create_repository(shared=True).set_make_working_trees(False)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """Give a directory that takes its place when it is complete."""
    making = path.parent / _MAKING
    making.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f"{path.name}.", dir=making))
    try:
        made.chmod(0o755)
        yield made
        with suppress(OSError):  # somebody else was first, and theirs is not empty
            made.rename(path)
    finally:
        shutil.rmtree(made, ignore_errors=True)
