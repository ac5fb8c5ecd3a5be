"""Exceptions and mistakes as sentences for people."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from pydantic import ValidationError

from janitor.errors import JanitorError


def in_words(error: BaseException) -> str:
    """Return an exception as a sentence; ours speak for themselves, others with their name."""
    if isinstance(error, JanitorError) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def refusal_in_words(error: ValidationError, whole: str) -> str:
    """Return each thing that a validation refused, with its place.

    Args:
        error: the refusal.
        whole: what to call the place where no part of it is to blame.
    """
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or whole}: "
        f"{problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False)
    )


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a hint at the name that was probably meant, or nothing."""
    matches = get_close_matches(name, known, n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""
