"""``janitor-workers up``: everything on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import click

from janitor.config import load
from janitor.config.variables import FILE_VARIABLE


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data"),
    show_default=True,
    help="Where the embedded servers and stores keep their data.",
)
@click.option("--flower-port", type=click.IntRange(0, 65535), default=5555, show_default=True)
@click.pass_context
def up(context: click.Context, data: Path, flower_port: int) -> None:
    """Run everything on this machine until Ctrl-C: servers, beat, all pools, Flower."""
    from workers.house import House  # noqa: PLC0415 - see the package's docstring
    from workers.signals import leaving_in_order  # noqa: PLC0415

    if context.obj is not None:
        os.environ[FILE_VARIABLE] = str(context.obj.resolve())  # the programs read it too
    # Around all of it: a server that is just starting has to be ended too.
    with leaving_in_order(), House(data, load(context.obj), flower_port=flower_port) as house:
        house.start_clock()
        click.echo(house.description())
        house.watch()
