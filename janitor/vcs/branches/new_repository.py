"""An empty repository for a codebase: there whole or not at all, whoever else makes it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module  # Breezy and Dulwich are loaded where they are used
from pathlib import Path

from janitor.vcs.abandoned import remove_abandoned
from janitor.vcs.errors import RepositoryUnavailable

_MAKING = ".janitor-making"  # below the base; no codebase may be called like that
_LONGEST = 3600.0  # seconds; it takes milliseconds


def make_git_repository(path: Path) -> None:
    """Make a bare Git repository, unless there is one.

    Raises:
        RepositoryUnavailable: something else lies there.
    """
    if not _is_git(path):
        with _aside(path, _is_git) as made:
            import_module("dulwich.repo").Repo.init_bare(str(made)).close()


def make_bzr_repository(path: Path) -> None:
    """Make a shared Bazaar repository without working trees, unless there is one.

    Raises:
        RepositoryUnavailable: something else lies there.
    """
    if not _is_bzr(path):
        with _aside(path, _is_bzr) as made:
            import_module("breezy.bzr.bzrdir")  # sets the default format
            control = import_module("breezy.controldir").ControlDir.create(made.as_uri())
            control.create_repository(shared=True).set_make_working_trees(False)


def _is_git(path: Path) -> bool:
    return (path / "objects").is_dir()


def _is_bzr(path: Path) -> bool:
    return (path / ".bzr" / "repository").is_dir()


@contextmanager
def _aside(path: Path, is_one: Callable[[Path], bool]) -> Iterator[Path]:
    """Give a directory that takes its place when it is complete, unless there is one by then."""
    making = path.parent / _MAKING
    making.mkdir(parents=True, exist_ok=True)
    remove_abandoned(making.iterdir(), _LONGEST)
    made = Path(tempfile.mkdtemp(prefix=f"{path.name}.", dir=making))
    try:
        made.chmod(0o755)
        yield made
        try:
            made.rename(path)
        except OSError as error:
            if not is_one(path):  # nobody else was first: something else lies there
                raise RepositoryUnavailable(
                    f"there can be no repository at {path}: {error.strerror}"
                ) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
