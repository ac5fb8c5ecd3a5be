"""How two layers of a configuration become one; the upper one has the last word.

Scalars are replaced. Blocks are merged field by field; repeated blocks that have a name
(campaigns, distributions, bug trackers, APT repositories) with the one of the same name
below, or put behind it. Other repeated fields are replaced, or extended where
:mod:`~janitor.config.model` marks them so. Of a group of which only one may be given
(``debian_build``, ``generic_build``), the upper one stays.
"""

from __future__ import annotations

from typing import Any

from janitor.config.message import Field, M, Message


def merged(below: M, above: M) -> M:
    """Return the configuration that two layers make; both stay as they are."""
    given = vars(below).copy()
    origins = below.origins.copy()
    for name, value in vars(above).items():
        known = above.FIELDS[name]
        _drop_rivals(known, given)
        given[name] = _joined(known, given.get(name), value)
        origin = above.origins.get(name)
        extended = known.extends and not known.is_message and name in origins
        origins[name] = origins[name] + origin if extended and origin else origin
    return below.made(given, origins if below.origins or above.origins else None)


def put(message: M, known: Field, value: object, origin: str | None) -> M:
    """Return a message with another value in a field.

    Args:
        message: stays as it is.
        known: the field.
        value: what it has then, all of it.
        origin: where that comes from; None if nobody asks.
    """
    given = vars(message).copy()
    _drop_rivals(known, given)
    given[known.name] = value
    if origin is None:
        return message.made(given)
    count = len(value) if isinstance(value, tuple) else 0
    return message.made(
        given, {**message.origins, known.name: [origin] * count if known.repeated else origin}
    )


def _joined(known: Field, below: Any, above: Any) -> Any:  # noqa: ANN401 - values of any field
    if not below:
        return above
    if known.by_name:
        return _by_name(below, above)
    if known.extends:
        return below + above
    if known.is_message and not known.repeated:
        return merged(below, above)
    return above


def _by_name(below: tuple[Any, ...], above: tuple[Any, ...]) -> tuple[Message, ...]:
    together = list(below)
    places = {block.name: place for place, block in reversed([*enumerate(below)])}
    for block in above:
        place = None if block.name is None else places.get(block.name)
        if place is None:
            together.append(block)
        else:
            together[place] = merged(together[place], block)
    return tuple(together)


def _drop_rivals(known: Field, given: dict[str, Any]) -> None:
    if known.one_of is None:
        return
    for name in ("debian_build", "generic_build"):
        if name != known.name:
            given.pop(name, None)
