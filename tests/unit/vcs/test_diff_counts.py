from __future__ import annotations

import pytest

from janitor.vcs.diff_counts import DiffCounts, count_changes

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
similarity index 100%
rename from two
rename to three
diff --git a/image b/image
Binary files a/image and b/image differ
"""

BZR = b"""\
=== modified file 'one'
--- old/one\t2024-01-01 00:00:00 +0000
+++ new/one\t2024-01-02 00:00:00 +0000
@@ -1,2 +1,2 @@
 kept
--- gone
+=== came

=== renamed file 'two' => 'three'
=== added directory 'd'
"""


@pytest.mark.parametrize(
    ("diff", "counts"),
    [
        (b"", DiffCounts(0, 0, 0)),
        (GIT, DiffCounts(files=3, insertions=3, deletions=2)),
        (BZR, DiffCounts(files=3, insertions=1, deletions=1)),
    ],
)
def test_what_a_diff_changes(diff: bytes, counts: DiffCounts) -> None:
    assert count_changes(diff) == counts
