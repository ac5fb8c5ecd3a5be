"""What is wrong with a configuration, told all at once and with each place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from janitor.errors import LongFailure

MOST_TOLD = 100  # of one text; whoever has more has no janitor.conf
LONGEST_SHOWN = 60  # characters of a wrong name


class ConfigError(LongFailure):
    """A configuration that cannot be used; its text has one line for each mistake."""


class Lines:
    """The lines of a text: any place in it is found without another walk through it.

    Args:
        text: what was read.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _begins(self) -> list[int]:
        return [0, *(end.end() for end in re.finditer("\n", self._text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and column (both from 1, in characters) of an offset."""
        line = bisect_right(self._begins, offset)
        return line, offset - self._begins[line - 1] + 1

    def begin(self, offset: int) -> int:
        """Return where the line of an offset begins."""
        return self._begins[bisect_right(self._begins, offset) - 1]

    def end(self, offset: int) -> int:
        """Return where the line of an offset ends: at its newline, or behind the text."""
        line = bisect_right(self._begins, offset)
        return self._begins[line] - 1 if line < len(self._begins) else len(self._text)


class Mistakes:
    """What is wrong with one text.

    Args:
        name: what to call the text: a file's name.
        lines: the text's.
    """

    def __init__(self, name: str, lines: Lines) -> None:
        self._name = name
        self._lines = lines
        self._found: list[tuple[int, str]] = []

    def add(self, offset: int, sentence: str) -> None:
        """Note a mistake.

        Args:
            offset: where, in characters from the beginning of the text.
            sentence: what is wrong and what is expected; never the value of a string, which
                may be a secret.
        """
        self._found.append((offset, sentence))

    def __len__(self) -> int:
        return len(self._found)

    def at(self, offset: int) -> str:
        """Return a place as people write it: ``FILE:LINE:COLUMN``."""
        line, column = self._lines.place(offset)
        return f"{self._name}:{line}:{column}"

    def told(self) -> Iterator[str]:
        """Yield a line for each mistake, in the order of the text."""
        for offset, sentence in sorted(self._found):
            yield f"{self.at(offset)}: {sentence}"
        if len(self) >= MOST_TOLD:
            yield f"{self._name}: there may be more; reading ended at {MOST_TOLD} mistakes"


def nearest(name: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return the question for what was meant, with a space behind it; empty without a guess.

    Args:
        name: what was said.
        known: what can be said.
        likeness: how much alike they must be, from 0 to 1.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - most files have no mistakes

    close = (
        get_close_matches(name, list(known), n=1, cutoff=likeness)
        if len(name) <= LONGEST_SHOWN
        else []
    )
    return f"did you mean {close[0]}? " if close else ""


def shown(name: str) -> str:
    """Return a name in quotes; a very long one is cut."""
    return repr(name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}…")


def refuse(told: Sequence[str]) -> None:
    """Raise what was told, if anything was.

    Raises:
        ConfigError: there is something wrong.
    """
    if told:
        raise ConfigError("\n".join(told))
