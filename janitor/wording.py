"""Exceptions and mistakes as sentences for people."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from pydantic import ValidationError

from janitor.config.mistakes import LONGEST_SHOWN, shown
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


def named(name: str) -> str:
    """Return a name for a sentence; in quotes, escaped and cut where it is none that is in use."""
    usual = name.isascii() and name.isprintable() and len(name) <= LONGEST_SHOWN
    return name if usual and name and " " not in name else shown(name)


def no_run(run_id: str) -> str:
    """Return the sentence about a run that nobody knows, and where to look for the one meant."""
    return (
        f"there is no run {named(run_id)}; 'janitor-workers review list' and"
        " 'janitor-workers logs search' say the ids of runs"
    )


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a hint at the name that was probably meant, or nothing."""
    matches = get_close_matches(name, known, n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""
