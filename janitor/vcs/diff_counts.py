"""How much a diff changes: files, lines that came, lines that went."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_FILE = (b"diff --git ", b"=== ")  # how Git and Bazaar begin a file


@dataclass(frozen=True)
class DiffCounts:
    """The size of a change."""

    files: int
    insertions: int
    deletions: int


def count_changes(diff: bytes) -> DiffCounts:
    """Count what a diff of Git or Bazaar changes.

    The lengths in a hunk's header say which lines are its own, so that no line of a file is
    taken for the beginning of another.
    """
    files = insertions = deletions = 0
    old_left = new_left = 0
    for line in io.BytesIO(diff):
        if old_left > 0 or new_left > 0:
            sign = line[:1]
            if sign == b"+":
                insertions += 1
                new_left -= 1
            elif sign == b"-":
                deletions += 1
                old_left -= 1
            elif sign != b"\\":  # "\ No newline at end of file" belongs to neither side
                old_left -= 1
                new_left -= 1
        elif hunk := _HUNK.match(line):
            old_left, new_left = (1 if length is None else int(length) for length in hunk.groups())
        elif line.startswith(_FILE):
            files += 1
    return DiffCounts(files, insertions, deletions)
