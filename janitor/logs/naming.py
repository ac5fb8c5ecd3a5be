"""Which files of a run are logs."""

from __future__ import annotations

import re

_LOG = re.compile(r".*\.log(\.[0-9]+)?", re.DOTALL)


def is_log_filename(name: str) -> bool:
    """Return whether a file is a log: ``*.log``, or ``*.log.N`` as rotation leaves it."""
    return _LOG.fullmatch(name) is not None
