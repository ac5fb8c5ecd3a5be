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

    # Told only when somebody asks, which for most messages nobody does. What the sender says of
    # the arguments is left: a shortened description may end in half a password, which nobody
    # recognises.

    @property
    def argsrepr(self) -> str:
        """The arguments by position, where somebody hears of them."""
        return "" if self._unheard else self._argsrepr

    @property
    def kwargsrepr(self) -> str:
        """The arguments by name, where somebody hears of them."""
        return "" if self._unheard else self._kwargsrepr

    @property
    def _unheard(self) -> bool:
        """Whether only the worker's own heartbeat is sent; Celery asks before it looks at that."""
        eventer = self._eventer  # type: ignore[attr-defined]  # the stubs do not know it
        groups: set[str] = getattr(eventer, "groups", None) or set()
        return bool(groups) and "task" not in groups

    @property
    def _argsrepr(self) -> str:
        return _shown(self.args)

    @_argsrepr.setter
    def _argsrepr(self, senders: object) -> None: ...

    @property
    def _kwargsrepr(self) -> str:
        return _shown(self.kwargs)

    @_kwargsrepr.setter
    def _kwargsrepr(self, senders: object) -> None: ...

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
