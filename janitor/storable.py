"""What PostgreSQL would not keep: JSON from outside is refused, text for people made storable.

Python's reader takes more than the database does: NUL and halves of surrogate pairs in
strings, ``NaN`` and infinite numbers, any depth. Models of what others send
(:mod:`janitor.jobs.kind`, :mod:`janitor.runs.result`) put each field through this check, so
that a person reads which field is wrong, and nobody tries again what can't succeed.
"""

from __future__ import annotations

import math
import re
from typing import Any

from janitor.errors import Failure
from janitor.redaction import redact

DEEPEST = 200  # lists and objects within each other
LONGEST_REASON = 2000  # characters kept of what went wrong

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class Unstorable(Failure, ValueError):
    """A value that the database can't keep."""


def check_storable(value: object) -> None:
    """Check a value as :func:`json.loads` gives it; other types are left alone.

    Raises:
        Unstorable: it has a string or number that no column takes, or it is too deep.
    """
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [inner for part in level for inner in _parts(part)]
        if not level:
            return
    raise Unstorable(f"lists and objects within each other go deeper than {DEEPEST}")


def storable_text(said: str, *, longest: int | None = LONGEST_REASON) -> str:
    """Return text that PostgreSQL takes: no secrets, no NUL, no lone surrogates, not endless."""
    said = redact(said).replace("\x00", "\N{REPLACEMENT CHARACTER}").replace("\\u0000", "\\ufffd")
    said = said.encode(errors="replace").decode()
    return said if longest is None or len(said) <= longest else f"{said[: longest - 1]}…"


def _parts(value: object) -> list[Any] | tuple[Any, ...]:
    """The parts of a list or object, after a check of what has none."""
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise Unstorable("a NUL character or half a surrogate pair in a string can't be stored")
    if isinstance(value, float) and not math.isfinite(value):
        raise Unstorable(f"{value} is no number that can be stored")
    return ()
