"""Branches of a shared Bazaar repository: a directory each, below the repository's.

A branch is made, renamed and deleted by one rename of its control directory, so that it is
there whole or not at all, and moved by Breezy under the branch's own lock. Such a lock stays
behind when its holder is killed; it is broken if that was a process of this host and is dead.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module  # Breezy is heavy, and loaded where it is used
from pathlib import Path
from typing import Any

from janitor.errors import Failure
from janitor.vcs.branches.port import (
    Branches,
    BranchExists,
    RepositoryBusy,
    checked_new_name,
    checked_new_revision,
)
from janitor.vcs.branches.turn import Turn, turn_in
from janitor.vcs.errors import RepositoryUnavailable, RevisionMissing
from janitor.vcs.revisions import NULL_REVISION, bzr_revision

logger = logging.getLogger(__name__)

_CONTROL = ".bzr"
_LONGEST_WAIT = 3.0  # seconds for a branch that somebody has locked who takes no turns
_PAUSE = 0.1  # seconds
_ASIDE = "janitor-aside"  # below .bzr: what is being made, and what is being deleted


class BzrBranches(Branches):
    """The branches of one shared repository."""

    def get(self, name: str) -> bytes | None:
        """Return the revision that a branch is at; None where there is no such branch."""
        try:
            path = self._path(name)
        except Failure:  # no name that a branch could have
            return None
        return tip_in(path)

    def tips(self) -> dict[str, bytes]:
        """Return the revision of every branch, by name."""
        return {os.path.relpath(path, self._repository): tip for path, tip in self._all_with_tips()}

    def set(self, name: str, revision: bytes, *, expected: bytes | None) -> None:
        """Let a branch be at a revision, if it is where it is expected."""
        path = self._path(checked_new_name(name))
        bzr_revision(checked_new_revision(revision, f"branch {name}"))
        with self._turn():
            if expected is None:
                self._check_free(path, name)
                self._make(path, revision)
                return
            if tip_in(path) != expected:
                raise self._moved(name)
            with self._written(path) as branch:
                if branch.last_revision() != expected:  # somebody who takes no turns
                    raise self._moved(name)
                _go(branch, revision, self._codebase)

    def delete(self, name: str, *, expected: bytes) -> None:
        """Delete a branch, if it is where it is expected."""
        path = self._path(checked_new_name(name))
        with self._turn():
            if tip_in(path) != expected:
                raise self._moved(name)
            self._check_unlocked(path)
            aside = self._aside()
            (path / _CONTROL).rename(aside / _CONTROL)
            shutil.rmtree(aside)
            self._remove_empty(path)

    def rename(self, old: str, new: str, *, expected: bytes) -> None:
        """Give a branch another name, if it is where it is expected."""
        before, after = (self._path(checked_new_name(name)) for name in (old, new))
        if before == after:
            return
        with self._turn():
            if tip_in(before) != expected:
                raise self._moved(old)
            self._check_free(after, new)
            self._check_unlocked(before)
            after.mkdir(parents=True, exist_ok=True)
            (before / _CONTROL).rename(after / _CONTROL)
            self._remove_empty(before)

    def tags(self) -> dict[str, bytes]:
        """Return the revision of every tag of any branch, by name."""
        found: dict[str, bytes] = {}
        for path, _ in self._all_with_tips():
            found |= _open(path).tags.get_tag_dict()
        return found

    def set_tag(self, name: str, revision: bytes, *, branch: str) -> None:
        """Let a tag of a branch be at a revision, wherever it was."""
        path = self._path(checked_new_name(branch))
        checked_new_name(name)
        bzr_revision(checked_new_revision(revision, f"tag {name}"))
        with self._turn():
            if tip_in(path) is None:
                raise self._moved(branch)
            with self._written(path) as written:
                if not written.repository.has_revision(revision):
                    raise RevisionMissing(self._codebase, revision)
                written.tags.set_tag(name, revision)

    def delete_tags(self, names: Iterable[str]) -> None:
        """Delete tags of all branches, those of them that are there."""
        unwanted = set(names)
        with self._turn():
            for path, _ in self._all_with_tips():
                if unwanted.isdisjoint(_open(path).tags.get_tag_dict()):
                    continue
                with self._written(path) as written:
                    for name in unwanted.intersection(written.tags.get_tag_dict()):
                        written.tags.delete_tag(name)

    def _all_with_tips(self) -> Iterator[tuple[Path, bytes]]:
        """Each branch with its revision, also those with names that we would not give.

        Breezy has none whose name is not UTF-8.
        """
        for directory, inside, _ in os.walk(self._repository):
            if _CONTROL in inside:
                inside.remove(_CONTROL)
                path = Path(directory)
                tip = tip_in(path) if _is_utf8(directory) else None
                if tip is not None and path != self._repository:
                    yield path, tip

    def _path(self, name: str) -> Path:
        return self._repository / checked_new_name(name)

    @contextmanager
    def _turn(self) -> Iterator[Turn]:
        control = self._repository / _CONTROL
        if not control.is_dir():
            raise RepositoryUnavailable(
                f"{self._codebase}: there is no Bazaar repository for it yet"
            )
        with turn_in(control) as turn:
            # What lies there now is of somebody who was killed.
            shutil.rmtree(control / _ASIDE, ignore_errors=True)
            yield turn

    def _aside(self) -> Path:
        """A directory of our own where what is half done is nobody's branch."""
        place = self._repository / _CONTROL / _ASIDE
        place.mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(dir=place))

    def _make(self, path: Path, revision: bytes) -> None:
        aside = self._aside()
        # Below the repository's own directory, so that the new branch finds it.
        made = _control_dir(aside, create=True).create_branch()
        with made.lock_write():
            _go(made, revision, self._codebase)
        path.mkdir(parents=True, exist_ok=True)
        (aside / _CONTROL).rename(path / _CONTROL)
        aside.rmdir()

    def _check_free(self, path: Path, name: str) -> None:
        if tip_in(path) is not None:
            raise self._exists(name)
        if (path / _CONTROL).exists():
            raise BranchExists(f"{self._codebase}: there is something of Bazaar at {name} already")

    @contextmanager
    def _written(self, path: Path) -> Iterator[Any]:
        """Open a branch, and have its lock."""
        branch = _open(path)
        lock = branch.control_files._lock  # noqa: SLF001 - Breezy has no other way
        _break_if_dead(lock)
        lock.wait_lock = partial(lock.wait_lock, timeout=_LONGEST_WAIT, poll=_PAUSE)
        contention = import_module("breezy.errors").LockContention
        with ExitStack() as locked:
            try:
                locked.enter_context(branch.lock_write())
            except contention as held:
                raise RepositoryBusy(f"{self._codebase}: {held}") from None
            yield branch

    def _check_unlocked(self, path: Path) -> None:
        lock = _open(path).control_files._lock  # noqa: SLF001 - likewise
        _break_if_dead(lock)
        held = lock.peek()
        if held is not None:
            raise RepositoryBusy(f"{self._codebase}: {path.name} is locked by {held}")

    def _remove_empty(self, path: Path) -> None:
        for directory in (path, *path.parents):
            if directory == self._repository:
                return
            try:
                directory.rmdir()
            except OSError:  # other branches are below it
                return


def tip_in(path: Path) -> bytes | None:
    """Return the revision that the Bazaar branch in a directory is at; None if there is none.

    The file that says it is read as it is: to open the branch takes Breezy a hundred times as long.
    What leads to a branch elsewhere is none.
    """
    if is_pointer(path):
        return None
    try:
        said = (path / _CONTROL / "branch" / "last-revision").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return _tip_by_breezy(path)
    return said.rstrip(b"\n").partition(b" ")[2] or NULL_REVISION


def _tip_by_breezy(path: Path) -> bytes | None:
    """Of a format from before 2008."""
    if not (path / _CONTROL / "branch").is_dir():
        return None
    tip: bytes = _open(path).last_revision()
    return tip


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_pointer(path: Path) -> bool:
    """Return whether what is there leads to a branch elsewhere: it is none of this repository."""
    return (path / _CONTROL / "branch" / "location").exists()


def _control_dir(path: Path, *, create: bool = False) -> Any:  # noqa: ANN401 - Breezy says no types
    import_module("breezy.bzr.bzrdir")  # sets the default format
    control_dir = import_module("breezy.controldir").ControlDir
    return control_dir.create(path.as_uri()) if create else control_dir.open(path.as_uri())


def _open(path: Path) -> Any:  # noqa: ANN401 - likewise
    # What it may be stacked on or bound to is somebody else's URL.
    branch = _control_dir(path).open_branch(ignore_fallbacks=True)
    branch.get_master_branch = lambda _possible_transports=None: None
    return branch


def _go(branch: Any, revision: bytes, codebase: str) -> None:  # noqa: ANN401 - likewise
    """Move a branch that is locked."""
    repository = branch.repository
    if not repository.has_revision(revision):
        raise RevisionMissing(codebase, revision)
    number, tip = branch.last_revision_info()
    known = [(tip, number)] if tip != NULL_REVISION else []
    distance = repository.get_graph().find_distance_to_null(revision, known)
    branch.set_last_revision_info(distance, revision)


def _break_if_dead(lock: Any) -> None:  # noqa: ANN401 - likewise
    """Break a lock whose holder was a process of this host and of our user, and is dead."""
    held = lock.peek()
    if held is not None and held.is_lock_holder_known_dead():
        lock.force_break(held)
        logger.warning("broke the lock %s of %s, which is dead", lock.path, held)
