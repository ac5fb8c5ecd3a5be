"""Many processes at the branches of one repository, some of them killed; and what must hold then.

Counters: some branches go round a ring of revisions, each step from where the last one went.
Every worker notes each step before and after it makes it. If two steps were ever made from the
same place, the counts of the steps do not fit together (:func:`lost_updates`).

Elsewhere branches are made, moved, renamed and deleted as the dice fall. In the end the
repository is whole, and nothing is locked.

    python -m tests.integration.vcs.branch_stress git --workers 16 --seconds 60
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from janitor.vcs import VcsManager
from janitor.vcs.branches.port import Branches, BranchExists, BranchMoved, RepositoryBusy
from tests.integration.vcs.conftest import BzrStore, GitStore

RING = 24
COUNTERS = ("counter/one", "counter/two", "counter/three")
SCRATCH = ("a", "a/b", "a/b/c", "x", "fix/main", "fix/other", "späß")
CALM = (BranchMoved, BranchExists, RepositoryBusy)


@dataclass
class Outcome:
    """What came of a stress."""

    steps: Counter[tuple[str, int]] = field(default_factory=Counter)  # made for certain
    perhaps: Counter[tuple[str, int]] = field(default_factory=Counter)  # by one that was killed
    others: Counter[str] = field(default_factory=Counter)
    killed: int = 0


def stress(
    manager: VcsManager, ring: Sequence[bytes], *, workers: int, seconds: float, pause: float
) -> Outcome:
    """Let workers loose, kill one of them after each pause, and add up what they noted."""
    branches = manager.branches("hello")
    for name in COUNTERS:
        branches.create(name, ring[0])
    with tempfile.TemporaryDirectory() as directory:
        notes = Path(directory)
        until = time.monotonic() + seconds
        running = [_start(branches, ring, notes, until) for _ in range(workers)]
        outcome = Outcome()
        while time.monotonic() < until:
            time.sleep(pause)
            victim = running.pop(random.randrange(workers))
            _kill(victim, children_too=bool(outcome.killed % 2))
            os.waitpid(victim, 0)
            outcome.killed += 1
            running.append(_start(branches, ring, notes, until))
        failed = [worker for worker in running if os.waitpid(worker, 0)[1]]
        _read(notes, outcome)
    assert not failed, f"{len(failed)} workers ended with an error"
    return outcome


def lost_updates(outcome: Outcome, name: str, place: int) -> str | None:
    """Say what does not fit in the steps of a counter that stands at a place in the end.

    Going round once makes one step from each place. So from all places before the last one as
    many steps were made, from the others one less; a step that a killed worker noted before it
    died may be among them, or not.
    """
    certain = [outcome.steps[name, at] for at in range(RING)]
    perhaps = [outcome.perhaps[name, at] for at in range(RING)]
    for rounds in range(max(certain) + 2):
        missing = [rounds + (at < place) - made for at, made in enumerate(certain)]
        if all(0 <= lack <= some for lack, some in zip(missing, perhaps, strict=True)):
            return None
    return f"{name} stands at {place} after steps {certain} and perhaps {perhaps}"


def check(manager: VcsManager, ring: Sequence[bytes], outcome: Outcome) -> None:
    """See that no update was lost, and that every branch can be used."""
    branches = manager.branches("hello")
    for name in COUNTERS:
        tip = branches.get(name)
        assert tip in ring
        assert lost_updates(outcome, name, ring.index(tip)) is None
    for name, tip in branches.tips().items():
        assert tip in ring, (name, tip)
        opened = manager.get_branch("hello", name)
        assert opened is not None, name
        assert opened.last_revision() == tip
        branches.delete(name, expected=tip)
    assert branches.tips() == {}
    branches.create("after/all", ring[0])


def git_ring(store: GitStore) -> list[bytes]:
    """Revisions of a Git repository to go round in, all of them kept by a tag."""
    ring: list[bytes] = []
    for number in range(RING):
        ring.append(store.commit({b"a": b"%d" % number}, parent=ring[-1] if ring else None))
    store.git("update-ref", "-d", "refs/heads/main")
    store.manager.branches("hello").set_tag("ring", ring[-1], branch="")
    return ring


def bzr_ring(store: BzrStore) -> list[bytes]:
    """Revisions of a Bazaar repository to go round in."""
    return [store.commit({"a": b"%d" % number}) for number in range(RING)]


def check_git(store: GitStore) -> None:
    """See that the repository is whole and that nothing is locked."""
    done = subprocess.run(
        ["git", "--git-dir", store.path, "fsck", "--full", "--strict", "--no-dangling"],
        check=False,
        capture_output=True,
    )
    assert (done.returncode, done.stdout) == (0, b""), done
    assert not list(store.path.rglob("*.lock"))


def check_bzr(store: BzrStore) -> None:
    """See that the repository and its branch are whole."""
    done = subprocess.run(
        [sys.executable, "-m", "breezy", "check", str(store.base / "hello" / "after" / "all")],
        check=False,
        capture_output=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert b"inconsisten" not in said.replace(b"0 inconsistent parents", b""), said


def _start(branches: Branches, ring: Sequence[bytes], notes: Path, until: float) -> int:
    worker = os.fork()
    if worker:
        return worker
    status = 1
    try:
        _work(branches, ring, notes / str(os.getpid()), until)
        status = 0
    except BaseException as error:  # noqa: BLE001 - the parent sees the status, people the reason
        print(f"worker: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(status)
    return 0


def _kill(worker: int, *, children_too: bool) -> None:
    """Kill a worker, and in every other case the program that it started."""
    process = psutil.Process(worker)
    with suppress(psutil.NoSuchProcess):
        process.suspend()  # so that it starts nothing meanwhile
        children = process.children(recursive=True) if children_too else []
        process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()


def _work(branches: Branches, ring: Sequence[bytes], notes: Path, until: float) -> None:
    dice = random.Random(os.getpid())
    with notes.open("a", buffering=1) as told:
        while time.monotonic() < until:
            if dice.random() < 0.5:
                _step(branches, ring, dice.choice(COUNTERS), told.write)
            else:
                kind = _disorder(branches, ring, dice)
                told.write(f"other {kind}\n")


def _step(branches: Branches, ring: Sequence[bytes], name: str, tell: object) -> None:
    assert callable(tell)
    now = branches.get(name)
    assert now is not None, f"{name} is gone"
    at = ring.index(now)
    tell(f"try {name} {at}\n")
    try:
        branches.set(name, ring[(at + 1) % RING], expected=now)
    except CALM:
        tell(f"no {name} {at}\n")
    else:
        tell(f"made {name} {at}\n")


def _disorder(branches: Branches, ring: Sequence[bytes], dice: random.Random) -> str:
    name, other = dice.sample(SCRATCH, 2)
    revision = dice.choice(ring)
    now = branches.get(name)
    try:
        if now is None:
            branches.create(name, revision)
            return "created"
        match dice.randrange(3):
            case 0:
                branches.set(name, revision, expected=now)
                return "moved"
            case 1:
                branches.rename(name, other, expected=now)
                return "renamed"
            case _:
                branches.delete(name, expected=now)
                return "deleted"
    except CALM as refusal:
        return type(refusal).__name__


def _read(notes: Path, outcome: Outcome) -> None:
    for file in notes.iterdir():
        last = None
        for line in file.read_text().splitlines():
            match line.split():
                case ["made", name, at]:
                    outcome.steps[name, int(at)] += 1
                case ["other", kind]:
                    outcome.others[kind] += 1
            last = line.split()
        if last and last[0] == "try":
            outcome.perhaps[last[1], int(last[2])] += 1


def main() -> None:
    """Do it at a size of one's choice."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("kind", choices=["git", "bzr"])
    options.add_argument("--workers", type=int, default=16)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--pause", type=float, default=0.5, help="between two kills, in seconds")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        os.environ |= {"HOME": directory, "BRZ_HOME": directory}
        outcome = whole_stress(chosen.kind, Path(directory), chosen)
    made, other = sum(outcome.steps.values()), dict(outcome.others)
    print(f"{chosen.kind}: {made} steps, {outcome.killed} killed, none lost; besides {other}")


def whole_stress(kind: str, directory: Path, size: argparse.Namespace) -> Outcome:
    """Make a repository, stress it, and see that it is whole."""
    chosen = {"workers": size.workers, "seconds": size.seconds, "pause": size.pause}
    if kind == "git":
        git = GitStore(directory / "git")
        ring = git_ring(git)
        outcome = stress(git.manager, ring, **chosen)
        check(git.manager, ring, outcome)
        check_git(git)
        return outcome
    bzr = BzrStore(directory / "bzr", directory / "trees")
    ring = bzr_ring(bzr)
    bzr.manager.branches("hello").delete("main", expected=ring[-1])
    outcome = stress(bzr.manager, ring, **chosen)
    check(bzr.manager, ring, outcome)
    check_bzr(bzr)
    return outcome


if __name__ == "__main__":
    main()
