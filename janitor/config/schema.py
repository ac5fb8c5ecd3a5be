"""What a message may contain, read from the types of :mod:`janitor.config.model`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

from janitor.config.model import ENVIRONMENT_ONLY, ONE_OF, Message


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a message.

    Args:
        name: what it is called in the file.
        value: the type of its value, or of each of its values: ``str``, ``int``, ``bool``,
            an enum or a message.
        repeated: it may be given more than once.
        one_of: the group of fields of which only one may be given.
    """

    name: str
    value: type
    repeated: bool
    one_of: str | None

    @property
    def is_message(self) -> bool:
        """Whether its value is a block."""
        return issubclass(self.value, Message)


@dataclasses.dataclass(frozen=True)
class Schema:
    """What a message may contain.

    Args:
        name: what the message is called.
        make: makes the message from the fields that were given.
        fields: what it may contain, by name.
    """

    name: str
    make: Callable[..., object]
    fields: dict[str, Field]


@cache
def schema_of(message: type) -> Schema:
    """Return what the file's text may say for a class of messages."""
    hints = get_type_hints(message)
    return Schema(
        name=message.__name__,
        make=message,
        fields={
            entry.name: _field(entry, hints[entry.name])
            for entry in dataclasses.fields(message)
            if ENVIRONMENT_ONLY not in entry.metadata
        },
    )


def _field(entry: dataclasses.Field[object], hint: object) -> Field:
    repeated = get_origin(hint) is tuple
    if repeated or isinstance(hint, UnionType):
        # tuple[X, ...] and X | None: the one type in it that is a value's.
        hint = next(part for part in get_args(hint) if part not in {NoneType, Ellipsis})
    if not isinstance(hint, type):
        raise TypeError(f"field {entry.name} has a type that no text can give: {hint}")
    return Field(entry.name, hint, repeated, entry.metadata.get(ONE_OF))
