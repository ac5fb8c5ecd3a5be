"""The programs behind diffs: asked again and again, ended in time, replaced when they must be."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from benchmarks.odd_history import write
from janitor.vcs import LocalGitVcsManager
from janitor.vcs.errors import DiffTimedOut, DiffTooLarge, RevisionMissing
from janitor.vcs.programs import child_process, kept_program, kept_programs, sealed_git
from janitor.vcs.programs.child_process import ChildProcess
from janitor.vcs.programs.kept_program import KeptProgram
from janitor.vcs.programs.kept_programs import KeptPrograms
from janitor.vcs.programs.sealed_git import GitFailed
from janitor.vcs.structured import Limits, StructuredDiff, Truncated

if TYPE_CHECKING:
    from conftest import BzrStore, GitStore

ABSENT = b"git-v1:" + b"1" * 40
NULL = b"null:"


others: set[psutil.Process] = set()  # the servers of other tests, such as PostgreSQL


def programs() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child not in others]


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    gc.collect()
    others.clear()
    others.update(psutil.Process().children())
    yield
    gc.collect()
    assert programs() == []


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository counts as settled at once, so that programs are asked again."""
    monkeypatch.setattr(sealed_git, "SETTLED", -1)


ANSWERS_IN_BITS = """
import sys
for question in sys.stdin:
    answer = question if question.startswith("end_") else question.strip() * 3
    sys.stdout.write(answer[:-40])
    for letter in answer[-40:]:
        sys.stdout.write(letter)
        sys.stdout.flush()
"""


@pytest.fixture
def in_bits(tmp_path: Path) -> Iterator[KeptProgram]:
    """A program that repeats a question three times, the end of it a byte at a time."""
    command = [sys.executable, "-c", ANSWERS_IN_BITS]
    program = KeptProgram(ChildProcess(command, tmp_path, {}, asked=True))
    yield program
    program.end()


@pytest.mark.parametrize("question", [b"a", b"end", b"end_end_", b"x" * 500])
def test_an_answer_ends_where_it_ends_however_it_comes(
    in_bits: KeptProgram, question: bytes
) -> None:
    expected = question * 3 if not question.startswith(b"end_") else question + b"\n"
    for _ in range(3):
        assert b"".join(in_bits.ask(question, 60)) == expected


def test_a_program_is_lent_again_only_after_its_whole_answer(in_bits: KeptProgram) -> None:
    kept = KeptPrograms()
    with kept.one("key", None, lambda: in_bits) as program:
        assert len(b"".join(program.ask(b"x" * 30_000, 60))) == 90_000
    assert len(programs()) == 1
    with kept.one("key", None, lambda: in_bits) as program:
        next(program.ask(b"x" * 30_000, 60))  # a pipe holds less than all of it
    assert programs() == []


def pair(store: GitStore) -> tuple[bytes, bytes]:
    old = store.commit({b"a": b"x\n"})
    return old, store.commit({b"a": b"y\n"}, parent=old)


@pytest.mark.usefixtures("settled")
def test_one_program_makes_many_diffs(git_store: GitStore) -> None:
    old, new = pair(git_store)
    manager = git_store.manager
    diffs = {manager.get_diff("hello", old, new) for _ in range(20)}
    assert len(diffs) == 1
    assert len(programs()) == 1


@pytest.mark.usefixtures("settled")
def test_a_program_that_was_asked_often_is_replaced(
    git_store: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_program, "MOST_QUESTIONS", 3)
    old, new = pair(git_store)
    manager = git_store.manager
    manager.get_diff("hello", old, new)
    (first,) = programs()
    for _ in range(3):
        manager.get_diff("hello", old, new)
    assert first not in programs()


@pytest.mark.usefixtures("settled")
def test_a_program_that_has_grown_is_not_kept(
    git_store: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_program, "MOST_KEPT_MEMORY", 1)
    monkeypatch.setattr(kept_program, "LOOK_EVERY", 1)
    manager = git_store.manager
    manager.get_diff("hello", *pair(git_store))
    assert programs() == []


def test_few_programs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_programs, "MOST_KEPT", 2)
    manager = LocalGitVcsManager(str(tmp_path))
    for codebase in ("one", "two", "three"):
        _, new = write(tmp_path / codebase, [two_commits()])
        assert b"\n+2\n" in manager.get_diff(codebase, NULL, f"git-v1:{new}".encode())
    assert len(programs()) <= 2


@pytest.mark.usefixtures("settled")
def test_new_packs_are_counted(tmp_path: Path) -> None:
    """Git writes as many digits of an id as the number of packed objects asks for."""
    old, new = write(tmp_path / "hello", [two_commits()])
    manager = LocalGitVcsManager(str(tmp_path))
    revisions = [f"git-v1:{commit}".encode() for commit in (old, new)]
    before = manager.get_diff("hello", *revisions)
    write_blobs(tmp_path / "hello", 17_000)
    after = manager.get_diff("hello", *revisions)
    plain = ["git", "--git-dir", str(tmp_path / "hello"), "diff", old, new]
    assert after == subprocess.run(plain, check=True, capture_output=True).stdout
    assert before != after


def two_commits() -> bytes:
    commit = (
        b"commit refs/heads/main\ncommitter Ada <ada@example.com> %d +0000\ndata 0\n"
        b"M 100644 inline a\ndata 2\n%d\n\n"
    )
    return commit % (1, 1) + commit % (2, 2) + b"done\n"


def write_blobs(repository: Path, number: int) -> None:
    blobs = b"".join(b"blob\ndata %d\n%d\n" % (len(str(each)), each) for each in range(number))
    importing = ["git", "--git-dir", str(repository), "fast-import", "--quiet"]
    subprocess.run(importing, input=blobs, check=True)


def test_what_changed_just_now_may_change_again(tmp_path: Path) -> None:
    write(tmp_path / "hello", [two_commits()])
    assert sealed_git.state_of(tmp_path / "hello") != sealed_git.state_of(tmp_path / "hello")
    for directory in ("objects", "objects/pack", "objects/info"):
        os.utime(tmp_path / "hello" / directory, (1, 1))
    assert sealed_git.state_of(tmp_path / "hello") == sealed_git.state_of(tmp_path / "hello")


@pytest.mark.usefixtures("settled")
def test_after_a_failure_the_next_diff_is_right(git_store: GitStore) -> None:
    old, new = pair(git_store)
    third = git_store.commit({b"a": b"z\n"}, parent=new)
    manager = git_store.manager
    whole = manager.get_diff("hello", old, new)
    for revisions in ((old, ABSENT), (ABSENT, old), (NULL, ABSENT), (ABSENT, NULL)):
        with pytest.raises(RevisionMissing):
            manager.get_diff("hello", *revisions)
        assert manager.get_diff("hello", old, new) == whole
    blob = git_store.git("rev-parse", f"{third.removeprefix(b'git-v1:').decode()}:a").decode()
    (git_store.path / "objects" / blob[:2] / blob[2:].strip()).unlink()
    with pytest.raises(GitFailed, match="diff-tree"):
        manager.get_diff("hello", new, third)
    assert manager.get_diff("hello", old, new) == whole


@pytest.mark.usefixtures("settled")
def test_an_answer_that_nobody_reads_to_its_end_disturbs_no_other(git_store: GitStore) -> None:
    new = git_store.commit({b"%d" % number: b"line\n" * 5000 for number in range(100)})
    manager = git_store.manager
    stream = manager.stream_diff("hello", NULL, new)
    assert next(stream).startswith(b"diff --git")
    stream.close()
    whole = manager.get_diff("hello", NULL, new)
    assert whole == git_store.git(
        "diff", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", new[7:].decode()
    )


@pytest.mark.usefixtures("settled")
def test_a_program_that_was_killed_is_replaced(git_store: GitStore) -> None:
    old, new = pair(git_store)
    manager = git_store.manager
    whole = manager.get_diff("hello", old, new)
    (program,) = programs()
    program.kill()
    while program.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert manager.get_diff("hello", old, new) == whole


@pytest.mark.usefixtures("settled")
def test_threads_do_not_get_each_others_answers(git_store: GitStore) -> None:
    revisions = [git_store.commit({b"a": b"%d\n" % number}) for number in range(8)]
    manager = git_store.manager
    wrong: list[bytes] = []

    def ask(number: int) -> None:
        for _ in range(25):
            diff = manager.get_diff("hello", NULL, revisions[number])
            if not diff.endswith(b"\n+%d\n" % number):
                wrong.append(diff)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.usefixtures("settled")
def test_a_fork_has_programs_of_its_own(git_store: GitStore) -> None:
    old, new = pair(git_store)
    manager = git_store.manager
    whole = manager.get_diff("hello", old, new)
    (ours,) = programs()
    forking = multiprocessing.get_context("fork")
    answers = forking.SimpleQueue()

    def in_the_fork() -> None:
        for _ in range(20):
            answers.put(manager.get_diff("hello", old, new) == whole)

    fork = forking.Process(target=in_the_fork)
    fork.start()
    assert all(manager.get_diff("hello", old, new) == whole for _ in range(20))
    assert all(answers.get() for _ in range(20))
    fork.join()
    assert programs() == [ours]
    assert manager.get_diff("hello", old, new) == whole


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("kind", ["git", "bzr"])
def test_a_killed_worker_leaves_no_program_and_no_directory(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = request.getfixturevalue(f"{kind}_store")
    name: Any = b"a" if kind == "git" else "a"
    revision = store.commit({name: b"x\n"})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    forking = multiprocessing.get_context("fork")
    told = forking.SimpleQueue()

    def work() -> None:
        manager = store.manager
        manager.get_diff("hello", NULL, revision)
        told.put([program.pid for program in programs()])
        time.sleep(600)

    worker = forking.Process(target=work)
    worker.start()
    left = [psutil.Process(pid) for pid in told.get()]
    assert left
    worker.kill()
    worker.join()
    _, alive = psutil.wait_procs(left, 30)
    assert alive == []
    assert list(scratch.iterdir()) == []


def test_shallow_history_ends_where_it_was_cut(git_store: GitStore) -> None:
    old, new = pair(git_store)
    merge = git_store.commit({b"a": b"z\n"}, parent=new)
    plain = [revision.removeprefix(b"git-v1:").decode() for revision in (old, new, merge)]
    (git_store.path / "shallow").write_text(f"{plain[1]}\n")
    (git_store.path / "objects" / plain[0][:2] / plain[0][2:]).unlink()
    infos = git_store.manager.get_revision_info("hello", NULL, merge)
    assert [info.revision_id for info in infos] == [merge, new]


def worst(lines: int) -> tuple[bytes, bytes]:
    numbered = [b"line %d\n" % line for line in range(lines)]
    other = [b"other %d\n" % at if at % 2 else line for at, line in enumerate(numbered)]
    return b"".join(numbered), b"".join(other)


def test_a_diff_of_git_that_takes_too_long_is_ended(git_store: GitStore) -> None:
    before, after = worst(200_000)
    old = git_store.commit({b"a": before})
    new = git_store.commit({b"a": after}, parent=old)
    manager = git_store.manager
    with pytest.raises(DiffTimedOut, match=r"after 0\.001 s"):
        list(manager.stream_diff("hello", old, new, patience=0.001))
    diff = StructuredDiff(manager.stream_diff("hello", old, new), Limits(lines=1000))
    (file,) = diff
    assert diff.truncated == Truncated("lines", 1000)
    assert (file.truncated, len(file.hunks[0].lines)) == (True, 1000)


def test_a_diff_of_bazaar_that_takes_too_long_is_ended(bzr_store: BzrStore) -> None:
    before, after = worst(200_000)
    old, new = bzr_store.commit({"a": before}), bzr_store.commit({"a": after})
    manager = bzr_store.manager
    manager.get_diff("hello", NULL, old)  # it has started then
    began = time.monotonic()
    with pytest.raises(DiffTimedOut, match=r"after 0\.05 s"):
        list(manager.stream_diff("hello", old, new, patience=0.05))
    assert time.monotonic() - began < 30  # as a wall, not a measure
    diff = StructuredDiff(manager.stream_diff("hello", old, new), Limits(bytes=1_000_000))
    assert [file.truncated for file in diff] == [True]
    assert diff.truncated == Truncated("bytes", 1_000_000)


@pytest.mark.parametrize(
    ("does", "ends_with"), [("time.sleep(1)", 0), ("any(iter(int, 1))", -signal.SIGPROF)]
)
def test_breezy_is_ended_by_how_long_it_works_and_not_while_it_waits(
    does: str, ends_with: int
) -> None:
    within = "import time; from janitor.vcs.programs.breezy_program import _within as within"
    program = [sys.executable, "-c", f"{within}\nwith within(0.5): {does}"]
    assert subprocess.run(program, check=False).returncode == ends_with


@pytest.mark.parametrize("kind", ["git", "bzr"])
def test_whoever_reads_may_take_the_time(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = request.getfixturevalue(f"{kind}_store")
    name: Any = b"a" if kind == "git" else "a"
    before, after = worst(200_000)
    old, new = store.commit({name: before}), store.commit({name: after})
    clock, pauses = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + sum(pauses))
    pieces = []
    for piece in store.manager.stream_diff("hello", old, new, patience=60):
        pieces.append(piece)
        pauses.append(61)  # as of a pager that is left open
    assert len(pieces) > 1
    assert b"".join(pieces).endswith(b"+other 199999\n" if kind == "git" else b"\n")


@pytest.mark.parametrize("kind", ["git", "bzr"])
def test_equal_lines_are_no_trouble(kind: str, request: pytest.FixtureRequest) -> None:
    store = request.getfixturevalue(f"{kind}_store")
    name: Any = b"a" if kind == "git" else "a"
    half = b"the same\n" * 25_000
    old, new = store.commit({name: half * 2}), store.commit({name: half + b"another\n" + half})
    diff = StructuredDiff(store.manager.stream_diff("hello", old, new), Limits())
    assert [(file.insertions, file.deletions, file.truncated) for file in diff] == [(1, 0, False)]
    assert diff.truncated is None


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux bounds another's memory")
@pytest.mark.parametrize("kind", ["git", "bzr"])
def test_a_program_has_only_so_much_memory(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "MOST_MEMORY", 80_000_000)
    store = request.getfixturevalue(f"{kind}_store")
    text = b"a line of some length, as texts have them\n" * 2_000_000
    name: Any = b"a" if kind == "git" else "a"
    revision = store.commit({name: text})
    with pytest.raises(DiffTooLarge, match="hello: it needs more than 80000000 bytes of memory"):
        store.manager.get_diff("hello", NULL, revision)


@pytest.mark.usefixtures("settled")
def test_memory_stays_as_it_is_over_many_diffs(git_store: GitStore) -> None:
    """Of this process and of the programs; benchmarks/vcs.py makes 10,000."""
    text = b"".join(b"line %d\n" % number for number in range(2000))
    revisions = [git_store.commit({b"a": text + b"%d\n" % number}) for number in range(10)]
    manager = git_store.manager

    def make(number: int) -> int:
        for each in range(number):
            old, new = revisions[each % 10], revisions[(each + 1) % 10]
            assert manager.get_diff("hello", old, new)
        family = [psutil.Process(), *programs()]
        return int(sum(each.memory_full_info().uss for each in family))

    make(100)
    assert make(400) - make(100) < 5_000_000
