"""A message as a worker shows it to others: arguments readable, secrets masked.

What Flower and the remote control tell of a task comes from the sender's own description
of its arguments, from the arguments themselves, or from an exception. Any of them may hold
a URL with a password, and not every sender is ours.
"""

from __future__ import annotations

from typing import Any

from celery.worker.request import Request

from janitor.redaction import redact

LONGEST_SHOWN = 1024  # characters of a task's arguments


class DiscreetRequest(Request):
    """Celery's request of a worker, told to others without secrets."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Celery's, passed on
        super().__init__(*args, **options)
        # Not the sender's descriptions: a shortened one may end in half a password, which
        # nobody recognises.
        self._argsrepr = _shown(self.args)
        self._kwargsrepr = _shown(self.kwargs)

    def info(self, safe: bool = False) -> Any:  # noqa: ANN401 - JSON
        """Describe the task for remote control; its arguments are never told as they are."""
        del safe
        return super().info(safe=True)

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002, ANN401 - Celery's names
        """Send an event with the secrets of its texts (exceptions, results) masked."""
        masked = {
            name: redact(value) if isinstance(value, str) else value
            for name, value in fields.items()
        }
        super().send_event(type, **masked)


def _shown(arguments: object) -> str:
    text = redact(repr(arguments))
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
