"""Text from outside, on its way to a terminal."""

from __future__ import annotations

import re
import sys

from janitor.errors import Failure

_CONTROL = re.compile(r"[^\S\n\t ]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BREAK = re.compile(rf"{_CONTROL.pattern}|\n")
_LONGEST = 1000  # characters of a sentence
_KEPT = _LONGEST // 2 - 2


class NowhereToPrint(Failure):
    """Standard output is closed."""


def shows_to_people() -> bool:
    """Return whether what is printed goes to a terminal.

    Raises:
        NowhereToPrint: it goes nowhere; whoever asked for it would take nothing for an answer.
    """
    if sys.stdout is None:
        raise NowhereToPrint(
            "standard output is closed, so there is nowhere to print to; leave it open, or send"
            " it to a file or /dev/null"
        )
    return sys.stdout.isatty()


def plain(text: str) -> str:
    """Return text from outside without what a terminal would obey."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def in_a_line(sentence: str) -> str:
    """Return a sentence as one line that a person can read, whatever was typed and is told there.

    What a terminal would obey is escaped, and of a very long one the middle is left out: what to
    do stands at the end.
    """
    said = _BREAK.sub(lambda found: ascii(found[0])[1:-1], sentence.rstrip())
    return said if len(said) <= _LONGEST else f"{said[:_KEPT]} … {said[-_KEPT:]}"
