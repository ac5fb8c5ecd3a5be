"""What makes a message of a piece of a file: cast as often as the file repeats itself.

:mod:`janitor.config.casting` cuts files into pieces. A mould is made by the parser
(:mod:`janitor.config.parser`), which reads a piece with a mark in the place of each string.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from janitor.config.message import Message
from janitor.config.parser import Parser
from janitor.config.tokens import IN_DOUBLE, OURS

COMMENT = "#"  # stands in a shape for any comment
_MARK = "\0"

Cast = Callable[[Sequence[str]], Any]


class NoMould(Exception):
    """The parser has to read the whole text."""


class Mould:
    """What makes values of the strings of a piece.

    Args:
        message: what pieces of this shape say something about.
        shape: gaps, comments and our marks; a string is between two gaps.
    """

    def __init__(self, message: type[Message], shape: tuple[str, ...]) -> None:
        self.uses = 0
        self._pieces = _with_strings(shape)
        self.values = _values_of(message, self._pieces)

    def pattern(self) -> re.Pattern[str]:
        """Return what finds a piece of this shape, and its strings, at once."""
        return re.compile(
            "".join(
                f'"({IN_DOUBLE})"'
                if piece is None
                else rf"#(?!{OURS[1:]})[^\n]*+"
                if piece == COMMENT
                else re.escape(piece)
                for piece in self._pieces
            )
        )


def _with_strings(shape: tuple[str, ...]) -> list[str | None]:
    """Return the pieces of a shape, None for each string."""
    pieces: list[str | None] = []
    for at, gap in enumerate(shape):
        pieces.append(gap)
        if at + 1 < len(shape) and COMMENT not in {gap[:1], shape[at + 1][:1]}:
            pieces.append(None)
    return pieces


def _values_of(message: type[Message], pieces: list[str | None]) -> list[tuple[str, bool, Cast]]:
    """Let the parser read a shape; return field, repeated or not, and maker of each value."""
    count = iter(range(len(pieces)))
    text = "".join(
        f'"{_MARK}{next(count)}"' if piece is None else f"{piece}\n" if piece == COMMENT else piece
        for piece in pieces
    )
    parser = Parser(text, "")
    model = parser.read(message)
    if parser.mistakes:
        raise NoMould
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

    def make(given: Sequence[str]) -> Message:
        values = constants.copy()
        for name, number in strings:
            values[name] = given[number]
        for name, part in parts:
            values[name] = part(given)
        return made(values)

    return make
