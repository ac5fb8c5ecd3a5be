"""Protobuf text format to messages, with every mistake found in one reading.

After a mistake reading goes on at the next place that means something
(:mod:`janitor.config.cursor`). What a value is comes from :mod:`janitor.config.schema`,
how it is spelt from :mod:`janitor.config.literals`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from difflib import get_close_matches

from janitor.config.cursor import BLOCK_ENDS, CLOSER, Cursor
from janitor.config.literals import BadLiteral, boolean, choice, int32, unescape
from janitor.config.mistakes import Mistake, place
from janitor.config.schema import Field, Schema, schema_of
from janitor.config.tokens import Kind, Token


class _WrongValue(Exception):
    """A value cannot be read; the cursor stands on what is wrong with it."""


@dataclass
class _Given:
    """What a message's text has given so far.

    Args:
        values: singular fields.
        lists: repeated fields.
        taken: who gave a singular field, or one of a group.
    """

    values: dict[str, object] = field(default_factory=dict)
    lists: dict[str, list[object]] = field(default_factory=dict)
    taken: dict[str, Token] = field(default_factory=dict)


class Parser:
    """Reads one text.

    Args:
        text: protobuf text format.
    """

    def __init__(self, text: str) -> None:
        self.mistakes: list[Mistake] = []
        self._text = text
        self._cursor = Cursor(text)

    def read(self, message: type) -> object:
        """Return the message; it means nothing if there are :attr:`mistakes`."""
        return self._message(schema_of(message), None)

    def _message(self, schema: Schema, opener: Token | None) -> object:
        given = _Given()
        while self._goes_on(opener):
            name = self._cursor.token
            if name.kind is Kind.WORD:
                self._cursor.advance()
                self._field(schema, name, given)
            else:
                self._complain(name, f"expected the name of a field of {schema.name}")
                self._cursor.skip_line()
        lists = {name: tuple(values) for name, values in given.lists.items()}
        return schema.make(**given.values, **lists)

    def _goes_on(self, opener: Token | None) -> bool:
        """Return whether a block has more fields; goes behind its end if not."""
        token = self._cursor.token
        if token.kind is Kind.END:
            if opener is not None:
                self._complain(opener, f"this '{opener.text}' is never closed")
            return False
        if token.text not in BLOCK_ENDS:
            return True
        self._cursor.advance()
        if opener is None:
            self._complain(token, f"this '{token.text}' closes nothing")
            return self._goes_on(opener)
        if token.text != CLOSER[opener.text]:
            closer, line = CLOSER[opener.text], self._line(opener)
            self._complain(token, f"expected '{closer}' for the '{opener.text}' of line {line}")
        return False

    def _field(self, schema: Schema, name: Token, given: _Given) -> None:
        known = schema.fields.get(name.text)
        if known is None:
            self._complain(name, self._unknown(schema, name))
            self._cursor.skip_value()
        else:
            self._refuse_second(known, name, given)
            try:
                self._values(known, given)
            except _WrongValue as wrong:
                self._complain(self._cursor.token, str(wrong))
                self._cursor.skip_line()
        if self._cursor.token.text in {",", ";"}:
            self._cursor.advance()

    def _values(self, known: Field, given: _Given) -> None:
        colon = self._cursor.took(":")
        if not (colon or known.is_message):
            raise _WrongValue(f"expected ':' behind {known.name}")
        is_list = self._cursor.token.text == "["
        if not known.repeated:
            if is_list:
                raise _WrongValue(f"{known.name} takes one value, no list")
            given.values[known.name] = self._value(known)
            return
        values = given.lists.setdefault(known.name, [])
        if is_list:
            self._list(known, values)
        else:
            values.append(self._value(known))

    def _list(self, known: Field, values: list[object]) -> None:
        self._cursor.advance()
        if self._cursor.took("]"):
            return
        while True:
            try:
                values.append(self._value(known))
            except _WrongValue as wrong:
                self._complain(self._cursor.token, str(wrong))
                self._cursor.skip_element()
            if self._cursor.took("]"):
                return
            if not self._cursor.took(","):
                raise _WrongValue(f"expected ',' or ']' in the list of {known.name}")

    def _value(self, known: Field) -> object:
        if known.is_message:
            return self._block(known)
        if known.value is str:
            return self._string(known)
        try:
            value = _literal(known.value, self._cursor.token.text)
        except BadLiteral as bad:
            raise _WrongValue(f"{known.name} {bad}") from None
        self._cursor.advance()
        return value

    def _block(self, known: Field) -> object:
        if self._cursor.token.text not in {"{", "<"}:
            raise _WrongValue(f"{known.name} takes a block: {known.name} {{ … }}")
        opener = self._cursor.advance()
        return self._message(schema_of(known.value), opener)

    def _string(self, known: Field) -> str:
        first = self._cursor.token
        if not self._cursor.at_string():
            raise _WrongValue(f"{known.name} takes a string in quotes")
        pieces = []
        while self._cursor.at_string():
            pieces.append(self._piece(known, self._cursor.token))
            self._cursor.advance()
        try:
            return b"".join(pieces).decode()
        except UnicodeDecodeError:
            self._complain(first, f"{known.name}: the escapes are not valid UTF-8")
            return ""

    def _piece(self, known: Field, token: Token) -> bytes:
        if token.kind is Kind.UNCLOSED:
            raise _WrongValue("this string is not closed on its line")
        try:
            return unescape(token.text[1:-1])
        except BadLiteral as bad:
            self._complain(token, f"{known.name}: {bad}")
            return b""

    def _refuse_second(self, known: Field, name: Token, given: _Given) -> None:
        if known.repeated:
            return
        first = given.taken.setdefault(known.one_of or known.name, name)
        if first is name:
            return
        if first.text == name.text:
            sentence = f"{known.name} is given twice, first in line {self._line(first)}"
        else:
            sentence = (
                f"{known.name} cannot be given beside {first.text} (line {self._line(first)}):"
                f" each is a {known.one_of}"
            )
        self._complain(name, sentence)

    def _unknown(self, schema: Schema, name: Token) -> str:
        if self._cursor.stuck_to_string(name):
            # Not quoted: it is the rest of a value, which may be a secret.
            return 'expected a space behind the string; a quote inside one is written \\"'
        close = get_close_matches(name.text, schema.fields, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        return f"{schema.name} has no field {name.text!r}; {hint}known: {', '.join(schema.fields)}"

    def _line(self, token: Token) -> int:
        return place(self._text, token.offset)[0]

    def _complain(self, token: Token, sentence: str) -> None:
        self.mistakes.append(Mistake(token.offset, sentence))


def _literal(kind: type, spelling: str) -> object:
    if kind is bool:
        return boolean(spelling)
    if issubclass(kind, enum.IntEnum):
        return choice(spelling, kind)
    return int32(spelling)
