"""Files repeat themselves: five hundred campaigns are a few shapes with other strings in them.

The text between the strings is a shape. The parser (:mod:`janitor.config.parser`) reads each
shape once, with a mark in the place of each string; what it returns is the mould from which
all pieces of that shape are cast. There is one grammar, the parser's, and this module knows
none of it but strings, comments and what is inside of a block.

Whatever a mould does not take, a mistake above all, is left to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from janitor.config.literals import BadLiteral, unescape
from janitor.config.message import M, Message
from janitor.config.parser import Parser
from janitor.config.tokens import IN_DOUBLE, IN_SINGLE, OURS

_MARK = "\0"
_COMMENT = "#"
# A gap and what ends it: the inside of a string in double quotes, or anything else that is
# no text between strings. A quote alone belongs to a string that is never closed.
_PIECE = re.compile(
    rf"""
    ([^"'\#]*+) (?: "({IN_DOUBLE})" | ( \{OURS} | \#[^\n]*+ | '{IN_SINGLE}' | ["'] ) )
    """,
    re.VERBOSE,
)
_BRACKETS = re.compile(r"[{<\[]|[}>\]]")

Cast = Callable[[list[str]], Any]
Mould = list[tuple[str, bool, Cast]]  # for each value of a piece: its field, repeated or not


class _NoMould(Exception):
    """The parser has to read the whole text."""


def cast(message: type[M], text: str) -> M | None:
    """Return the message that a text means, or None where the parser has to say.

    Args:
        message: what the text is.
        text: protobuf text format, in any state.
    """
    try:
        return _cast(message, text)
    except (_NoMould, BadLiteral, UnicodeError):
        return None


def _cast(message: type[M], text: str) -> M:
    """Cast piece after piece; a piece ends where no block is open."""
    given: dict[str, Any] = {}
    moulds: dict[tuple[str, ...], Mould] = {}
    ends: list[dict[str, tuple[int, int]]] = [{}]
    depth = 0
    shape: list[str] = []
    strings: list[str] = []
    for gap, string, other in _PIECE.findall(f"{text}\n{_COMMENT}"):
        known = ends[depth].get(gap)
        if known is None:
            known = ends[depth][gap] = _end(gap, depth)
            ends += [{} for _ in range(len(ends), known[1] + 1)]
        end, depth = known
        if end:
            shape.append(gap[:end])
            _pour(message, moulds, tuple(shape), strings, given)
            shape, strings = [gap[end:]], []
        else:
            shape.append(gap)
        if not other:
            strings.append(_value(string) if "\\" in string else string)
        elif other[0] == _COMMENT:
            shape.append(other if other == OURS else _COMMENT)
        else:
            strings.append(_value(_inside(other)))
    _pour(message, moulds, tuple(shape), strings, given)
    return message.made(
        {name: tuple(value) if type(value) is list else value for name, value in given.items()}
    )


def _pour(
    message: type[Message],
    moulds: dict[tuple[str, ...], Mould],
    shape: tuple[str, ...],
    strings: list[str],
    given: dict[str, Any],
) -> None:
    mould = moulds.get(shape)
    if mould is None:
        mould = moulds[shape] = _mould(message, shape)
    for name, repeated, make in mould:
        if repeated:
            given.setdefault(name, []).append(make(strings))
        elif name in given:
            raise _NoMould
        else:
            given[name] = make(strings)


def _end(gap: str, depth: int) -> tuple[int, int]:
    """Return where in a gap the last block is closed (0: nowhere), and how deep it leaves us."""
    end = 0
    for bracket in _BRACKETS.finditer(gap):
        depth += 1 if bracket[0] in "{<[" else -1
        if depth < 0:
            raise _NoMould
        if depth == 0:
            end = bracket.end()
    return end, depth


def _inside(string: str) -> str:
    if len(string) == 1:
        raise _NoMould
    return string[1:-1]


def _value(inside: str) -> str:
    # Nearly all escapes are these two. If a backslash is left, it was another one, or two.
    usual = inside.replace('\\"', '"').replace("\\n", "\n")
    return unescape(inside).decode() if "\\" in usual else usual


def _mould(message: type[Message], shape: tuple[str, ...]) -> Mould:
    """Let the parser read a shape with marks for strings."""
    pieces = []
    count = 0
    for at, gap in enumerate(shape):
        pieces.append(f"{gap}\n" if gap == _COMMENT else gap)
        if at + 1 < len(shape) and _COMMENT not in {gap[:1], shape[at + 1][:1]}:
            pieces.append(f'"{_MARK}{count}"')
            count += 1
    parser = Parser("".join(pieces), "")
    model = parser.read(message)
    if parser.mistakes:
        raise _NoMould
    return [
        (name, message.FIELDS[name].repeated, _part(element))
        for name, value in vars(model).items()
        for element in (value if message.FIELDS[name].repeated else (value,))
    ]


def _part(value: object) -> Cast:
    if isinstance(value, Message):
        return _message(value)
    if isinstance(value, str):
        numbers = [int(number) for number in value.split(_MARK)[1:]]
        if len(numbers) == 1:
            return itemgetter(*numbers)
        return lambda given: "".join([given[number] for number in numbers])
    if isinstance(value, tuple):
        parts = [_part(element) for element in value]
        return lambda given: tuple([part(given) for part in parts])
    return lambda _: value


def _message(model: Message) -> Cast:
    constants: dict[str, Any] = {}
    strings: list[tuple[str, int]] = []
    parts: list[tuple[str, Cast]] = []
    for name, value in vars(model).items():
        if isinstance(value, str) and value.count(_MARK) == 1:
            strings.append((name, int(value[1:])))
        elif isinstance(value, str | tuple | Message):
            parts.append((name, _part(value)))
        else:
            constants[name] = value
    made = type(model).made

    def make(given: list[str]) -> Message:
        values = constants.copy()
        for name, number in strings:
            values[name] = given[number]
        for name, part in parts:
            values[name] = part(given)
        return made(values)

    return make
