"""A diff in its parts, the same for Git and Bazaar: files, hunks, lines, counts.

It is read from the text that a manager streams (:mod:`.reading`), so that there is one differ for
each kind of repository, and within limits (:mod:`.model`). :mod:`.as_json` writes it.
"""

from janitor.vcs.structured.as_json import as_json
from janitor.vcs.structured.model import (
    UNLIMITED,
    USUAL,
    ChangedFile,
    DiffCounts,
    Hunk,
    Limits,
    Truncated,
)
from janitor.vcs.structured.reading import StructuredDiff

__all__ = [
    "UNLIMITED",
    "USUAL",
    "ChangedFile",
    "DiffCounts",
    "Hunk",
    "Limits",
    "StructuredDiff",
    "Truncated",
    "as_json",
]
