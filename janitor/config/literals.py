"""Values as protobuf text format spells them: strings with escapes, numbers, choices."""

from __future__ import annotations

import enum
import math
import re

_ESCAPE = re.compile(
    r"\\(?:(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9a-fA-F]{1,2})"
    r"|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})|(?P<other>.))",
    re.DOTALL,
)
_ONE_LETTER = {
    "a": b"\a",
    "b": b"\b",
    "f": b"\f",
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "v": b"\v",
    "\\": b"\\",
    "'": b"'",
    '"': b'"',
}
_NEEDS_DIGITS = {"x": "one or two", "u": "four", "U": "eight"}
_BOOLS = {
    "true": True,
    "t": True,
    "True": True,
    "1": True,
    "false": False,
    "f": False,
    "False": False,
    "0": False,
}


class BadLiteral(ValueError):
    """A spelling that means nothing; its text says what would."""


def unescape(inside: str) -> bytes:
    r"""Return the bytes that the text between a string's quotes means.

    An escape that does not exist (``\d``) stands for itself, as it does for protobuf's
    Python parser, which services in the field use.

    Raises:
        BadLiteral: an escape means no byte or character.
    """
    if "\\" not in inside:
        return _utf8(inside)
    pieces = []
    at = 0
    for escape in _ESCAPE.finditer(inside):
        pieces += [_utf8(inside[at : escape.start()]), _escaped(escape)]
        at = escape.end()
    return b"".join([*pieces, _utf8(inside[at:])])


def _escaped(escape: re.Match[str]) -> bytes:
    digits = escape["octal"]
    if digits is not None:
        return _byte(int(digits, 8), escape[0])
    if escape["hex"] is not None:
        return bytes([int(escape["hex"], 16)])
    code = escape["short"] or escape["long"]
    if code is not None:
        return _character(int(code, 16), escape[0])
    letter = escape["other"]
    if letter == "N":
        # Some of protobuf's parsers read \N{NAME}, others do not: neither guess is safe.
        raise BadLiteral("\\N is no escape here; write the character itself")
    if letter in _NEEDS_DIGITS:
        raise BadLiteral(f"\\{letter} needs {_NEEDS_DIGITS[letter]} hexadecimal digits behind it")
    return _ONE_LETTER.get(letter) or _utf8(escape[0])


def _byte(value: int, spelling: str) -> bytes:
    if value > 0xFF:  # noqa: PLR2004 - a byte
        raise BadLiteral(f"{spelling} is more than a byte; \\377 is the most")
    return bytes([value])


def _character(code: int, spelling: str) -> bytes:
    try:
        return chr(code).encode()
    except (ValueError, OverflowError):
        raise BadLiteral(f"{spelling} is no Unicode character") from None


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadLiteral("the text is not valid Unicode") from None


def boolean(spelling: str) -> bool:
    """Return what a spelling of true or false means.

    Raises:
        BadLiteral: it is neither.
    """
    if spelling not in _BOOLS:
        raise BadLiteral("takes true or false")
    return _BOOLS[spelling]


def int32(spelling: str) -> int:
    """Return a whole number, decimal, octal (``017``) or hexadecimal (``0xf``).

    Raises:
        BadLiteral: it is no number, or does not fit into 32 bits.
    """
    value = _integer(re.sub(r"^(-?)0([0-9]+)$", r"\g<1>0o\g<2>", spelling))
    if value is None:
        raise BadLiteral("takes a whole number")
    if not -(2**31) <= value < 2**31:
        raise BadLiteral(f"takes a whole number from {-(2**31)} to {2**31 - 1}")
    return value


def number(spelling: str) -> float:
    """Return a number that may have a fraction.

    Raises:
        BadLiteral: it is none, or has no end.
    """
    try:
        value = float(spelling)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadLiteral("takes a number")
    return value


def choice(spelling: str, choices: type[enum.IntEnum]) -> enum.IntEnum:
    """Return the member of an enum that a name or number means.

    Raises:
        BadLiteral: it has no such member.
    """
    number = _integer(spelling)
    for member in choices:
        if spelling == member.name or number == member.value:
            return member
    known = ", ".join(f"{member.name} ({member.value})" for member in choices)
    raise BadLiteral(f"takes one of {known}")


def literal(kind: type, spelling: str) -> object:
    """Return the value of a type that is spelt without quotes.

    Raises:
        BadLiteral: the spelling means none.
    """
    if kind is bool:
        return boolean(spelling)
    if kind is float:
        return number(spelling)
    if issubclass(kind, enum.IntEnum):
        return choice(spelling, kind)
    return int32(spelling)


def _integer(spelling: str) -> int | None:
    try:
        return int(spelling, 0)
    except ValueError:
        return None
