"""A place among the tokens of a text, and the ways to move on from there.

What the ``skip_`` methods pass over is wrong, or part of something wrong that was
complained about; they stop where the text means something again.
"""

from __future__ import annotations

from janitor.config.mistakes import Lines
from janitor.config.tokens import Kind, Token, tokens

CLOSER = {"{": "}", "<": ">", "[": "]"}
BLOCK_ENDS = frozenset({"}", ">"})
_STEP = dict.fromkeys(CLOSER, 1) | dict.fromkeys(CLOSER.values(), -1)
_ELEMENT_ENDS = BLOCK_ENDS | {",", "]"}


class Cursor:
    """A place in a text.

    Args:
        text: protobuf text format.
        lines: the text's.
    """

    def __init__(self, text: str, lines: Lines) -> None:
        self._lines = lines
        self._ahead = tokens(text)
        self._before: Token | None = None
        self._passed: Token | None = None
        self.token = next(self._ahead)
        self._next = next(self._ahead, self.token)

    def advance(self) -> Token:
        """Return the token here and go to the next; nothing is behind the end."""
        token = self.token
        if token.kind is not Kind.END:
            self._before, self._passed = self._passed, token
            self.token = self._next
            self._next = next(self._ahead, self.token)
        return token

    def took(self, mark: str) -> bool:
        """Return whether a mark is here; go behind it if so."""
        if self.token.text != mark:
            return False
        self.advance()
        return True

    def at_string(self) -> bool:
        """Return whether a string is here, closed or not."""
        return self.token.kind is Kind.STRING or self.token.kind is Kind.UNCLOSED

    def at_field(self) -> bool:
        """Return whether a field seems to begin here."""
        return self.token.kind is Kind.WORD and self._next.text in {":", "{", "<"}

    def stuck_to_string(self, token: Token) -> bool:
        """Return whether the token just passed follows a string without a space."""
        before = self._before
        return before is not None and before.kind is Kind.STRING and before.end == token.offset

    def skip_value(self) -> None:
        """Pass over the value of a field that nobody knows."""
        self.took(":")
        if self.token.text in CLOSER:
            self.skip_balanced()
        elif self.at_string():
            while self.at_string():
                self.advance()
        elif self.token.kind in {Kind.WORD, Kind.NUMBER} and not self.at_field():
            self.advance()

    def skip_line(self) -> None:
        """Pass over the rest of a line, but neither a field nor the end of a block."""
        end = self._lines.end(self.token.offset)
        while not (self.at_field() or self._at_one_of(BLOCK_ENDS)):
            if self.token.offset > end:
                return
            self.skip_balanced()

    def skip_element(self) -> None:
        """Pass over the rest of an element of a list."""
        while not self._at_one_of(_ELEMENT_ENDS):
            self.skip_balanced()

    def skip_balanced(self) -> None:
        """Pass over one token, or a block or list with all that is in it."""
        depth = _STEP.get(self.advance().text, 0)
        while depth > 0 and self.token.kind is not Kind.END:
            depth += _STEP.get(self.advance().text, 0)

    def _at_one_of(self, marks: frozenset[str]) -> bool:
        return self.token.kind is Kind.END or self.token.text in marks
