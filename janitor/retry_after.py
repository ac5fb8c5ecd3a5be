"""How long a server asks us to wait before we come back: HTTP's ``Retry-After``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_ASKED = 86400  # seconds; who asks for a longer pause is asked again before


def pause_asked(header: str | None) -> timedelta | None:
    """Return the pause that a ``Retry-After`` header says, in seconds or as a date.

    None where it says neither. A date that has passed asks for no pause.
    """
    if header is None:
        return None
    if not header.isdecimal():
        return _until(header)
    # Not every decimal is one that int() and timedelta() take.
    digits = header.lstrip("0") or "0"
    seconds = LONGEST_ASKED if len(digits) > len(str(LONGEST_ASKED)) else int(digits)
    return timedelta(seconds=min(seconds, LONGEST_ASKED))


def _until(date: str) -> timedelta | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # "-0000" says nothing of one
    return min(max(aware - datetime.now(UTC), timedelta()), timedelta(seconds=LONGEST_ASKED))
