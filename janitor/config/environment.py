"""What the environment says about a deployment, over what its file says.

``JANITOR_`` and a field's name in capitals, for every location and the like at the top of
:class:`~janitor.config.model.Config`. A variable that is empty says nothing; one that no
field has is somebody else's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

from janitor.config.mistakes import ConfigError
from janitor.config.model import Config, SuccessModel

PREFIX = "JANITOR_"
LONGEST_LEASE = 86400.0  # seconds; a dead worker's job should not wait for another day
LONGEST_COOL_DOWN = 366 * 86400.0  # seconds; who rests longer is better taken out


def overridden(config: Config, environ: Mapping[str, str]) -> Config:
    """Return the configuration with the environment's word on it.

    Args:
        config: what the file says.
        environ: the variables of a process.

    Raises:
        ConfigError: a value is none that its field takes.
    """
    hints = get_type_hints(Config)
    strings: dict[str, Any] = {
        entry.name: value
        for entry in fields(config)
        if hints[entry.name] == str | None and (value := environ.get(variable(entry.name)))
    }
    others: dict[str, Any] = {
        name: read(text) for name, read in _OTHERS.items() if (text := environ.get(variable(name)))
    }
    return replace(config, **strings, **others)


def variable(field: str) -> str:
    """Return the name of the variable that overrides a field."""
    return PREFIX + field.upper()


def _lease_seconds(text: str) -> float:
    seconds = _number(text)
    if not 0 < seconds <= LONGEST_LEASE:
        raise ConfigError(
            f"{variable('lease_seconds')} is {text!r}; it takes a number of seconds above 0"
            f" and up to {LONGEST_LEASE:.0f}"
        )
    return seconds


def _cool_down_seconds(text: str) -> float:
    seconds = _number(text)
    if not 0 <= seconds <= LONGEST_COOL_DOWN:
        raise ConfigError(
            f"{variable('cool_down_seconds')} is {text!r}; it takes a number of seconds from 0"
            f" to {LONGEST_COOL_DOWN:.0f}"
        )
    return seconds


def _success_model(text: str) -> str:
    models = get_args(SuccessModel)
    if text not in models:
        raise ConfigError(
            f"{variable('success_model')} is {text!r}; it takes one of {', '.join(models)}"
        )
    return text


def _fair_shares(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ConfigError(f"{variable('fair_shares')} is {text!r}; it takes true or false")
    return text.lower() == "true"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan  # in no range


_OTHERS: dict[str, Callable[[str], Any]] = {
    "lease_seconds": _lease_seconds,
    "success_model": _success_model,
    "fair_shares": _fair_shares,
    "cool_down_seconds": _cool_down_seconds,
}
