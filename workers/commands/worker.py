"""``janitor-workers worker``: work on the queues of some pools."""

from __future__ import annotations

import os

import click

from janitor.config import load
from workers.commands.options import loglevel
from workers.pools import POOLS


@click.command()
@click.argument("pools", nargs=-1, required=True, type=click.Choice([pool.name for pool in POOLS]))
@click.option("--events", is_flag=True, help="Tell Flower of tasks from the first one on.")
@click.option("--concurrency", type=click.IntRange(min=1), help="Child processes in all.")
@loglevel
@click.pass_context
def worker(
    context: click.Context,
    pools: tuple[str, ...],
    concurrency: int | None,
    events: bool,
    loglevel: str,
) -> None:
    """Work on the queues of one or more POOLS."""
    # A supervisor's SIGTERM hands running work back at once instead of after an hour;
    # billiard reads this when it is imported.
    os.environ["REMAP_SIGTERM"] = "SIGQUIT"
    from workers.running import run_worker  # noqa: PLC0415 - see the package's docstring

    run_worker(
        lambda: load(context.obj), pools, concurrency=concurrency, events=events, level=loglevel
    )
