"""Configurations from files, strings and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

from janitor.config.environment import overridden, variable
from janitor.config.mistakes import ConfigError, Mistake, error_of
from janitor.config.model import Config
from janitor.config.parser import Parser

FILE_VARIABLE = variable("config")


def load(path: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Return the configuration of a deployment: its file, and the environment over it.

    Args:
        path: ``janitor.conf``; None for the one that ``JANITOR_CONFIG`` names. Without
            either, the environment alone decides.
        environ: the variables; None for those of this process.

    Raises:
        ConfigError: the file cannot be read, or something in it or in the environment is
            wrong.
    """
    environ = os.environ if environ is None else environ
    chosen = path if path is not None else environ.get(FILE_VARIABLE) or None
    return overridden(Config() if chosen is None else _read_path(chosen), environ)


def _read_path(path: str | Path) -> Config:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the configuration {path} cannot be read: {error.strerror}; name another with"
            f" --config or {FILE_VARIABLE}"
        ) from error
    return _parse(_decoded(content, str(path)), str(path))


def read_config(f: IO[str] | IO[bytes]) -> Config:
    """Return what an open file says, text or binary; the environment has no say.

    Raises:
        ConfigError: names each mistake with its place.
    """
    name = getattr(f, "name", None)
    name = name if isinstance(name, str) else "janitor.conf"
    try:
        content = f.read()
    except UnicodeDecodeError as error:
        raise _not_utf8(error, name) from None
    return _parse(content if isinstance(content, str) else _decoded(content, name), name)


def read_string(s: str) -> Config:
    """Return what a text says; the environment has no say.

    Raises:
        ConfigError: names each mistake with its place.
    """
    return _parse(s, "janitor.conf")


def _parse(text: str, name: str) -> Config:
    parser = Parser(text)
    config = parser.read(Config)
    if parser.mistakes:
        raise error_of(name, text, parser.mistakes)
    return cast("Config", config)


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(error, name) from None


def _not_utf8(error: UnicodeDecodeError, name: str) -> ConfigError:
    before = error.object[: error.start].decode(errors="replace")
    return error_of(name, before, [Mistake(len(before), "the file is not UTF-8 from here on")])
