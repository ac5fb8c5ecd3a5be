"""The parts of a diff, and how much of one is read."""

from __future__ import annotations

from dataclasses import dataclass, field

SYMLINK, SUBMODULE = "120000", "160000"  # modes, as Git writes them


@dataclass(frozen=True)
class Limits:
    """How much of a diff is read; None is any amount.

    Args:
        bytes: of its text.
        files: that it changes.
        lines: within hunks, those around a change too.
        seconds: from the first question to the last line.
    """

    bytes: int | None = 16 * 1024 * 1024
    files: int | None = 10_000
    lines: int | None = 200_000
    seconds: float | None = 60.0


USUAL = Limits()
UNLIMITED = Limits(None, None, None, None)


@dataclass(frozen=True)
class Truncated:
    """Why a diff ends before its end.

    Args:
        limit: the name of a field of :class:`Limits`.
        value: what it was.
    """

    limit: str
    value: float


@dataclass(frozen=True)
class DiffCounts:
    """The size of a change."""

    files: int = 0
    insertions: int = 0
    deletions: int = 0


@dataclass
class Hunk:
    """Lines that changed, and those around them.

    Args:
        old_start: the first line in the old file, from 1; 0 where there is no line.
        old_lines: how many of the old file.
        new_start: the first line in the new file.
        new_lines: how many of the new file.
        section: what Git says where it is, such as a function's first line.
        lines: each with its sign (space, ``-``, ``+``) and without its end; one that begins with a
            backslash says that the line before has no end.
    """

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    section: bytes = b""
    lines: list[bytes] = field(default_factory=list)


@dataclass
class ChangedFile:
    """One file of a diff, or one symbolic link, submodule or directory.

    Args:
        status: ``added``, ``removed``, ``modified``, ``renamed`` or ``copied``.
        old_path: None if it was added.
        new_path: None if it was removed.
        kind: ``file``, ``symlink``, ``submodule`` or ``directory``; ``file`` where Git does not
            say, of what was only renamed.
        old_mode: octal; None where the diff does not say.
        new_mode: likewise.
        similarity: percent, of what Git found to be renamed or copied.
        binary: its content is not shown.
        hunks: what changed in it; a link's target and a submodule's commit are a line each.
        insertions: lines that came.
        deletions: lines that went.
        truncated: it goes on, beyond a limit.
    """

    status: str = "modified"
    old_path: bytes | None = None
    new_path: bytes | None = None
    kind: str = "file"
    old_mode: str | None = None
    new_mode: str | None = None
    similarity: int | None = None
    binary: bool = False
    hunks: list[Hunk] = field(default_factory=list)
    insertions: int = 0
    deletions: int = 0
    truncated: bool = False
