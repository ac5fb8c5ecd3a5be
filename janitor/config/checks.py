"""What must be true of a configuration as a whole, beyond the types of its fields.

Names are unique within a file, references lead somewhere, locations have a scheme that can
be used, numbers and choices are such that make sense. The marks of
:mod:`~janitor.config.model` say which field has to fulfil what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from janitor.config.message import Field, Message
from janitor.config.mistakes import nearest, shown
from janitor.config.model import Config

UNIQUE = ("campaign", "distribution")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,20}")

_CHECKED: dict[type[Message], tuple[Field, ...]] = {}

Names = dict[str, dict[str | None, Message]]


def duplicates(config: Config) -> Iterator[str]:
    """Yield a line for each campaign and distribution whose name another one has.

    Args:
        config: one file; in layers above it a name may be given again.
    """
    for kind in UNIQUE:
        blocks = getattr(config, kind)
        if len({block.name for block in blocks}) == len(blocks):
            continue
        first: dict[str, Message] = {}
        for block in blocks:
            if block.name is None or first.setdefault(block.name, block) is block:
                continue
            yield (
                f"{block.origin_of('name')}: there is a {kind} {shown(block.name)} already"
                f" ({first[block.name].origin_of('name')}); give one of them another name"
            )


def wrong(config: Config, *, whole: bool) -> list[str]:
    """Return a line for each value that cannot be used.

    Args:
        config: all layers of it.
        whole: everything could be read; otherwise a block whose name is missing may be the
            one that is meant.
    """
    names: Names = {kind: {block.name: block for block in getattr(config, kind)} for kind in UNIQUE}
    if not whole:
        names = {kind: blocks for kind, blocks in names.items() if None not in blocks}
    told: list[str] = []
    _look_into(config, names, told)
    return told


def _look_into(message: Message, names: Names, told: list[str]) -> None:
    given = vars(message)
    for known in _checked(type(message)):
        value = given.get(known.name)
        if value is None:
            continue
        if not known.is_message:
            sentence = _refusal(known, value, names)
            if sentence:
                told.append(f"{message.origin_of(known.name)}: {known.name} {sentence}")
        elif known.repeated:
            for block in value:
                _look_into(block, names, told)
        else:
            _look_into(value, names, told)


def _checked(message: type[Message]) -> tuple[Field, ...]:
    """Return the fields in which something could be wrong; most have nothing to check."""
    if message not in _CHECKED:
        _CHECKED[message] = _with_marks(message)
    return _CHECKED[message]


def _with_marks(message: type[Message]) -> tuple[Field, ...]:
    return tuple(
        known
        for known in message.FIELDS.values()
        if known.refers
        or known.schemes
        or known.choices
        or known.least is not None
        or (known.is_message and _checked(known.value))
    )


def unfit(known: Field, value: object) -> str | None:
    """Return what a field takes if a value is none of it; None if it is."""
    if known.choices and value not in known.choices:
        return f"takes one of {', '.join(known.choices)}"
    if known.least is None or known.most is None or not isinstance(value, float):
        return None
    if known.least <= value <= known.most:
        return None
    return f"takes a number from {known.least:g} to {known.most:.0f}"


def _refusal(known: Field, value: object, names: Names) -> str | None:
    if isinstance(value, str) and known.refers in names and value not in names[known.refers]:
        return _nowhere(known.refers, value, names)
    if isinstance(value, str) and known.schemes:
        return _bad_scheme(known.schemes, value)
    return unfit(known, value)


def _nowhere(kind: str, name: str, names: Names) -> str:
    known = [str(other) for other in names[kind] if other is not None]
    hint = nearest(name, known)
    return f"names a {kind} that is not there: {shown(name)}; {hint or f'add the {kind}, or '}" + (
        "correct it or add it" if hint else "correct the name"
    )


def _bad_scheme(schemes: tuple[str, ...], value: str) -> str | None:
    scheme, separator, _ = value.partition("://")
    if (scheme.lower() if separator else "") in schemes:
        return None
    usable = ", ".join(f"{known}://" if known else "a path" for known in schemes)
    if separator and _SCHEME.fullmatch(scheme):
        return f"cannot use {scheme}://; it takes {usable}"
    return f"is no URL that can be used; it takes {usable}"
