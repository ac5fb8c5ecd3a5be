"""JSON from outside that PostgreSQL would not keep, refused before it gets there.

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

DEEPEST = 200  # lists and objects within each other

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
