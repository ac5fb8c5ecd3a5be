"""What the environment says about a deployment, put over what its files say.

How variables are called and where their values are, :mod:`janitor.config.variables` knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from janitor.config.checks import unfit
from janitor.config.literals import BadLiteral, literal
from janitor.config.merging import put
from janitor.config.message import Field, M, Message
from janitor.config.mistakes import nearest
from janitor.config.model import Config
from janitor.config.parser import Parser
from janitor.config.variables import PREFIX, Refused, Setting, settings, spelt


class _BadValue(Refused):
    """A value that its field does not take; the text says what it takes."""


def overridden(
    config: Config, environ: Mapping[str, str], *, traced: bool
) -> tuple[Config, list[str]]:
    """Return the configuration with the environment's word on it, and what is wrong there.

    Args:
        config: what the files say.
        environ: the variables of a process.
        traced: let the changed values know where they come from.
    """
    told = []
    try:
        said = [*settings(environ)]
    except Refused as refused:
        said = []
        told.append(str(refused))
    for setting in said:
        try:
            config = _set(config, setting.name.removeprefix(PREFIX), setting, traced=traced)
        except _BadValue as bad:
            told.append(f"{setting.origin} {bad}")
        except Refused as refused:
            told.append(f"{setting.origin}: {refused}")
    return config, told


def _set(message: M, rest: str, setting: Setting, *, traced: bool) -> M:
    """Return a message with a value in the field that the rest of a variable's name says."""
    name, _, inside = rest.partition("__")
    known = message.FIELDS.get(name.lower())
    if known is None:
        hint = nearest(name.lower(), message.FIELDS)
        fields = ", ".join(message.FIELDS)
        raise Refused(
            f"{type(message).__name__} has no field {name.lower()!r}; {hint}known: {fields}"
        )
    origin = setting.origin if traced else None
    if not inside:
        return put(message, known, _value(known, type(message), setting), origin)
    if not known.is_message:
        raise Refused(f"{known.name} is no block, so nothing can be in it")
    value = getattr(message, known.name)
    if not known.repeated:
        child = _set(value or known.value(), inside, setting, traced=traced)
        return put(message, known, child, origin)
    at, inside = _which(known, value, inside)
    changed = (*value[:at], _set(value[at], inside, setting, traced=traced), *value[at + 1 :])
    return message.made({**vars(message), known.name: changed}, message.origins if traced else None)


def _which(known: Field, blocks: tuple[Any, ...], rest: str) -> tuple[int, str]:
    """Return the number of the block that is meant, and the field in it."""
    called = [getattr(block, "name", None) or str(at) for at, block in enumerate(blocks)]
    # First by length: spelling five hundred names takes longer than all the rest here.
    likely = [at for at, name in enumerate(called) if rest.startswith("__", len(name))]
    fits = [at for at in likely if rest.startswith(spelt(called[at]))]
    longest = max((len(called[at]) for at in fits), default=0)
    fits = [at for at in fits if len(called[at]) == longest]
    if len(fits) > 1:
        raise Refused(f"it could mean more than one {known.name}; write it in a file instead")
    if not fits:
        if rest in map(spelt, called):
            raise Refused(f"{known.name} is a block; set the fields in it")
        hint = nearest(rest.partition("__")[0], map(spelt, called))
        raise Refused(f"there is no {known.name} of that name; {hint}files say which there are")
    return fits[0], rest[longest + 2 :]


def _value(known: Field, owner: type[Message], setting: Setting) -> object:
    if known.is_message:
        raise Refused(f"{known.name} is a block; set the fields in it")
    text = setting.read()
    if known.repeated:
        return _list(known, owner, text)
    try:
        # No secret has a number, a choice or a truth for a value; but a file may be the wrong one.
        value = text if known.value is str else literal(known.value, _plain(known, text))
    except BadLiteral as bad:
        raise _BadValue(f"{setting.seen(text)}; it {bad}") from None
    sentence = unfit(known, value)
    if sentence:
        raise _BadValue(f"{setting.seen(text)}; it {sentence}")
    return value


def _plain(known: Field, text: str) -> str:
    return text.lower() if known.value is bool else text


def _list(known: Field, owner: type[Message], text: str) -> tuple[str, ...]:
    if not text.startswith("["):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    parser = Parser(f"{known.name}: {text}", "")
    message = parser.read(owner)
    if parser.mistakes:
        raise Refused(f'{known.name} takes a list like ["a", "b"], or a, b')
    values: tuple[str, ...] = getattr(message, known.name)
    return values
