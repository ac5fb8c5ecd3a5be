"""Looking up and opening branches, as ratios against the same through Breezy in the same run.

A store of each kind with a repository of many branches. *Looking up* says which revision a
branch is at; through Breezy that is to open the branch and ask it. *Opening* gives a Breezy
branch. Rounds alternate, so that the machine's moods meet both alike; the best round counts.

    python benchmarks/branches.py
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from janitor.vcs import LocalBzrVcsManager, LocalGitVcsManager

CODEBASE = "hello"
WANTED = 2.0  # times as fast as through Breezy
ROUNDS = 7


@dataclass(frozen=True)
class Ratio:
    """What one measurement came to; times are seconds of one call."""

    what: str
    ours: float
    breezy: float

    @property
    def times(self) -> float:
        """How many times as fast ours is."""
        return self.breezy / self.ours

    def __str__(self) -> str:
        return (
            f"{self.what:28} {self.times:6.1f} times as fast as Breezy"
            f"  ({self.ours * 1e6:6.0f} us, {self.breezy * 1e6:6.0f} us)"
        )


def measure(branches: int = 300, calls: int = 100) -> list[Ratio]:
    """Return the ratios of looking up and opening branches of both kinds.

    Args:
        branches: how many the Git repository has; half of them packed.
        calls: of each in a round.
    """
    with tempfile.TemporaryDirectory() as directory:
        os.environ |= {"HOME": directory, "BRZ_HOME": directory}
        base = Path(directory)
        git, bzr = _git_store(base / "git", branches), _bzr_store(base / "bzr")
        return [*_ratios("Git", git, calls), *_ratios("Bazaar", bzr, calls)]


def _ratios(kind: str, manager: LocalGitVcsManager | LocalBzrVcsManager, calls: int) -> list[Ratio]:
    from breezy.branch import Branch  # noqa: PLC0415 - heavy

    name = "fix-1/main"
    url = manager.get_branch_url(CODEBASE, name)

    def opened() -> Any:  # noqa: ANN401 - Breezy says no types
        branch = manager.get_branch(CODEBASE, name)
        assert branch is not None  # noqa: S101 - we made it
        return branch

    tip = manager.branches(CODEBASE).get(name)
    assert tip == opened().last_revision() == Branch.open(url).last_revision()  # noqa: S101
    return [
        _ratio(
            f"{kind}: looking up",
            lambda: manager.branches(CODEBASE).get(name),
            lambda: Branch.open(url).last_revision(),
            calls,
        ),
        _ratio(f"{kind}: opening", opened, lambda: Branch.open(url), calls),
        _ratio(
            f"{kind}: opening, and its tip",
            lambda: opened().last_revision(),
            lambda: Branch.open(url).last_revision(),
            calls,
        ),
    ]


def _ratio(
    what: str, ours: Callable[[], object], breezy: Callable[[], object], calls: int
) -> Ratio:
    best = [_seconds(ours, calls), _seconds(breezy, calls)]
    for _ in range(ROUNDS - 1):
        best = [min(best[0], _seconds(ours, calls)), min(best[1], _seconds(breezy, calls))]
    return Ratio(what, *best)


def _seconds(call: Callable[[], object], calls: int) -> float:
    begun = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begun) / calls


def _git_store(base: Path, branches: int) -> LocalGitVcsManager:
    from dulwich.objects import Commit, Tree  # noqa: PLC0415
    from dulwich.repo import Repo  # noqa: PLC0415

    manager = LocalGitVcsManager(str(base))
    manager.make_repository(CODEBASE)
    with Repo(str(base / CODEBASE)) as repository:
        tree, commit = Tree(), Commit()
        commit.tree, commit.message = tree.id, b"A change.\n"
        commit.author = commit.committer = b"Ada <ada@example.com>"
        commit.author_time = commit.commit_time = 0
        commit.author_timezone = commit.commit_timezone = 0
        repository.object_store.add_objects([(tree, None), (commit, None)])
        for number in range(branches):
            repository.refs[f"refs/heads/fix-{number}/main".encode()] = commit.id
            if number == branches // 2:
                repository.refs.pack_refs(all=True)
    return manager


def _bzr_store(base: Path) -> LocalBzrVcsManager:
    from breezy.controldir import ControlDir  # noqa: PLC0415

    manager = LocalBzrVcsManager(str(base))
    manager.make_repository(CODEBASE)
    path = base / CODEBASE / "fix-1" / "main"
    path.mkdir(parents=True)
    made = ControlDir.create_branch_convenience(path.as_uri(), force_new_tree=False)
    tree = made.create_checkout(str(base / "tree"), lightweight=True)
    tree.commit("A change.", committer="Ada <ada@example.com>")
    return manager


def main() -> None:
    """Measure, and end with 1 where it is less than it should be."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--branches", type=int, default=300)
    options.add_argument("--calls", type=int, default=100)
    chosen = options.parse_args()
    ratios = measure(chosen.branches, chosen.calls)
    for ratio in ratios:
        print(ratio)
    if any(ratio.times < WANTED for ratio in ratios if not ratio.what.endswith("tip")):
        raise SystemExit(f"one of them is less than {WANTED:g} times as fast")


if __name__ == "__main__":
    main()
