"""What is wrong with a configuration, told all at once and with each place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from janitor.errors import Failure


class ConfigError(Failure):
    """A configuration that cannot be used; its text has one line for each mistake."""


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing that is wrong with a text.

    Args:
        offset: where, in characters from the beginning of the text.
        sentence: what is wrong and what is expected; never the value of a string, which
            may be a secret.
    """

    offset: int
    sentence: str


def place(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column (both from 1, in characters) of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def error_of(name: str, text: str, mistakes: Iterable[Mistake]) -> ConfigError:
    """Return the error that tells all mistakes of a text, in its order.

    Args:
        name: what to call the text: a file's name.
        text: what was read.
        mistakes: at least one.
    """
    lines = []
    for mistake in sorted(mistakes):
        line, column = place(text, mistake.offset)
        lines.append(f"{name}:{line}:{column}: {mistake.sentence}")
    return ConfigError("\n".join(lines))
