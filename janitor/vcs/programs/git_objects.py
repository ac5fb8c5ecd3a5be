"""What Git's programs say of commits: diffs and messages, by programs that stay and are asked.

:mod:`.sealed_git` starts them, :mod:`.kept_programs` keeps them. A diff is Git's own, to the byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from janitor.vcs.errors import DiffTimedOut, DiffTooLarge
from janitor.vcs.programs.child_process import PATIENCE
from janitor.vcs.programs.git_walk import GivenUp, Walk
from janitor.vcs.programs.kept_program import ProgramEnded, first_line
from janitor.vcs.programs.kept_programs import KeptPrograms
from janitor.vcs.programs.sealed_git import GitFailed, keep_git, run_git, state_of
from janitor.vcs.revisions import EMPTY_TREE

# --always: a pair of commits that is known is answered with a line at least.
_DIFF = (
    *("diff-tree", "--stdin", "--always", "-r", "-p", "-M"),
    *("--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short"),
)
_READ = ("cat-file", "--batch")
_LOG = ("log", "-z", "--format=%H%n%B")

_AHEAD = 16  # commits that are read at once; a question more takes longer than they do

_OBJECT = re.compile(rb"([0-9a-f]{40}) (\w+) (\d+)")
_TREE = re.compile(rb"tree ([0-9a-f]{40})\n")


class GitObjects:
    """The objects of Git repositories, by what Git's programs print of them."""

    def __init__(self) -> None:
        self._programs = KeptPrograms()

    def diff(self, repository: Path, old: str, new: str, patience: float) -> Iterator[bytes]:
        """Yield what ``git diff`` prints between two commits.

        Args:
            repository: a repository.
            old: a commit in hexadecimal, or the empty tree.
            new: likewise.
            patience: seconds that it may take.

        Raises:
            GitFailed: an object is not there, or cannot be read.
            DiffTimedOut: it took longer.
        """
        if EMPTY_TREE in {old, new}:
            old, new = (self._tree(repository, each) for each in (old, new))
            question = answer = f"{old} {new}"
        else:
            # The second commit stands for the only parent of the first.
            question, answer = f"{new} {old}", new
        said = self._asked(repository, question, *_DIFF, patience=patience)
        head, rest = first_line(said)
        if head != answer.encode():
            raise GitFailed(f"git diff-tree in {repository}: no answer to {question}")
        if rest:
            yield rest
        yield from said

    def commit(self, repository: Path, sha: str) -> bytes | None:
        """Return a commit as it is stored, or None if there is none of that name."""
        return self._commits(repository, [sha]).get(sha)

    def only_in(self, repository: Path, new: str, old: str | None) -> Iterator[tuple[str, bytes]]:
        """Yield the commits that one commit has and another has not, with their messages.

        Args:
            repository: a repository.
            new: a commit in hexadecimal.
            old: likewise, or None: all that the first has.

        Raises:
            GitFailed: an object is not there, or cannot be read.
        """
        if old is not None:
            with suppress(GivenUp):
                yield from Walk(self._reading_ahead(repository)).only_in(new, old)
                return
        known = [f"^{old}"] if old else []
        printed = run_git(repository, *_LOG, new, *known, "--")
        for entry in printed.split(b"\0"):
            if entry:
                sha, _, message = entry.partition(b"\n")
                yield sha.decode(), message

    def _reading_ahead(self, repository: Path) -> Callable[[str], bytes | None]:
        """Return what reads a commit, and from the second one on its first parents with it."""
        read: dict[str, bytes] = {}

        def commit(sha: str) -> bytes | None:
            if sha not in read:
                ahead = range(1, _AHEAD) if read else ()  # most runs make one commit
                read.update(self._commits(repository, [sha, *(f"{sha}~{n}" for n in ahead)]))
            return read.get(sha)

        return commit

    def _commits(self, repository: Path, names: Sequence[str]) -> dict[str, bytes]:
        said = b"".join(self._asked(repository, "\n".join(names), *_READ, end=b"%b missing"))
        found = {}
        while said:
            head, _, said = said.partition(b"\n")
            there = _OBJECT.fullmatch(head)  # else: that there is none
            if there:
                sha, kind, size = there[1].decode(), there[2], int(there[3])
                content, said = said[:size], said[size + 1 :]
                if kind == b"commit":
                    found[sha] = content
        return found

    def _tree(self, repository: Path, sha: str) -> str:
        if sha == EMPTY_TREE:
            return sha
        found = _TREE.match(self.commit(repository, sha) or b"")
        if found is None:
            raise GitFailed(f"there is no commit {sha} in {repository}")
        return found[1].decode()

    def _asked(
        self,
        repository: Path,
        question: str,
        *arguments: str,
        end: bytes = b"%b",
        patience: float = PATIENCE,
    ) -> Iterator[bytes]:
        what = f"git {arguments[0]} in {repository}"
        key = (repository, arguments)
        try:
            with self._programs.one(
                key, state_of(repository), lambda: keep_git(repository, *arguments, end=end)
            ) as program:
                yield from program.ask(question.encode(), patience)
        except ProgramEnded as error:
            raise GitFailed(f"{what}: {error}") from None
        except DiffTooLarge as error:
            raise DiffTooLarge(f"{what}: {error}") from None
        except DiffTimedOut:
            raise DiffTimedOut(f"{what} was ended after {patience:g} s") from None
