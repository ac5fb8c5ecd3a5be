"""Branches of a bare Git repository: read from its references, changed by :mod:`.git_refs`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module  # Dulwich is loaded where it is used
from typing import Any

from janitor.errors import Failure
from janitor.vcs.branches.git_refs import ANY, RefChange, change_refs, is_locked
from janitor.vcs.branches.packed_refs import read_ref
from janitor.vcs.branches.port import (
    Branches,
    BranchExists,
    RepositoryBusy,
    checked_new_name,
    checked_new_revision,
)
from janitor.vcs.branches.turn import Turn, turn_in
from janitor.vcs.errors import RepositoryUnavailable, RevisionMissing
from janitor.vcs.programs.sealed_git import GitFailed
from janitor.vcs.revisions import git_revision, git_sha

_HEADS = b"refs/heads/"
_TAGS = b"refs/tags/"


class GitBranches(Branches):
    """The branches of one bare repository."""

    def get(self, name: str) -> bytes | None:
        """Return the revision that a branch is at; None where there is no such branch."""
        try:
            ref = _head(name)
        except Failure:  # no name that a branch could have
            return None
        sha = self._at(ref)
        return git_revision(sha) if sha else None

    def tips(self) -> dict[str, bytes]:
        """Return the revision of every branch, by name."""
        return self._below(_HEADS)

    def set(self, name: str, revision: bytes, *, expected: bytes | None) -> None:
        """Let a branch be at a revision, if it is where it is expected."""
        new = self._sha(checked_new_revision(revision, f"branch {name}"))
        self._change(name, RefChange(_head(name), self._sha(expected) if expected else None, new))

    def delete(self, name: str, *, expected: bytes) -> None:
        """Delete a branch, if it is where it is expected."""
        self._change(name, RefChange(_head(name), self._sha(expected), None))

    def rename(self, old: str, new: str, *, expected: bytes) -> None:
        """Give a branch another name, if it is where it is expected."""
        before, after, sha = _head(old), _head(new), self._sha(expected)
        if before == after:
            return
        made, gone = RefChange(after, None, sha), RefChange(before, sha, None)
        with self._turn() as turn:
            if self._at(before) != sha:
                raise self._moved(old)
            with self._told_why(new, made, before):
                # In this order: whoever is killed half-way leaves two names, not none.
                change_refs(self._repository, turn, [made, gone])

    def tags(self) -> dict[str, bytes]:
        """Return the revision of every tag, by name."""
        return self._below(_TAGS)

    def set_tag(self, name: str, revision: bytes, *, branch: str) -> None:  # noqa: ARG002
        """Let a tag be at a revision, wherever it was; ``branch`` is Bazaar's business."""
        ref = _TAGS + checked_new_name(name).encode()
        new = self._sha(checked_new_revision(revision, f"tag {name}"))
        if self._at(ref) != new:
            self._change(name, RefChange(ref, ANY, new))

    def delete_tags(self, names: Iterable[str]) -> None:
        """Delete tags, those of them that are there."""
        refs = [_TAGS + checked_new_name(name).encode() for name in names]
        there = [ref for ref in refs if self._at(ref)]
        if not there:
            return
        with self._turn() as turn:
            # Whoever was before us in turn may have deleted some.
            gone = [RefChange(ref, None, None) for ref in there if self._at(ref)]
            change_refs(self._repository, turn, gone)

    def _change(self, name: str, change: RefChange) -> None:
        with self._turn() as turn, self._told_why(name, change):
            change_refs(self._repository, turn, [change])

    def _refs(self) -> Any:  # noqa: ANN401 - Dulwich's class is not loaded yet
        return import_module("dulwich.refs").DiskRefsContainer(str(self._repository))

    def _at(self, ref: bytes) -> str | None:
        sha = read_ref(self._repository, ref)
        return sha.decode() if sha else None

    def _below(self, base: bytes) -> dict[str, bytes]:
        found: dict[bytes, bytes] = self._refs().as_dict(base.rstrip(b"/"))
        return {os.fsdecode(name): git_revision(sha.decode()) for name, sha in found.items()}

    def _sha(self, revision: bytes) -> str:
        return git_sha(revision, null="")

    @contextmanager
    def _turn(self) -> Iterator[Turn]:
        if not (self._repository / "objects").is_dir():
            raise RepositoryUnavailable(f"{self._codebase}: there is no Git repository for it yet")
        with turn_in(self._repository) as turn:
            yield turn

    @contextmanager
    def _told_why(self, name: str, change: RefChange, *others: bytes) -> Iterator[None]:
        """Say in our words why Git refused: what stands there says more than its sentence."""
        try:
            yield
        except GitFailed as refusal:
            raise self._reason(name, change, refusal, [change.ref, *others]) from None

    def _reason(
        self, name: str, change: RefChange, refusal: GitFailed, refs: list[bytes]
    ) -> Exception:
        now = self._at(change.ref)
        if now != change.old != ANY:
            return self._moved(name) if change.old else self._exists(name)
        if change.new and not self._has_commit(change.new):
            return RevisionMissing(self._codebase, git_revision(change.new))
        if change.new and now is None and (in_the_way := self._in_the_way(change.ref)):
            return BranchExists(
                f"{self._codebase}: there can be no {name} beside {os.fsdecode(in_the_way)}"
            )
        if is_locked(self._repository, refs):
            return RepositoryBusy(f"{self._codebase}: somebody has {name} locked; {refusal}")
        return refusal

    def _in_the_way(self, ref: bytes) -> bytes | None:
        """The reference that leaves no room for another: one above it, or below."""
        inside: Callable[[bytes, bytes], bool] = lambda a, b: a.startswith(b + b"/")  # noqa: E731
        known: set[bytes] = self._refs().allkeys()
        return next((have for have in known if inside(ref, have) or inside(have, ref)), None)

    def _has_commit(self, sha: str) -> bool:
        with import_module("dulwich.repo").Repo(str(self._repository)) as repository:
            try:
                return bool(repository.object_store[sha.encode()].type_name == b"commit")
            except KeyError:
                return False


def _head(name: str) -> bytes:
    return _HEADS + checked_new_name(name).encode()
