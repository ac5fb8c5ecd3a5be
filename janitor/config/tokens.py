"""The words, strings and marks of protobuf text format, with their places.

``#janitor:`` is a space to us and a comment to everybody else: what stands behind it is
for us alone, and other services can still read the file.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import NamedTuple


class Kind(enum.Enum):
    """What a token is."""

    WORD = "word"
    NUMBER = "number"
    STRING = "string"
    UNCLOSED = "unclosed"
    MARK = "mark"
    END = "end"


class Token(NamedTuple):
    """A piece of the text.

    Args:
        kind: what it is.
        text: as it stands in the file; a string with its quotes.
        offset: where it begins, in characters from the beginning of the text.
    """

    kind: Kind
    text: str
    offset: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + len(self.text)


OURS = "#janitor:"
IN_DOUBLE = r"""[^"\n\\]*+(?:\\.[^"\n\\]*+)*+"""  # quotes
IN_SINGLE = IN_DOUBLE.replace('"', "'")

# Possessive throughout: reading is linear in whatever a file contains. Where a token ends
# is protobuf's rule, odd as it looks ("1.2.x-y" is one number, a wrong one).
_TOKEN = re.compile(
    rf"""
    \s*+ (?: \{OURS} \s*+ | \#[^\n]*+ \s*+ )*+
    (?:
        (?P<WORD>     [a-zA-Z_] [0-9a-zA-Z_+-]*+ )
      | (?P<NUMBER>   (?: [0-9+-] | \.[0-9] ) [0-9a-zA-Z_.+-]*+ )
      | (?P<STRING>   " {IN_DOUBLE} " | ' {IN_SINGLE} ' )
      | (?P<UNCLOSED> ["'] [^\n]*+ )
      | (?P<MARK>     . )
      | (?P<END>      \Z )
    )
    """,
    re.VERBOSE,
)
_KINDS = {number: Kind[name] for name, number in _TOKEN.groupindex.items()}


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a text without spaces and comments; the last is its end."""
    for match in _TOKEN.finditer(text):
        group = match.lastindex or 0
        kind = _KINDS[group]
        yield Token(kind, match[group], match.start(group))
        if kind is Kind.END:
            return
