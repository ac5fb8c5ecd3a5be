"""Files repeat themselves: five hundred campaigns are a few shapes with other strings in them.

The text between the strings is a shape. The parser reads each shape once and makes a mould
of it (:mod:`janitor.config.moulds`), from which all pieces of that shape are cast. There is
one grammar, the parser's; this module knows none of it but strings, comments and what is
inside of a block.

Whatever a mould does not take, a mistake above all, is left to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Generic

from janitor.config.literals import BadLiteral, unescape
from janitor.config.message import M
from janitor.config.moulds import COMMENT, Mould, NoMould
from janitor.config.tokens import IN_DOUBLE, IN_SINGLE, OURS

# A gap and what ends it: the inside of a string in double quotes, or anything else that is
# no text between strings. A quote alone belongs to a string that is never closed.
_PIECE = re.compile(rf"""([^"'\#]*+)(?:"({IN_DOUBLE})"|({OURS}|#[^\n]*+|'{IN_SINGLE}'|["']))""")
_BRACKETS = re.compile(r"[{<\[]|[}>\]]")
# So many pieces of a shape pay for a pattern of their own, which takes a millisecond to make;
# each piece tries the patterns that there are, so that there must be few.
_MANY = 8
_MOST_PATTERNS = 4


def cast(message: type[M], text: str) -> M | None:
    """Return the message that a text means, or None where the parser has to say.

    Args:
        message: what the text is.
        text: protobuf text format, in any state.
    """
    try:
        return _Caster(message, f"{text}\n{COMMENT}").cast()
    except (NoMould, BadLiteral, UnicodeError):
        return None


class _Caster(Generic[M]):
    """Casts a text piece after piece; a piece ends where no block is open."""

    def __init__(self, message: type[M], text: str) -> None:
        self._message = message
        self._text = text
        self._given: dict[str, Any] = {}
        self._moulds: dict[tuple[str, ...], Mould] = {}
        self._usual: list[tuple[re.Pattern[str], Mould]] = []

    def cast(self) -> M:
        """Return the message."""
        at = 0
        text = self._text
        while at < len(text):
            for pattern, mould in self._usual:
                found = pattern.match(text, at)
                if found is not None:
                    at = found.end()
                    strings = found.groups()
                    if "\\" in found[0]:
                        strings = tuple(map(_value, strings))
                    self._pour(mould, strings)
                    break
            else:
                at = self._unusual(at)
        return self._message.made(
            {name: tuple(got) if type(got) is list else got for name, got in self._given.items()}
        )

    def _unusual(self, at: int) -> int:
        """Cast the piece that begins somewhere, gap after gap; return where it ends."""
        shape: list[str] = []
        strings: list[str] = []
        depth = 0
        for found in _PIECE.finditer(self._text, at):
            gap, string, other = found.groups()
            end, depth = _end(gap, depth)
            if end:
                shape.append(gap[:end])
                self._cast_as(tuple(shape), strings)
                return found.start() + end
            shape.append(gap)
            if string is not None:
                strings.append(_value(string))
            elif other[0] == COMMENT:
                shape.append(other if other == OURS else COMMENT)
            else:
                strings.append(_value(_inside(other)))
        self._cast_as(tuple(shape), strings)
        return len(self._text)

    def _cast_as(self, shape: tuple[str, ...], strings: list[str]) -> None:
        mould = self._moulds.get(shape)
        if mould is None:
            mould = self._moulds[shape] = Mould(self._message, shape)
        mould.uses += 1
        if mould.uses == _MANY and len(self._usual) < _MOST_PATTERNS:
            self._usual.append((mould.pattern(), mould))
        self._pour(mould, strings)

    def _pour(self, mould: Mould, strings: Sequence[str]) -> None:
        given = self._given
        for name, repeated, make in mould.values:
            if name not in given:
                given[name] = [make(strings)] if repeated else make(strings)
            elif repeated:
                given[name].append(make(strings))
            else:
                raise NoMould


def _end(gap: str, depth: int) -> tuple[int, int]:
    """Return where in a gap the last block is closed (0: nowhere), and how deep it leaves us."""
    end = 0
    for bracket in _BRACKETS.finditer(gap):
        depth += 1 if bracket[0] in "{<[" else -1
        if depth < 0:
            raise NoMould
        if depth == 0:
            end = bracket.end()
    return end, depth


def _inside(string: str) -> str:
    if len(string) == 1:
        raise NoMould
    return string[1:-1]


def _value(inside: str) -> str:
    if "\\" not in inside:
        return inside
    # Nearly all escapes are these two. If a backslash is left, it was another one, or two.
    usual = inside.replace('\\"', '"').replace("\\n", "\n")
    return unescape(inside).decode() if "\\" in usual else usual
