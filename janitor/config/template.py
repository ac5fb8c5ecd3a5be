"""A template of ``janitor.conf``: every field with what it is, all of it commented out."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from janitor.config.message import Field, Message
from janitor.config.model import Config
from janitor.config.printing import spelt
from janitor.config.tokens import OURS
from janitor.config.variables import variable

_VARIABLE = variable("database_location")
_HEAD = f"""\
# janitor.conf: everything that can be said in it. Take the "# " off a line to say it, and
# off the lines of the blocks around it. Lines with {OURS} are for janitor-workers alone;
# other services take them for comments, so that mark stays.
#
# JANITOR_PROFILE=production reads janitor.production.conf over this file, and variables
# such as {_VARIABLE} over both;
# {_VARIABLE}_FILE names a file that holds the value.
"""


def template() -> str:
    """Return the template, which loads as it is and says nothing."""
    return _HEAD + "".join(f"{line}\n" for line in _lines(Config, ""))


def _lines(message: type[Message], indent: str) -> Iterator[str]:
    for known in message.FIELDS.values():
        if not indent:
            yield ""
        yield f"## {indent}{known.about}{_how(known)}"
        if known.is_message:
            yield f"# {indent}{known.name} {{"
            yield from _lines(known.value, indent + "  ")
            yield f"# {indent}}}"
        else:
            mark = f"{OURS} " if known.ours else ""
            yield f"# {mark}{indent}{known.name}: {_example(known)}"


def _how(known: Field) -> str:
    notes = []
    if known.repeated:
        notes.append("may be repeated")
    if known.schemes:
        notes.append(
            " or ".join(f"{scheme}://" if scheme else "a path" for scheme in known.schemes)
        )
    if known.choices:
        notes.append(" or ".join(known.choices))
    if known.one_of:
        notes.append(f"only one {known.one_of}")
    if known.secret:
        notes.append("a secret: better in a file that its variable names")
    return f" ({'; '.join(notes)})" if notes else ""


def _example(known: Field) -> str:
    if known.default not in {None, ()}:
        return spelt(known.default)
    if issubclass(known.value, enum.Enum):
        return spelt(next(iter(known.value)))
    return "0" if known.value is int else '""'
