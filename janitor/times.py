"""Durations and moments, as people read them and as JSON says them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any


def duration_in_words(duration: timedelta) -> str:
    """Return a duration as ``[days, ]hours:minutes:seconds``, to the second."""
    return str(timedelta(seconds=round(duration.total_seconds())))


def moment_in_words(moment: datetime | None) -> str:
    """Return a moment to the second, with its zone; None is a moment that nobody knows."""
    return "an unknown time" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S %Z}".strip()


def in_json(value: Any) -> Any:  # noqa: ANN401 - what dataclasses are made of
    """Return a value with durations in seconds and moments as ISO 8601 says them.

    Args:
        value: of numbers, text, None, durations and moments, in dicts, lists and tuples.
    """
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: in_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [in_json(part) for part in value]
    return value
