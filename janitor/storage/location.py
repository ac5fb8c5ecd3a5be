"""From a location in the configuration to the store that it names."""

from __future__ import annotations

import re
from pathlib import Path

from janitor.errors import Failure
from janitor.redaction import redact

_URL = re.compile(r"[a-z][a-z0-9+.\-]*:/", re.IGNORECASE)


class UnsupportedLocation(Failure):
    """A location of a kind that this version has no adapter for."""


def directory_at(location: str) -> Path:
    """Return the directory that a location names.

    Args:
        location: a path, as it stands in the configuration; it need not exist.

    Raises:
        UnsupportedLocation: it is empty, or a URL.
    """
    if not location:
        raise UnsupportedLocation("a storage location is empty; give the path of a directory")
    if _URL.match(location):
        raise UnsupportedLocation(
            f"{redact(location)}: this version stores in directories only; give the path of one"
        )
    return Path(location).absolute()
