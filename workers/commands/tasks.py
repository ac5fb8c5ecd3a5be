"""``janitor-workers tasks``: what can be asked for."""

from __future__ import annotations

import json

import click


@click.command()
def tasks() -> None:
    """Print what can be asked for, as JSON Schema by task name."""
    from janitor.kinds import schemas  # noqa: PLC0415 - see the package's docstring

    click.echo(json.dumps(schemas(), indent=2))
