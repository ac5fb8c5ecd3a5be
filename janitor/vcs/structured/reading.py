"""Reading a diff's text, of Git or of Bazaar, file by file as it comes.

The lengths in a hunk's first line say which lines are its own, so that no line of a file is taken
for the beginning of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from janitor.vcs.structured import bzr_head, git_head
from janitor.vcs.structured.lines import Lines
from janitor.vcs.structured.model import USUAL, ChangedFile, DiffCounts, Hunk, Limits, Truncated

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)", re.DOTALL)


class StructuredDiff:
    """The files of a diff; it can be gone through once.

    Args:
        pieces: the diff's text, as :meth:`~janitor.vcs.manager.VcsManager.stream_diff` yields it.
        limits: how much of it is read.
        with_lines: False is for counting: files have no hunks then, and need no memory.
    """

    def __init__(
        self, pieces: Iterable[bytes], limits: Limits = USUAL, *, with_lines: bool = True
    ) -> None:
        self._lines = Lines(pieces, limits)
        self._limits = limits
        self._with_lines = with_lines
        self._lines_left = limits.lines
        self._head_ended = False  # of the file that is being read
        self.counts = DiffCounts()
        """Of what was read so far."""
        self.truncated: Truncated | None = None
        """Which limit ended it; None while it goes on, and if it was read to its end."""

    def __iter__(self) -> Iterator[ChangedFile]:
        try:
            yield from self._counted(self._files())
            self.truncated = self.truncated or self._lines.truncated
        finally:  # also where nobody reads on
            self._lines.close()

    def _counted(self, files: Iterable[ChangedFile]) -> Iterator[ChangedFile]:
        for file in files:
            self.truncated = self.truncated or self._lines.truncated
            file.truncated = self.truncated is not None
            count = self.counts
            self.counts = DiffCounts(
                count.files + 1,
                count.insertions + file.insertions,
                count.deletions + file.deletions,
            )
            yield file

    def _files(self) -> Iterator[ChangedFile]:
        file: ChangedFile | None = None
        lines = iter(self._lines)
        begun = 0
        for line in lines:
            new = _begun(line)
            if new is not None:
                if file is not None:
                    yield file
                    file = None
                if begun == self._limits.files:
                    self.truncated = Truncated("files", begun)
                    return
                begun += 1
                file = new
                self._head_ended = False
            elif file is not None:
                self._take(file, line, lines)
                if self.truncated:
                    break
        # In half a head, a rename has one name and what was added has another.
        if file is not None and (self._head_ended or self._lines.truncated is None):
            yield file

    def _take(self, file: ChangedFile, line: bytes, lines: Iterator[bytes]) -> None:
        found = _HUNK.fullmatch(line)
        if found:
            self._head_ended = True
            self._read_hunk(file, _hunk(found), lines)
        elif line.startswith(b"\\") and file.hunks:
            file.hunks[-1].lines.append(line)
        elif line.startswith(bzr_head.BEGINS):
            bzr_head.take(file, line)
        elif not self._head_ended:
            git_head.take(file, line)
            self._head_ended = file.binary
        if not self._with_lines:
            file.hunks.clear()

    def _read_hunk(self, file: ChangedFile, hunk: Hunk, lines: Iterator[bytes]) -> None:
        file.hunks.append(hunk)
        old_left, new_left = hunk.old_lines, hunk.new_lines
        while old_left > 0 or new_left > 0:
            if self._lines_left == 0:
                self.truncated = Truncated("lines", self._limits.lines or 0)
                return
            line = next(lines, None)
            if line is None:
                return
            sign = line[:1]
            if sign == b"+":
                file.insertions += 1
                new_left -= 1
            elif sign == b"-":
                file.deletions += 1
                old_left -= 1
            elif sign != b"\\":  # that the line before has no end is of neither side
                old_left -= 1
                new_left -= 1
            if self._lines_left is not None:
                self._lines_left -= 1
            if self._with_lines:
                hunk.lines.append(line)


def _hunk(found: re.Match[bytes]) -> Hunk:
    # A length that is left out is 1.
    old, old_lines, new, new_lines = (int(number or 1) for number in found.groups()[:4])
    return Hunk(old, old_lines, new, new_lines, section=found[5])


def _begun(line: bytes) -> ChangedFile | None:
    if line.startswith(git_head.BEGINS):
        return git_head.begun(line)
    return bzr_head.begun(line) if line.startswith(bzr_head.BEGINS) else None
