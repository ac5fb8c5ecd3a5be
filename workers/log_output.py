"""What our processes write to their log: one line an event, secrets masked."""

from __future__ import annotations

import logging
import sys

from janitor.redaction import redact

FORMAT = "%(asctime)s %(levelname)s %(processName)s %(name)s: %(message)s"


class RedactingFormatter(logging.Formatter):
    """A formatter that masks secrets in all that it writes, tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line without secrets."""
        return redact(super().format(record))


def configure(level: str) -> None:
    """Write the process's log to standard error.

    Args:
        level: the least severity that is written, by name.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Each task is announced by Celery when it is received and when it succeeded; the job's
    # row says the same, and stays.
    logging.getLogger("celery.app.trace").setLevel(logging.WARNING)
