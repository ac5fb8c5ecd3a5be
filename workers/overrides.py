"""``--set NAME=VALUE``: the command line's word on the configuration, for one command.

It is the last word on the environment, so that everything that a command starts hears of it.
Names are those of the variables without ``JANITOR_`` (:mod:`janitor.config.variables`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from janitor.config import ConfigError
from janitor.config.variables import IN_FILE, PREFIX, names_a_field, no_such_field, variable

_META = "janitor.overrides"


@contextmanager
def in_environment(settings: Sequence[str]) -> Iterator[None]:
    """Put settings into the environment, and take them out again at the end.

    Args:
        settings: NAME=VALUE each.

    Raises:
        ConfigError: one has no ``=``, or names no field.
    """
    before = dict(os.environ)
    for setting in settings:
        name, separator, value = setting.partition("=")
        if not separator:
            raise ConfigError("--set takes NAME=VALUE")  # without it: it may be a secret
        if not names_a_field(variable(name)):
            raise ConfigError(f"--set {no_such_field(name)}")
        os.environ[variable(name)] = value
        os.environ.pop(variable(name) + IN_FILE, None)
    click.get_current_context().meta[_META] = [
        variable(setting.partition("=")[0]) for setting in settings
    ]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def said_as(context: click.Context) -> Callable[[str], str]:
    """Return what names the origin of a value to the person who gave it."""
    ours: list[str] = context.meta.get(_META, [])

    def tell(origin: str) -> str:
        shown = f"--set {origin.removeprefix(PREFIX).lower()}" if origin in ours else origin
        return " ".join(shown.split())

    return tell
