"""Every diff is that of ``git diff`` to the byte, and turns the old tree into the new one.

Revision info is that of ``git log``.

JANITOR_VCS_PAIRS=1000 compares so many pairs, of the project's own history and a generated one.
"""

from __future__ import annotations

import itertools
import os
import random
import subprocess
from pathlib import Path

import pytest

from benchmarks.odd_history import OddHistory, renamed_in_bulk, write
from janitor.vcs import LocalGitVcsManager
from janitor.vcs.programs import git_walk
from janitor.vcs.structured import ChangedFile, StructuredDiff

ROOT = Path(__file__).parents[3]
PAIRS = int(os.environ.get("JANITOR_VCS_PAIRS", "60"))
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
LETTERS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed"}

Pair = tuple[str, str]


def git(repository: Path, *arguments: str, told: bytes = b"", index: Path | None = None) -> bytes:
    environment = os.environ | ({} if index is None else {"GIT_INDEX_FILE": str(index)})
    done = subprocess.run(
        ["git", "--git-dir", str(repository), *arguments],
        input=told,
        capture_output=True,
        check=False,
        env=environment | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def revision(commit: str) -> bytes:
    return b"null:" if commit == EMPTY_TREE else f"git-v1:{commit}".encode()


def compare(base: Path, codebase: str, pairs: list[Pair]) -> None:
    manager = LocalGitVcsManager(str(base))
    for old, new in pairs:
        diff = manager.get_diff(codebase, revision(old), revision(new))
        assert diff == git(base / codebase, "diff", old, new), (old, new)
        apply(base, codebase, diff, old, new)
        assert_parts(base / codebase, diff, old, new)
        assert_revisions(base / codebase, manager, old, new)


def apply(base: Path, codebase: str, diff: bytes, old: str, new: str) -> None:
    """The diff makes the new tree of the old one, in an index.

    It does not have the content of binary files: these go before, and come after as they are.
    """
    repository, index = base / codebase, base / "index"
    index.unlink(missing_ok=True)
    git(repository, "read-tree", old, index=index)
    binary, rest = without_binary(diff)
    gone = [b"0 %b\t%b\0" % (b"0" * 40, file.old_path) for file in binary if file.old_path]
    git(repository, "update-index", "-z", "--index-info", told=b"".join(gone), index=index)
    if rest:
        git(repository, "apply", "--cached", "--whitespace=nowarn", told=rest, index=index)
    entries = dict(tree_of(repository, new))
    paths = [file.new_path for file in binary if file.new_path]
    came = [b"%b\t%b\0" % (entries[path], path) for path in paths]
    git(repository, "update-index", "-z", "--index-info", told=b"".join(came), index=index)
    made = git(repository, "write-tree", index=index)
    assert made == git(repository, "rev-parse", f"{new}^{{tree}}"), (old, new)


def without_binary(diff: bytes) -> tuple[list[ChangedFile], bytes]:
    """The binary files of a diff, and the diff of all others."""
    begins = b"diff --git "
    parts = [begins + part for part in (b"\n" + diff).split(b"\n" + begins)[1:]]
    files = list(StructuredDiff([diff]))
    assert len(parts) == len(files)
    both = list(zip(files, parts, strict=True))
    rest = b"".join(part.removesuffix(b"\n") + b"\n" for file, part in both if not file.binary)
    return [file for file, _ in both if file.binary], rest


def tree_of(repository: Path, commit: str) -> list[tuple[bytes, bytes]]:
    lines = git(repository, "ls-tree", "-r", "-z", commit).split(b"\0")[:-1]
    return [(path, entry) for entry, _, path in (line.partition(b"\t") for line in lines)]


def assert_parts(repository: Path, diff: bytes, old: str, new: str) -> None:
    """The structured diff has the files and counts that Git tells for machines."""
    structured = StructuredDiff([diff])
    files = [(file.status, file.old_path, file.new_path) for file in structured]
    told = git(repository, "diff", "--name-status", "-z", old, new).split(b"\0")[:-1]
    expected, types_changed = [], False
    words = iter(told)
    for word in words:
        letter, path = word.decode()[0], next(words)
        if letter == "T":  # a file became a link, say; in a diff the one goes and the other comes
            types_changed = True
            expected += [("removed", path, None), ("added", None, path)]
        else:
            after = next(words) if letter == "R" else path
            sides = (None if letter == "A" else path, None if letter == "D" else after)
            expected.append((LETTERS[letter], *sides))
    assert files == expected
    if not types_changed:  # which --numstat counts in another way
        numbers = git(repository, "diff", "--numstat", old, new).split(b"\n")[:-1]
        texts = [line.split(b"\t")[:2] for line in numbers if not line.startswith(b"-\t")]
        insertions, deletions = (sum(int(line[side]) for line in texts) for side in (0, 1))
        assert (structured.counts.insertions, structured.counts.deletions) == (
            insertions,
            deletions,
        )


def assert_revisions(repository: Path, manager: LocalGitVcsManager, old: str, new: str) -> None:
    """Revision info is what ``git log`` says, in its order."""
    infos = manager.get_revision_info(repository.name, revision(old), revision(new))
    if new == EMPTY_TREE:
        assert infos == []
        return
    known = [] if old == EMPTY_TREE else [f"^{old}"]
    told = git(repository, "log", "-z", "--format=%H%n%B", new, *known).split(b"\0")
    said = [entry.partition(b"\n") for entry in told if entry]
    assert [(info.commit_id, info.message) for info in infos] == [
        (sha, message.decode()) for sha, _, message in said
    ], (old, new)


def own_history(base: Path) -> list[str]:
    """The project's commits, the oldest first; none where it is no checkout."""
    if not (ROOT / ".git").exists():
        return []
    own = [
        "git",
        "-c",
        "safe.directory=*",
        "clone",
        "--quiet",
        "--bare",
        str(ROOT),
        str(base / "own"),
    ]
    subprocess.run(own, check=True)
    return git(base / "own", "rev-list", "--reverse", "HEAD").decode().split()


def some(commits: list[str], number: int) -> list[Pair]:
    """Neighbours, what is further apart, and the way back."""
    pairs = list(itertools.pairwise(commits))
    pairs += zip(commits, commits[7:], strict=False)
    pairs += [(new, old) for old, new in itertools.pairwise(commits)]
    return pairs[:: max(1, len(pairs) // number)][:number]


def test_of_the_projects_own_history(tmp_path: Path) -> None:
    commits = own_history(tmp_path)
    if len(commits) < 2:
        pytest.skip("no checkout with a history")
    pairs = some(commits, PAIRS // 2)
    compare(tmp_path, "own", [*pairs, (EMPTY_TREE, commits[0])])


def test_of_a_history_with_all_that_a_diff_can_meet(tmp_path: Path) -> None:
    commits = write(tmp_path / "odd", OddHistory().stream(max(40, PAIRS // 3)))
    merges = git(tmp_path / "odd", "rev-list", "--merges", "--parents", "main").decode()
    of_merges = [(second, merge) for merge, _, second in map(str.split, merges.splitlines())]
    ends = [(EMPTY_TREE, commits[-1]), (commits[-1], EMPTY_TREE)]
    assert of_merges
    pairs = some(commits, PAIRS - PAIRS // 2)
    compare(tmp_path, "odd", [*pairs, *of_merges[: PAIRS // 10], *ends])


def tangled(repository: Path, dice: random.Random, wrong_by: int) -> list[str]:
    """Sixty commits with one to three parents each, some with a date that is wrong by so much."""
    stream = []
    for mark in range(1, 61):
        before = range(max(1, mark - 6), mark)
        parents = dice.sample(before, k=min(mark - 1, dice.choice((1, 1, 2, 3))))
        words = (b"from", b"merge", b"merge")
        lines = (b"%b :%d\n" % each for each in zip(words, parents, strict=False))
        date = 1_700_000_000 + 60 * mark + dice.choice((0, 0, -1, 1)) * wrong_by
        stream.append(
            b"commit refs/heads/main\nmark :%d\ncommitter Ada <ada@example.com> %d +0100\n"
            b"data 2\nx\n%b\n" % (mark, date, b"".join(lines))
        )
    return write(repository, [*stream, b"done\n"])


@pytest.mark.parametrize("most_read", [10, git_walk.MOST_READ])  # then it is left to git log
def test_revisions_of_a_tangled_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_read: int
) -> None:
    monkeypatch.setattr(git_walk, "MOST_READ", most_read)
    dice = random.Random(1)
    commits = tangled(tmp_path / "tangled", dice, wrong_by=0)
    manager = LocalGitVcsManager(str(tmp_path))
    for _ in range(PAIRS):
        assert_revisions(tmp_path / "tangled", manager, *dice.sample(commits, k=2))


def test_with_wrong_dates_no_revision_is_left_out(tmp_path: Path) -> None:
    """Git and we go by dates; what is told too much then is not always the same."""
    dice = random.Random(1)
    commits = tangled(tmp_path / "tangled", dice, wrong_by=2400)
    lines = git(tmp_path / "tangled", "rev-list", "--parents", "main").decode().splitlines()
    parents = {commit: rest for commit, *rest in map(str.split, lines)}

    def ancestors(commit: str) -> set[str]:
        found: set[str] = set()
        ahead = [commit]
        while ahead:
            each = ahead.pop()
            if each not in found:
                found.add(each)
                ahead += parents[each]
        return found

    manager = LocalGitVcsManager(str(tmp_path))
    for _ in range(3 * PAIRS):
        old, new = dice.sample(commits, k=2)
        infos = manager.get_revision_info("tangled", revision(old), revision(new))
        told = {info.commit_id.decode() for info in infos if info.commit_id}
        assert ancestors(new) - ancestors(old) <= told <= ancestors(new)


def test_beyond_the_limit_of_renames(tmp_path: Path) -> None:
    """More than ``diff.renameLimit``: Git does not look for what is only similar any more."""
    old, new = write(tmp_path / "bulk", [renamed_in_bulk(1010)])
    manager = LocalGitVcsManager(str(tmp_path))
    diff = manager.get_diff("bulk", revision(old), revision(new))
    assert diff == git(tmp_path / "bulk", "diff", old, new)
    assert b"rename from" not in diff
