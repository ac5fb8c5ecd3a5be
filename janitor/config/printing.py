"""A configuration as text that loads to the same configuration.

Secrets are masked, and a mask must never be taken for a value: what is masked is printed as
a comment. With the secrets in it, the text means all that the configuration means.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator

from janitor.config.message import Field, Message
from janitor.config.model import Config
from janitor.config.tokens import OURS
from janitor.redaction import MASK, redact

_INDENT = "  "
_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ODD_PASSWORD = re.compile(r'(://[^:/@]*:)[^@]*["\s][^@]*@')
_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f]')

Tell = Callable[[str], str]


def as_text(config: Config, *, secrets: bool, tell: Tell | None = None) -> str:
    """Return the text of a configuration.

    Args:
        config: what to print; read by :func:`~janitor.config.explained` if origins matter.
        secrets: print them, too.
        tell: makes a comment of the origin of a value; None for no such comments.
    """
    lines = list(_Printer(secrets=secrets, tell=tell).lines(config, ""))
    return "".join(f"{line}\n" for line in lines)


def masked(config: Config) -> bool:
    """Return whether a configuration has secrets, so that its text without them lacks some."""
    return as_text(config, secrets=False) != as_text(config, secrets=True)


def spelt(value: object) -> str:
    """Return a value as a file spells it."""
    if isinstance(value, str):
        return f'"{_SPECIAL.sub(_escape, value)}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, enum.Enum):
        return value.name
    return repr(value)


def _escape(special: re.Match[str]) -> str:
    return _ESCAPED.get(special[0]) or f"\\{ord(special[0]):03o}"


def _redacted(value: object) -> object:
    # Before it is spelt: what is escaped would hide where a password ends. In a sentence quotes and
    # spaces end one; in a value they are part of it.
    return _ODD_PASSWORD.sub(rf"\1{MASK}@", redact(value)) if isinstance(value, str) else value


class _Printer:
    def __init__(self, *, secrets: bool, tell: Tell | None) -> None:
        self._secrets = secrets
        self._tell = tell

    def lines(self, message: Message, indent: str) -> Iterator[str]:
        given = vars(message)
        for name, known in message.FIELDS.items():
            if name not in given or given[name] is None:
                continue
            values = given[name] if known.repeated else (given[name],)
            for index, value in enumerate(values):
                if isinstance(value, Message):
                    yield from self._block(name, value, indent)
                else:
                    yield indent + self._scalar(known, value) + self._origin(message, name, index)

    def _block(self, name: str, value: Message, indent: str) -> Iterator[str]:
        inside = list(self.lines(value, indent + _INDENT))
        if not inside:
            yield f"{indent}{name} {{}}"
            return
        yield f"{indent}{name} {{"
        yield from inside
        yield f"{indent}}}"

    def _scalar(self, known: Field, value: object) -> str:
        text = spelt(value)
        mark = f"{OURS} " if known.ours else ""
        shown = f'"{MASK}"' if known.secret else spelt(_redacted(value))
        if self._secrets or shown == text:
            return f"{mark}{known.name}: {text}"
        return f"# {known.name}: {shown} is masked"

    def _origin(self, message: Message, name: str, index: int) -> str:
        origin = message.origin_of(name, index) if self._tell else ""
        return f"  # {self._tell(origin)}" if self._tell and origin else ""
