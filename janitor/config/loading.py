"""Configurations from files, strings and the environment: layer over layer.

From below: included files, the file that includes them, the overlay of the profile, then
the environment. :mod:`~janitor.config.merging` says how two layers become one and
:mod:`~janitor.config.checks` what must be true of the outcome.

Reading is quick as long as nothing is wrong. Once something is, all of it is read again by
the parser with the place of each value, so that every mistake can be told.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from janitor.config.casting import cast
from janitor.config.checks import duplicates, wrong
from janitor.config.environment import overridden
from janitor.config.files import Files, Unreadable, decoded
from janitor.config.mistakes import ConfigError, refuse
from janitor.config.model import Config
from janitor.config.parser import Parser
from janitor.config.variables import FILE_VARIABLE, PROFILE_VARIABLE


def load(path: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Return the configuration of a deployment: its files, and the environment over them.

    Args:
        path: ``janitor.conf``; None for the one that ``JANITOR_CONFIG`` names. Without
            either, the environment alone decides.
        environ: the variables; None for those of this process.

    Raises:
        ConfigError: a file cannot be read, or something in it or in the environment is
            wrong.
    """
    return _loaded(path, environ, traced=False) or explained(path, environ)


def explained(path: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Return the configuration like :func:`load`, with the origin of each value.

    Raises:
        ConfigError: names every mistake with its place.
    """
    config = _loaded(path, environ, traced=True)
    assert config is not None  # noqa: S101 - tracing tells what is wrong by raising
    return config


def _loaded(
    path: str | Path | None, environ: Mapping[str, str] | None, *, traced: bool
) -> Config | None:
    environ = os.environ if environ is None else environ
    chosen = path if path is not None else environ.get(FILE_VARIABLE) or None
    files = Files(traced=traced)
    config = files.read(chosen, environ.get(PROFILE_VARIABLE) or None)
    config, told = overridden(config, environ, traced=traced)
    if not files.told:  # which names each within its file: a variable may have given one again
        told += duplicates(config)
    told = [*files.told, *told, *wrong(config, whole=not files.told)]
    if traced:
        refuse(told)
    return None if told else config


def read_config(f: IO[str] | IO[bytes]) -> Config:
    """Return what an open file says, text or binary; no other layer has a say.

    Raises:
        ConfigError: names each mistake with its place.
    """
    name = getattr(f, "name", None)
    name = name if isinstance(name, str) else "janitor.conf"
    try:
        content = f.read()
        return _parse(content if isinstance(content, str) else decoded(content, name), name)
    except UnicodeDecodeError as error:
        raise ConfigError(str(Unreadable.at(error, name))) from None


def read_string(s: str) -> Config:
    """Return what a text says; no other layer has a say.

    Raises:
        ConfigError: names each mistake with its place.
    """
    return _parse(s, "janitor.conf")


def _parse(text: str, name: str) -> Config:
    config = cast(Config, text)
    if config is None:
        parser = Parser(text, name)
        config = parser.read(Config)
        refuse([*parser.mistakes.told()])
    return config
