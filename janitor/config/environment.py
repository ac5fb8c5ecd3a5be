"""What the environment says about a deployment, over what its file says.

``JANITOR_`` and a field's name in capitals, for every location and the like at the top of
:class:`~janitor.config.model.Config`. A variable that is empty says nothing; one that no
field has is somebody else's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, get_type_hints

from janitor.config.mistakes import ConfigError
from janitor.config.model import Config

PREFIX = "JANITOR_"
LONGEST_LEASE = 86400.0  # seconds; a dead worker's job should not wait for another day


def overridden(config: Config, environ: Mapping[str, str]) -> Config:
    """Return the configuration with the environment's word on it.

    Args:
        config: what the file says.
        environ: the variables of a process.

    Raises:
        ConfigError: a number is none, or makes no sense.
    """
    hints = get_type_hints(Config)
    strings: dict[str, Any] = {
        entry.name: value
        for entry in fields(config)
        if hints[entry.name] == str | None and (value := environ.get(variable(entry.name)))
    }
    lease = environ.get(variable("lease_seconds"))
    seconds = _lease_seconds(lease) if lease else config.lease_seconds
    return replace(config, lease_seconds=seconds, **strings)


def variable(field: str) -> str:
    """Return the name of the variable that overrides a field."""
    return PREFIX + field.upper()


def _lease_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST_LEASE:
        raise ConfigError(
            f"{variable('lease_seconds')} is {text!r}; it takes a number of seconds above 0"
            f" and up to {LONGEST_LEASE:.0f}"
        )
    return seconds
