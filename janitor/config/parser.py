"""Protobuf text format to messages, with every mistake found in one reading.

After a mistake reading goes on at the next place that means something
(:mod:`janitor.config.cursor`). What a value is comes from :mod:`janitor.config.model`,
how it is spelt from :mod:`janitor.config.literals`. Files repeat themselves; the parser reads
what is new in them, and :mod:`janitor.config.casting` the rest.
"""

from __future__ import annotations

from typing import Any

from janitor.config.cursor import BLOCK_ENDS, CLOSER, Cursor
from janitor.config.literals import BadLiteral, literal, unescape
from janitor.config.message import Field, M, Message
from janitor.config.mistakes import MOST_TOLD, Lines, Mistakes, nearest, shown
from janitor.config.tokens import OURS, Kind, Token


class _WrongValue(Exception):
    """A value cannot be read; the cursor stands on what is wrong with it."""


class _Enough(Exception):
    """So many mistakes that nobody reads on, and so we don't either."""


class _Given:
    """What a message's text has given so far: values, where they are, and who gave them."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.places: dict[str, Any] = {}
        self.taken: dict[str, Token] = {}  # singular fields, and groups of them


class Parser:
    """Reads one text.

    Args:
        text: protobuf text format.
        name: what to call it in mistakes.
        traced: let each message know where its values come from.
    """

    def __init__(self, text: str, name: str, *, traced: bool = False) -> None:
        self._text = text
        self._lines = Lines(text)
        self._cursor = Cursor(text, self._lines)
        self._traced = traced
        self.mistakes = Mistakes(name, self._lines)

    def read(self, message: type[M]) -> M:
        """Return the message; it is not what was meant if there are :attr:`mistakes`."""
        try:
            return self._message(message, None)
        except _Enough:
            return message()

    def _message(self, schema: type[M], opener: Token | None) -> M:
        given = _Given()
        while self._goes_on(opener):
            name = self._cursor.token
            if name.kind is Kind.WORD:
                self._cursor.advance()
                self._field(schema, name, given)
            else:
                self._complain(name, f"expected the name of a field of {schema.__name__}")
                self._cursor.skip_line()
        for field, value in given.values.items():
            if type(value) is list:
                given.values[field] = tuple(value)
        return schema.made(given.values, given.places if self._traced else None)

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

    def _field(self, schema: type[Message], name: Token, given: _Given) -> None:
        known = schema.FIELDS.get(name.text)
        if known is None:
            self._complain(name, self._unknown(schema, name))
            self._cursor.skip_value()
        else:
            self._refuse_second(known, name, given)
            if known.ours:
                self._require_mark(name)
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
            given.places[known.name] = self._place()
            given.values[known.name] = self._value(known)
            return
        given.places.setdefault(known.name, [])
        given.values.setdefault(known.name, [])
        if is_list:
            self._list(known, given)
        else:
            self._element(known, given)

    def _element(self, known: Field, given: _Given) -> None:
        place = self._place()
        given.values[known.name].append(self._value(known))
        given.places[known.name].append(place)

    def _place(self) -> str:
        return self.mistakes.at(self._cursor.token.offset) if self._traced else ""

    def _list(self, known: Field, given: _Given) -> None:
        self._cursor.advance()
        if self._cursor.took("]"):
            return
        while True:
            try:
                self._element(known, given)
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
            value = literal(known.value, self._cursor.token.text)
        except BadLiteral as bad:
            raise _WrongValue(f"{known.name} {bad}") from None
        self._cursor.advance()
        return value

    def _block(self, known: Field) -> object:
        if self._cursor.token.text not in {"{", "<"}:
            raise _WrongValue(f"{known.name} takes a block: {known.name} {{ … }}")
        opener = self._cursor.advance()
        return self._message(known.value, opener)

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

    def _require_mark(self, name: Token) -> None:
        if self._text.find(OURS, self._lines.begin(name.offset), name.offset) < 0:
            sentence = f"other services refuse {name.text}; begin its line with {OURS}"
            self._complain(name, sentence)

    def _unknown(self, schema: type[Message], name: Token) -> str:
        if self._cursor.stuck_to_string(name):
            # Not quoted: it is the rest of a value, which may be a secret.
            return 'expected a space behind the string; a quote inside one is written \\"'
        hint = nearest(name.text, schema.FIELDS)
        known = ", ".join(name for name, field in schema.FIELDS.items() if not field.ours)
        return f"{schema.__name__} has no field {shown(name.text)}; {hint}known: {known}"

    def _line(self, token: Token) -> int:
        return self._lines.place(token.offset)[0]

    def _complain(self, token: Token, sentence: str) -> None:
        self.mistakes.add(token.offset, sentence)
        if len(self.mistakes) >= MOST_TOLD:
            raise _Enough
