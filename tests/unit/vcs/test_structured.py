from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from janitor.vcs.errors import DiffTimedOut
from janitor.vcs.structured import (
    UNLIMITED,
    ChangedFile,
    DiffCounts,
    Hunk,
    Limits,
    StructuredDiff,
    Truncated,
    as_json,
)
from janitor.vcs.structured.lines import lines_of

GIT = b"""\
diff --git a/one b/one
index 1..2 100644
--- a/one
+++ b/one
@@ -1,2 +1,3 @@
 kept
-gone
+came
+diff --git a/not b/a-file
@@ -10 +11 @@ def f():
-old
\\ No newline at end of file
+new
\\ No newline at end of file
diff --git a/two b/three
similarity index 90%
rename from two
rename to three
index 1..2
--- a/two
+++ b/three
@@ -0,0 +1 @@
+--- a/x
diff --git "a/caf\\351 \\"\\t" "b/caf\\351 \\"\\t"
new file mode 100755
index 0000000..1
Binary files /dev/null and "b/caf\\351 \\"\\t" differ
diff --git a/s b b/s b
deleted file mode 160000
index 1..0
--- a/s b\t
+++ /dev/null
@@ -1 +0,0 @@
-Subproject commit 1111111111111111111111111111111111111111
diff --git a/x b/x
old mode 100644
new mode 100755
"""

BZR = b"""\
=== modified file 'one' (properties changed: -x to +x)
--- old/one\t2024-01-01 00:00:00 +0000
+++ new/one\t2024-01-02 00:00:00 +0000
@@ -1,2 +1,2 @@
 kept
--- gone
+=== came

=== renamed file 'two' => 'it's'
=== added directory 'd'
=== removed file 'image'
Binary files old/image and new/image differ
=== modified symlink 'link'
=== target changed 'here' => 'there'
"""


def in_pieces(diff: bytes, size: int) -> Iterator[bytes]:
    return (diff[start : start + size] for start in range(0, len(diff), size))


def read(diff: bytes, limits: Limits = UNLIMITED) -> tuple[list[ChangedFile], Truncated | None]:
    structured = StructuredDiff([diff], limits)
    return list(structured), structured.truncated


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_diff_of_git(size: int) -> None:
    diff = StructuredDiff(in_pieces(GIT, size))
    one, renamed, image, submodule, mode = diff
    assert diff.truncated is None
    assert diff.counts == DiffCounts(files=5, insertions=4, deletions=3)
    assert (one.status, one.old_path, one.new_mode) == ("modified", b"one", "100644")
    assert one.hunks[0].lines[-1] == b"+diff --git a/not b/a-file"
    ends = b"\\ No newline at end of file"
    assert one.hunks[1] == Hunk(10, 1, 11, 1, b"def f():", [b"-old", ends, b"+new", ends])
    assert (renamed.status, renamed.similarity) == ("renamed", 90)
    assert (renamed.old_path, renamed.new_path) == (b"two", b"three")
    assert renamed.hunks[0].lines == [b"+--- a/x"]
    assert (image.status, image.binary, image.old_path) == ("added", True, None)
    assert (image.new_path, image.new_mode) == (b'caf\xe9 "\t', "100755")
    assert (submodule.status, submodule.kind) == ("removed", "submodule")
    assert (submodule.old_path, submodule.new_path) == (b"s b", None)
    assert (mode.old_mode, mode.new_mode, mode.hunks) == ("100644", "100755", [])


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_diff_of_bazaar(size: int) -> None:
    diff = StructuredDiff(in_pieces(BZR, size))
    one, renamed, directory, image, link = diff
    assert diff.counts == DiffCounts(files=5, insertions=2, deletions=2)
    assert (one.old_mode, one.new_mode) == ("100644", "100755")
    assert one.hunks == [Hunk(1, 2, 1, 2, b"", [b" kept", b"--- gone", b"+=== came"])]
    assert (renamed.status, renamed.old_path, renamed.new_path) == ("renamed", b"two", b"it's")
    assert (directory.status, directory.kind) == ("added", "directory")
    assert (image.status, image.binary, image.new_path) == ("removed", True, None)
    assert link.kind == "symlink"
    assert [line[:6] for line in link.hunks[0].lines] == [
        b"-here",
        b"\\ No n",
        b"+there",
        b"\\ No n",
    ]


def test_no_diff_has_no_files() -> None:
    assert read(b"") == ([], None)


@pytest.mark.parametrize(
    ("limits", "files", "lines"),
    [
        (Limits(files=2), 2, 7),
        (Limits(lines=3), 1, 3),
        (Limits(bytes=GIT.index(b"-Subproject") + 9), 4, 7),
        (Limits(bytes=100), 1, 3),
    ],
)
def test_a_limit_ends_it_and_is_named(limits: Limits, files: int, lines: int) -> None:
    found, truncated = read(GIT, limits)
    reached = {name: value for name, value in vars(limits).items() if value != vars(Limits())[name]}
    assert truncated is not None
    assert {truncated.limit: truncated.value} == reached
    signed = [line for file in found for hunk in file.hunks for line in hunk.lines if line[0] != 92]
    assert (len(found), len(signed)) == (files, lines)
    assert [file.truncated for file in found] == [False] * (files - 1) + ["files" not in reached]


def test_what_is_just_within_its_limits_is_whole() -> None:
    whole = Limits(bytes=len(GIT), files=5, lines=9)
    assert read(GIT, whole) == read(GIT)


def test_a_stream_that_takes_too_long_is_cut_off_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow() -> Iterator[bytes]:
        yield GIT[:200]
        clock.append(7.5)
        raise DiffTimedOut("late")

    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[-1])

    diff = StructuredDiff(slow(), Limits(seconds=7))
    (file,) = diff
    assert file.truncated
    assert diff.truncated == Truncated("seconds", 7)
    for patient in (UNLIMITED, Limits(seconds=60)):  # it is not ours that is over
        clock.append(0.0)
        with pytest.raises(DiffTimedOut):
            list(StructuredDiff(slow(), patient))


def test_time_is_looked_at_between_pieces() -> None:
    diff = StructuredDiff(in_pieces(GIT, 10), Limits(seconds=0))
    assert list(diff) == []
    assert diff.truncated == Truncated("seconds", 0)


def test_a_line_of_five_megabytes_is_no_file_in_memory_beyond_the_limit() -> None:
    diff = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+" + b"y" * 5_000_000 + b"\n"
    (file,), truncated = read(diff, Limits(bytes=1_000_000))
    assert truncated == Truncated("bytes", 1_000_000)
    assert (file.truncated, file.hunks[0].lines) == (True, [])
    (file,), truncated = read(diff)
    assert (len(file.hunks[0].lines[0]), truncated) == (5_000_001, None)


def test_a_hundred_thousand_files() -> None:
    one = b"diff --git a/%d b/%d\nold mode 100644\nnew mode 100755\n"
    numbers = iter(range(100_000))
    diff = StructuredDiff((one % (each, each) for each in numbers), Limits(files=1000))
    assert sum(1 for _ in diff) == 1000
    assert diff.truncated == Truncated("files", 1000)
    assert next(numbers) == 1001, "what nobody reads is not asked for"


@pytest.mark.parametrize("text", [GIT, BZR])
def test_what_is_counted_only_needs_no_hunks(text: bytes) -> None:
    diff, whole = StructuredDiff([text], with_lines=False), StructuredDiff([text])
    assert [file.hunks for file in diff] == [[]] * len(list(whole))
    assert diff.counts == whole.counts


@pytest.mark.parametrize("text", [GIT, BZR])
@pytest.mark.parametrize("with_lines", [True, False])
def test_what_is_cut_off_anywhere_tells_nothing_that_is_not_so(
    text: bytes, *, with_lines: bool
) -> None:
    def told(of: bytes, limits: Limits) -> list[tuple[object, ...]]:
        diff = StructuredDiff([of], limits, with_lines=with_lines)
        return [
            (each.status, each.old_path, each.new_path, each.kind, each.binary) for each in diff
        ]

    whole = told(text, UNLIMITED)
    for size in range(len(text)):
        found = told(text, Limits(bytes=size))
        assert found == whole[: len(found)], text[:size]


def test_a_stream_that_nobody_reads_on_is_closed() -> None:
    closed = []

    def stream() -> Iterator[bytes]:
        try:
            yield from in_pieces(GIT, 100)
        finally:
            closed.append(True)

    files = iter(StructuredDiff(stream()))
    next(files)
    files.close()  # type: ignore[attr-defined]  # as whoever goes out of a loop does
    assert closed


def test_the_lines_of_a_stream() -> None:
    for pieces in ([b"a\n\nb"], [b"a", b"\n", b"", b"\nb"], [b"a\n\n", b"b"]):
        assert list(lines_of(pieces)) == [b"a\n", b"\n", b"b"]
    assert list(lines_of([b"a\n"])) == [b"a\n"]
    assert list(lines_of([])) == []


def test_a_long_line_is_put_together_once() -> None:
    copied = []

    class Piece(bytes):
        def __radd__(self, other: bytes) -> bytes:
            copied.append(len(other))
            return bytes(other) + bytes(self)

    pieces = [Piece(b"x" * 1000) for _ in range(1000)]
    assert len(next(lines_of(pieces))) == 1_000_000
    assert sum(copied) == 0


def test_json() -> None:
    told = json.loads("".join(as_json(StructuredDiff([GIT]), {"vcs_type": "git"})))
    assert told["vcs_type"] == "git"
    assert told["counts"] == {"files": 5, "insertions": 4, "deletions": 3}
    assert told["truncated"] is None
    assert told["files"][1] == {
        "status": "renamed",
        "old_path": "two",
        "new_path": "three",
        "kind": "file",
        "old_mode": None,
        "new_mode": None,
        "similarity": 90,
        "binary": False,
        "insertions": 1,
        "deletions": 0,
        "hunks": [
            {
                "old_start": 0,
                "old_lines": 0,
                "new_start": 1,
                "new_lines": 1,
                "section": "",
                "lines": ["+--- a/x"],
            }
        ],
        "truncated": False,
    }
    assert told["files"][2]["new_path"] == 'caf\N{REPLACEMENT CHARACTER} "\t'
    assert told["files"][2]["new_path_base64"] == "Y2Fm6SAiCQ=="
    cut = json.loads("".join(as_json(StructuredDiff([GIT], Limits(files=1)), {})))
    assert cut["truncated"] == {"limit": "files", "value": 1}
