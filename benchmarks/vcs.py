"""Diffs, revision info, branches: ours against Breezy and against one process for each, in turns.

    python benchmarks/vcs.py [--pairs N] [--rounds N] [--many N] [--json]

Git: the project's own history, if it is checked out with one, and a generated one with all that a
diff can meet, both bare. Each pair is compared by Breezy's ``show_diff_trees``, which opens the
repository each time, as its callers do, or keeps it open, by a ``git diff`` process and by ours,
one right after the other, in several rounds. What counts of a pair is the median of its rounds: on
a machine of a few processors a diff of half a millisecond is easily disturbed by whatever else it
does. Revision info of the same pairs is asked of ours and of Breezy likewise.
Bazaar: a generated history, a ``brz diff`` process for each pair against ours. Then many diffs in
one process, with its memory and that of the programs that it keeps; and files at their worst, with
how long they take.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import branches
import breezy.bzr.bzrdir
import breezy.git  # noqa: F401 - Breezy opens Git repositories then
import psutil
from breezy.controldir import ControlDir
from breezy.diff import show_diff_trees
from breezy.repository import Repository
from odd_history import OddHistory, write

from janitor.vcs import LocalBzrVcsManager, LocalGitVcsManager
from janitor.vcs.programs.sealed_git import SETTLED

ROOT = Path(__file__).parents[1]
LINES = 200_000  # of a file at its worst
EQUAL_LINES = 50_000
MEBIBYTE = 1024 * 1024

Pair = tuple[str, str]
Figures = dict[str, float]


class Stopwatch:
    """Seconds that each of several ways took for the same, each time."""

    def __init__(self) -> None:
        self._took: dict[str, dict[object, list[float]]] = {}

    @contextmanager
    def running(self, way: str, what: object) -> Iterator[None]:
        """Note how long a ``with`` block takes to do something in one of the ways."""
        began = time.perf_counter()
        yield
        took = time.perf_counter() - began
        self._took.setdefault(way, {}).setdefault(what, []).append(took)

    def figures(self) -> Figures:
        """Return milliseconds of each way, and how many times as fast as it ours is.

        It is the mean over all that was done of the median of the times that it was.
        """
        mean = {
            way: statistics.fmean(map(statistics.median, took.values())) * 1000
            for way, took in self._took.items()
        }
        told: Figures = {f"{way}_ms": round(each, 2) for way, each in mean.items()}
        others = (way for way in mean if way != "ours")
        return told | {f"times_{way}": round(mean[way] / mean["ours"], 1) for way in others}


def git_repositories(base: Path, commits: int) -> dict[str, list[Pair]]:
    """Make the Git repositories; returns pairs of commits for each."""
    write(base / "generated", OddHistory().stream(commits))
    if (ROOT / ".git").exists():
        clone = ["git", "clone", "--quiet", "--bare", str(ROOT), str(base / "own")]
        subprocess.run(clone, check=True)  # noqa: S603 - our own words
    time.sleep(SETTLED + 0.5)  # programs are not kept for a repository that changed just now
    return {path.name: pairs_of(path) for path in base.iterdir()}


def pairs_of(repository: Path) -> list[Pair]:
    """Return each commit with its first parent, the oldest first."""
    listing = ["git", "--git-dir", str(repository), "rev-list", "--reverse", "--parents", "HEAD"]
    found = subprocess.run(listing, check=True, capture_output=True)  # noqa: S603 - our own words
    lines = [line.split() for line in found.stdout.decode().splitlines()]
    return [(parents[0], commit) for commit, *parents in lines if parents]


def spread(pairs: list[Pair], number: int) -> list[Pair]:
    """Return some of them from everywhere."""
    return pairs[:: max(1, len(pairs) // number)][:number]


def git_diffs(base: Path, codebase: str, pairs: list[Pair], rounds: int) -> tuple[Figures, int]:
    """Return figures of diffs, and how many pairs Breezy could not compare."""
    watch, refused = Stopwatch(), set()
    manager = LocalGitVcsManager(str(base))
    kept = Repository.open(str(base / codebase))
    with kept.lock_read():
        with suppress(Exception):  # each way has started by now
            manager.get_diff(codebase, *git_ids(*pairs[0]))
            breezy_diff(kept, *git_ids(*pairs[0]))
        for pair in itertools.chain.from_iterable(itertools.repeat(pairs, rounds)):
            revisions = git_ids(*pair)
            try:
                with watch.running("breezy", pair):
                    breezy_diff(Repository.open(str(base / codebase)), *revisions)
                with watch.running("breezy_kept_open", pair):
                    breezy_diff(kept, *revisions)
            except Exception:  # noqa: BLE001 - names and kinds that it does not expect
                refused.add(pair)
                continue
            command = ["git", "--git-dir", str(base / codebase), "diff", *pair]
            with watch.running("process", pair):
                plain = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
            with watch.running("ours", pair):
                ours = manager.get_diff(codebase, *revisions)
            if ours != plain.stdout:
                raise SystemExit(f"the diff of {pair} of {codebase} is another")
    return watch.figures(), len(refused)


def breezy_diff(repository: Any, old: bytes, new: bytes) -> None:  # noqa: ANN401
    """Compare two revisions."""
    with repository.lock_read():
        trees = [repository.revision_tree(each) for each in (old, new)]
        show_diff_trees(*trees, io.BytesIO(), old_label="old/", new_label="new/")


def git_info(base: Path, codebase: str, pairs: list[Pair], rounds: int) -> Figures:
    """Return figures of revision info."""
    watch = Stopwatch()
    manager = LocalGitVcsManager(str(base))
    kept = Repository.open(str(base / codebase))
    for old, new in itertools.chain.from_iterable(itertools.repeat(pairs, rounds)):
        revisions = git_ids(old, new)
        with watch.running("breezy", new):
            told = breezy_info(Repository.open(str(base / codebase)), *revisions)
        with watch.running("breezy_kept_open", new):
            breezy_info(kept, *revisions)
        with watch.running("ours", new):
            ours = manager.get_revision_info(codebase, *revisions)
        if {each.revision_id for each in ours} != told:
            raise SystemExit(f"the revisions between {old} and {new} of {codebase} are others")
    return watch.figures()


def breezy_info(repository: Any, old: bytes, new: bytes) -> set[bytes]:  # noqa: ANN401
    """Return which revisions Breezy finds, once it has read them."""
    with repository.lock_read():
        graph = repository.get_graph()
        only = graph.find_unique_ancestors(new, [old])
        newest_first = list(graph.iter_topo_order(sorted(only)))[::-1]
        return {each.revision_id for each in repository.get_revisions(newest_first)}


def git_ids(*commits: str) -> list[bytes]:
    """Return revision ids."""
    return [f"git-v1:{commit}".encode() for commit in commits]


class BzrHistory:
    """A Bazaar branch whose files change a little with each revision.

    Args:
        base: where the repository of the codebase ``generated`` is made.
        trees: where files are written.
    """

    def __init__(self, base: Path, trees: Path) -> None:
        self._dice = random.Random(1)
        self._trees = trees
        repository = base / "generated"
        repository.mkdir(parents=True)
        ControlDir.create(str(repository)).create_repository(shared=True)
        self.branch = repository / "main"
        self.branch.mkdir()
        made = ControlDir.create_branch_convenience(str(self.branch), force_new_tree=False)
        self._tree: Any = made.create_checkout(str(trees))

    def revisions(self, number: int, files: int = 100) -> list[bytes]:
        """Commit; returns the revision ids."""
        for file in range(files):
            text = b"".join(b"line %d of %d\n" % (line, file) for line in range(200))
            (self._trees / f"file-{file}").write_bytes(text)
        self._tree.smart_add([str(self._trees)])
        return [self.commit(), *(self._changed(files) for _ in range(number))]

    def write(self, lines: Iterable[bytes]) -> bytes:
        """Commit one file of those lines; returns the revision id."""
        (self._trees / "worst").write_bytes(b"".join(lines))
        self._tree.smart_add([str(self._trees)])
        return self.commit()

    def commit(self) -> bytes:
        """Commit what was written; returns the revision id."""
        revision = self._tree.commit("A change.", committer="Ada <ada@example.com>")
        assert isinstance(revision, bytes)  # noqa: S101 - it is
        return revision

    def _changed(self, files: int) -> bytes:
        for file in self._dice.sample(range(files), k=3):
            path = self._trees / f"file-{file}"
            lines = path.read_bytes().splitlines(keepends=True)
            at = self._dice.randrange(len(lines))
            lines[at : at + 2] = [b"changed %d\n" % self._dice.randrange(10**9)]
            path.write_bytes(b"".join(lines))
        return self.commit()


def bzr_diffs(base: Path, branch: Path, revisions: list[bytes]) -> dict[str, Figures]:
    """Return figures of diffs and revision info of Bazaar."""
    manager = LocalBzrVcsManager(str(base))
    diffs, info = Stopwatch(), Stopwatch()
    for old, new in itertools.pairwise(revisions):
        span = f"-rrevid:{old.decode()}..revid:{new.decode()}"
        command = [sys.executable, "-m", "breezy", "diff", span, str(branch)]
        with diffs.running("process", new):
            plain = subprocess.run(command, check=False, capture_output=True)  # noqa: S603
        with diffs.running("ours", new):
            ours = manager.get_diff("generated", old, new)
        if ours != plain.stdout:
            raise SystemExit(f"the diff of {old!r} and {new!r} is another")
        with info.running("breezy", new):
            told = breezy_info(Repository.open(str(branch.parent)), old, new)
        with info.running("ours", new):
            infos = manager.get_revision_info("generated", old, new)
        if {each.revision_id for each in infos} != told:
            raise SystemExit(f"the revisions between {old!r} and {new!r} are others")
    return {"bzr diff": diffs.figures(), "bzr info": info.figures()}


def memory(base: Path, repositories: dict[str, list[Pair]], number: int) -> Figures:
    """Return what this process and its children use after a tenth of many diffs, and after all."""
    manager = LocalGitVcsManager(str(base))
    pairs = [(codebase, *pair) for codebase, found in repositories.items() for pair in found]
    told: Figures = {}
    most_of_children = 0.0
    began = time.perf_counter()
    for count, (codebase, old, new) in enumerate(itertools.cycle(pairs), start=1):
        manager.get_diff(codebase, *git_ids(old, new))
        if count % 50 == 0:
            most_of_children = max(most_of_children, own_memory(*psutil.Process().children()))
        if count == number // 10:
            told["after_a_tenth_mib"] = own_memory(psutil.Process())
        if count == number:
            break
    took = time.perf_counter() - began
    return told | {
        "after_all_mib": own_memory(psutil.Process()),
        "most_of_programs_mib": most_of_children,
        "diffs": number,
        "diffs_per_second": round(number / took),
    }


def own_memory(*processes: psutil.Process) -> float:
    """Return MiB that belong to processes alone."""
    return round(sum(each.memory_full_info().uss for each in processes) / MEBIBYTE, 1)


def worst_files() -> dict[str, tuple[list[bytes], list[bytes]]]:
    """Return the lines of files before and after."""
    numbered = [b"line %d\n" % line for line in range(LINES)]
    every_second = [b"other %d\n" % at if at % 2 else line for at, line in enumerate(numbered)]
    dice = random.Random(1)
    few = [[b"%d\n" % dice.randrange(3) for _ in range(LINES)] for _ in range(2)]
    equal = [b"the same\n"] * EQUAL_LINES
    half = EQUAL_LINES // 2
    return {
        "every second": (numbered, every_second),
        "equal lines": (equal, [*equal[:half], b"another\n", *equal[half + 1 :]]),
        "few kinds": (few[0], few[1]),
    }


def worst_of_git(base: Path) -> Figures:
    """Return seconds for files at their worst."""
    manager = LocalGitVcsManager(str(base))
    told = {}
    for name, versions in worst_files().items():
        codebase = f"worst-{name.replace(' ', '-')}"
        old, new = write(base / codebase, [one_file(versions)])
        told[f"{name}_s"] = seconds(lambda: manager.get_diff(codebase, *git_ids(old, new)))  # noqa: B023 - at once
    return told


def one_file(versions: Iterable[list[bytes]]) -> bytes:
    """Return commits of one file for ``git fast-import``."""
    commits = []
    for number, lines in enumerate(versions):
        text = b"".join(lines)
        head = (
            b"commit refs/heads/main\ncommitter Ada <ada@example.com> %d +0000\ndata 0\n" % number
        )
        commits.append(head + b"M 100644 inline worst\ndata %d\n%b\n" % (len(text), text))
    return b"".join((*commits, b"done\n"))


def worst_of_bzr(base: Path, history: BzrHistory) -> Figures:
    """Return seconds for files at their worst."""
    manager = LocalBzrVcsManager(str(base))
    told = {}
    for name, versions in worst_files().items():
        old, new = (history.write(lines) for lines in versions)
        told[f"{name}_s"] = seconds(lambda: manager.get_diff("generated", old, new))  # noqa: B023 - at once
    return told


def seconds(work: Callable[[], object]) -> float:
    """Return how long it takes."""
    began = time.perf_counter()
    work()
    return round(time.perf_counter() - began, 2)


def measure(chosen: argparse.Namespace, directory: Path) -> dict[str, Figures]:
    """Return the figures; those of branches are measured by :mod:`branches`."""
    base = directory / "git"
    base.mkdir()
    repositories = git_repositories(base, 3 * chosen.pairs)
    figures: dict[str, Figures] = {}
    for codebase, pairs in repositories.items():
        some = spread(pairs, chosen.pairs)
        told, refused = git_diffs(base, codebase, some, chosen.rounds)
        figures[f"git diff, {codebase}"] = told | {"pairs": len(some) - refused}
        figures[f"git info, {codebase}"] = git_info(base, codebase, some, chosen.rounds)
    history = BzrHistory(directory / "bzr", directory / "trees")
    figures |= bzr_diffs(
        directory / "bzr", history.branch, history.revisions(max(2, chosen.pairs // 10))
    )
    figures["memory"] = memory(base, repositories, chosen.many)
    figures["git worst"] = worst_of_git(base)
    figures["bzr worst"] = worst_of_bzr(directory / "bzr", history)
    return figures | {each.what: of_branches(each) for each in branches.measure()}


def of_branches(ratio: branches.Ratio) -> Figures:
    """Return the figures of looking up or opening branches."""
    return {
        "breezy_ms": round(ratio.breezy * 1000, 3),
        "ours_ms": round(ratio.ours * 1000, 3),
        "times_breezy": round(ratio.times, 1),
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pairs", type=int, default=100, help="of each Git history")
    options.add_argument("--rounds", type=int, default=5, help="of the Git pairs")
    options.add_argument("--many", type=int, default=10_000, help="diffs with a look at memory")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="janitor-bench-") as directory:
        os.environ |= {"HOME": directory, "BRZ_HOME": directory, "BRZ_LOG": os.devnull}
        figures = measure(chosen, Path(directory))
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    for name, row in figures.items():
        print(f"{name:20}" + "".join(f"  {what} {figure}" for what, figure in row.items()))


if __name__ == "__main__":
    main()
