"""Which keys a store takes: safe names, joined with ``/``."""

from __future__ import annotations

from janitor.names import UnsafeName, checked_component


def checked_key(key: str) -> list[str]:
    """Return the names that a key consists of.

    The same rule holds for every store, so that what one takes another takes too, up to the
    length that is common to them.

    Raises:
        UnsafeName: one of them could leave its place or is too long for a file system.
    """
    return [checked_component(name, "key's part") for name in key.split("/")]


def is_key(name: str) -> bool:
    """Return whether what somebody left in a bucket has a name that is a key here."""
    try:
        checked_key(name)
    except UnsafeName:
        return False
    return True
