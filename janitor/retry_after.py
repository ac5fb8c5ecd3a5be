"""How long a server asks us to wait before we come back: HTTP's ``Retry-After``."""

from __future__ import annotations

from datetime import timedelta

LONGEST_ASKED = 86400  # seconds; who asks for a longer pause is asked again before


def pause_asked(header: str | None) -> timedelta | None:
    """Return the pause that a ``Retry-After`` header says; a date in it is left aside."""
    if header is None or not header.isdecimal():
        return None
    # Not every decimal is one that int() and timedelta() take.
    digits = header.lstrip("0") or "0"
    seconds = LONGEST_ASKED if len(digits) > len(str(LONGEST_ASKED)) else int(digits)
    return timedelta(seconds=min(seconds, LONGEST_ASKED))
