"""The sections of a log of sbuild, as the searches of ``buildlog-consultant`` ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SUMMARY = "summary"
BUILD = "build"

_RULE = re.compile(r"\+[-=]{78}\+\n")
_TITLE = re.compile(r"\| (.*?) *\|\n")
_STAGE = "Fail-Stage: "
_BUILD_ENDS = "Build finished at "
_UNDERLINE = "-" * 80 + "\n"


@dataclass(frozen=True)
class Section:
    """Part of a log.

    Args:
        title: in small letters; None before the first.
        lines: with their ends.
        offsets: how many lines of the log are before it, and up to its end.
    """

    title: str | None
    lines: list[str]
    offsets: tuple[int, int]


class Sections:
    """A log in sections; one that is no log of sbuild is a single one.

    Args:
        lines: of the log, with their ends.
        left_out: how many lines of the log came before them.
    """

    def __init__(self, lines: list[str], left_out: int = 0) -> None:
        self.sections = list(_split(lines, left_out))

    def get_section(self, title: str | None) -> Section | None:
        """Return the first section of that title."""
        return next((known for known in self.sections if known.title == title), None)

    def get_section_lines(self, title: str | None) -> list[str]:
        """Return its lines; none where there is no such section."""
        section = self.get_section(title)
        return section.lines if section else []

    @property
    def failed_stage(self) -> str | None:
        """The stage that failed, as the summary has it."""
        said = (line for line in self.get_section_lines(SUMMARY) if line.startswith(_STAGE))
        return next((line.removeprefix(_STAGE).strip() for line in said), None)


def _split(lines: list[str], left_out: int) -> Iterator[Section]:
    title: str | None = None
    begin = 0
    for number, line in enumerate(lines):
        head = _TITLE.fullmatch(line)
        if head and _RULE.fullmatch("".join(lines[number - 1 : number])):
            yield _section(title, lines[begin : number - 1], left_out + begin)
            title, begin = head[1].strip().casefold(), min(number + 2, len(lines))
    yield _section(title, lines[begin:], left_out + begin)


def _section(title: str | None, lines: list[str], before: int) -> Section:
    lines = _without_end(lines) if title == BUILD else lines
    return Section(title, lines, (before, before + len(lines)))


def _without_end(lines: list[str]) -> list[str]:
    """Leave out what sbuild says after a build; the library would cut off more."""
    for number in reversed(range(max(0, len(lines) - 50), len(lines))):
        if lines[number].startswith(_BUILD_ENDS):
            end = number - (lines[number - 1 : number] == [_UNDERLINE])
            return lines[:end]
    return lines
