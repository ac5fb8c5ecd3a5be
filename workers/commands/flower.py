"""``janitor-workers flower``: pools, queues and tasks in a web page."""

from __future__ import annotations

import click

from janitor.config import load
from workers.commands.options import loglevel


@click.command()
@click.option("--address", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=5555, show_default=True)
@loglevel
@click.pass_context
def flower(context: click.Context, address: str, port: int, loglevel: str) -> None:
    """Show pools, queues and tasks in a web page."""
    from workers.running import run_flower  # noqa: PLC0415 - see the package's docstring

    run_flower(load(context.obj), address=address, port=port, level=loglevel)
