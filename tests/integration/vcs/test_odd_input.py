"""What no person writes: it is answered, or cut off at a limit that is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.odd_history import write
from janitor.vcs import LocalGitVcsManager
from janitor.vcs.structured import UNLIMITED, DiffCounts, Limits, StructuredDiff, Truncated

if TYPE_CHECKING:
    from conftest import BzrStore, GitStore

NULL = b"null:"
COMMIT = b"commit refs/heads/main\ncommitter Ada <ada@example.com> 1 +0000\ndata 0\n"


def imported(base: Path, *lines: bytes) -> tuple[LocalGitVcsManager, bytes]:
    """A repository with one commit; its manager, and the revision id."""
    (commit,) = write(base / "hello", [b"blob\nmark :1\ndata 2\nx\n", COMMIT, *lines, b"\ndone\n"])
    return LocalGitVcsManager(str(base)), f"git-v1:{commit}".encode()


def test_a_hundred_thousand_files(tmp_path: Path) -> None:
    files = (b"M 100644 :1 d%d/f%d\n" % (number % 100, number) for number in range(100_000))
    manager, revision = imported(tmp_path, *files)
    some = StructuredDiff(manager.stream_diff("hello", NULL, revision), Limits(files=5000))
    assert sum(1 for _ in some) == 5000
    assert some.truncated == Truncated("files", 5000)
    short = StructuredDiff(manager.stream_diff("hello", NULL, revision), Limits(bytes=1_000_000))
    assert 5000 < sum(1 for _ in short) < 10_000
    assert short.truncated == Truncated("bytes", 1_000_000)
    everything = StructuredDiff(manager.stream_diff("hello", NULL, revision), UNLIMITED)
    assert sum(1 for _ in everything) == 100_000
    assert everything.counts == DiffCounts(100_000, 100_000, 0)


def test_a_deep_tree(tmp_path: Path) -> None:
    path = b"/".join([b"deep"] * 700)
    manager, revision = imported(tmp_path, b"M 100644 :1 %b\n" % path)
    (file,) = StructuredDiff(manager.stream_diff("hello", NULL, revision))
    assert file.new_path == path


@pytest.mark.parametrize("kind", ["git", "bzr"])
def test_a_line_of_five_megabytes(kind: str, request: pytest.FixtureRequest) -> None:
    store: GitStore | BzrStore = request.getfixturevalue(f"{kind}_store")
    name: Any = b"a.min.js" if kind == "git" else "a.min.js"
    line = b"var a = 1;" * 500_000
    old, new = store.commit({name: line}), store.commit({name: b"x" + line})

    def read(limits: Limits) -> StructuredDiff:
        return StructuredDiff(store.manager.stream_diff("hello", old, new), limits)

    whole = read(Limits())
    (file,) = whole
    assert [len(each) for each in file.hunks[0].lines if each[:1] != b"\\"] == [
        5_000_001,
        5_000_002,
    ]
    assert (whole.truncated, file.truncated) == (None, False)
    cut = read(Limits(bytes=6_000_000))
    (file,) = cut
    assert cut.truncated == Truncated("bytes", 6_000_000)
    assert file.truncated
    assert [each[:1] for each in file.hunks[0].lines if each[:1] != b"\\"] == [b"-"]


@pytest.mark.parametrize("kind", ["git", "bzr"])
def test_bytes_that_are_no_text_stay_as_they_are(kind: str, request: pytest.FixtureRequest) -> None:
    store: GitStore | BzrStore = request.getfixturevalue(f"{kind}_store")
    name: Any = b"a" if kind == "git" else "a"
    odd = b"\xff\xfe latin \xe9 \r \x0c \x85 \xe2\x80\xa8 end\n"
    old, new = store.commit({name: odd}), store.commit({name: odd * 2})
    (file,) = StructuredDiff(store.manager.stream_diff("hello", old, new))
    assert file.hunks[0].lines == [b" " + odd[:-1], b"+" + odd[:-1]]
