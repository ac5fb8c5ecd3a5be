"""``janitor-workers beat``: the clock."""

from __future__ import annotations

import click

from janitor.config import load
from workers.commands.options import loglevel


@click.command()
@loglevel
@click.pass_context
def beat(context: click.Context, loglevel: str) -> None:
    """Run the clock that triggers periodic work; one is enough, two do no harm."""
    from workers.running import run_beat  # noqa: PLC0415 - see the package's docstring

    run_beat(load(context.obj), level=loglevel)
