"""What a message of ``janitor.conf`` is: fields by name, some of them given.

The classes are in :mod:`~janitor.config.model`; their annotations and marks are the schema.
No ``dataclasses`` here: importing them and making a dozen classes with them takes longer
than reading a deployment's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import GenericAlias, NoneType, UnionType
from typing import Any, Self, TypeVar

from janitor.redaction import MASK, redact

M = TypeVar("M", bound="Message")


class Field:
    """One field of a message.

    Args:
        about: what it is, for people, in a line.
        default: what it is where nothing is given; None for the usual one of its type.
        secret: it must not be shown.
        ours: it is ours alone; in a file it stands behind ``#janitor:``.
        one_of: the group of fields of which only one may be given.
        refers: the repeated field of the configuration that has to have an element of
            this name.
        schemes: which schemes its URL may have; an empty one lets a path be, too.
        choices: what a string may be.
        least: the least number it takes.
        most: the greatest.
        extends: where layers are merged, its values are added to those below and do not
            replace them; see :mod:`~janitor.config.merging`.
    """

    name: str
    value: type
    repeated: bool

    def __init__(
        self,
        about: str,
        *,
        default: object = None,
        secret: bool = False,
        ours: bool = False,
        one_of: str | None = None,
        refers: str | None = None,
        schemes: tuple[str, ...] = (),
        choices: tuple[str, ...] = (),
        least: float | None = None,
        most: float | None = None,
        extends: bool = False,
    ) -> None:
        self.about = about
        self.default = default
        self.secret = secret
        self.ours = ours
        self.one_of = one_of
        self.refers = refers
        self.schemes = schemes
        self.choices = choices
        self.least = least
        self.most = most
        self.extends = extends

    def bind(self, name: str, hint: object) -> None:
        """Take over what a class says: ``name: str | None``, ``tuple[Campaign, ...]``."""
        self.name = name
        self.repeated = isinstance(hint, GenericAlias) and hint.__origin__ is tuple
        if isinstance(hint, GenericAlias | UnionType):
            # The one type in it that is a value's.
            hint = next(part for part in hint.__args__ if part not in {NoneType, Ellipsis})
        if not isinstance(hint, type):
            raise TypeError(f"field {name} has a type that no text can give: {hint}")
        self.value = hint
        if self.default is None:
            self.default = () if self.repeated else False if hint is bool else None

    @property
    def is_message(self) -> bool:
        """Whether its value is a block."""
        return issubclass(self.value, Message)

    @property
    def by_name(self) -> bool:
        """Whether its values are blocks that are told apart by their names."""
        return self.repeated and "name" in getattr(self.value, "FIELDS", {})


def field(about: str, **marks: Any) -> Any:  # noqa: ANN401 - stands for a value of any type
    """Say what a field is; the arguments are those of :class:`Field`."""
    return Field(about, **marks)


class Message:
    """A part of the configuration; it cannot be changed, and its repr keeps secrets.

    Args:
        given: fields by name; the others have their defaults.
    """

    __slots__ = ("__dict__", "_origins")
    FIELDS: Mapping[str, Field] = {}

    def __init_subclass__(cls) -> None:
        cls.FIELDS = {name: vars(cls)[name] for name in cls.__annotations__}
        for name, hint in cls.__annotations__.items():
            known = cls.FIELDS[name]
            known.bind(name, hint)
            setattr(cls, name, known.default)

    def __init__(self, **given: object) -> None:
        unknown = given.keys() - self.FIELDS.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        self.__dict__.update(given)

    @classmethod
    def made(cls, given: dict[str, Any], origins: dict[str, Any] | None = None) -> Self:
        """Return a message of values that are known to fit.

        Args:
            given: the values by the names of their fields; the message keeps it.
            origins: where each of them comes from, if anybody wants to know; a list for a
                repeated field.
        """
        message = object.__new__(cls)
        object.__setattr__(message, "__dict__", given)
        if origins is not None:
            object.__setattr__(message, "_origins", origins)
        return message

    def replaced(self, **changes: object) -> Self:
        """Return a copy with other values in some fields."""
        return type(self)(**{**self.__dict__, **changes})

    @property
    def origins(self) -> dict[str, Any]:
        """Where each value comes from: nothing unless that was asked for at reading."""
        return getattr(self, "_origins", {})

    def origin_of(self, name: str, index: int = 0) -> str:
        """Return where a value comes from; an empty text if nobody knows."""
        origin = self.origins.get(name, "")
        if isinstance(origin, list):
            return origin[index] if index < len(origin) else ""
        return str(origin)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} cannot be set: a configuration does not change")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.FIELDS)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.FIELDS))

    def __repr__(self) -> str:
        shown = [
            f"{name}={MASK if known.secret else redact(repr(value))}"
            for name, known in self.FIELDS.items()
            if (value := getattr(self, name)) != known.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"
