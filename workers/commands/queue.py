"""``janitor-workers queue``: look at the runs that are to be done."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from janitor.config import load


@click.group()
def queue() -> None:
    """Look at the queue."""


@queue.command("list")
@click.option("--campaign", help="Only this one.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="List as JSON.")
@click.pass_context
def list_entries(context: click.Context, campaign: str | None, limit: int, as_json: bool) -> None:
    """List entries, the first to be served first."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.queue import Queue  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        items = list(Queue(conn).iter_queue(limit, campaign))
    if as_json:
        click.echo(json.dumps([asdict(item) for item in items], indent=2, default=str))
        return
    for item in items:
        click.echo(f"{item.id}  {item.campaign}  {item.codebase}  {item.command}")


@queue.command()
@click.argument("codebase")
@click.argument("campaign")
@click.option("--json", "as_json", is_flag=True, help="Say it in JSON.")
@click.pass_context
def position(context: click.Context, codebase: str, campaign: str, as_json: bool) -> None:
    """Say where CODEBASE stands in CAMPAIGN; exits with 1 if it is not in the queue."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.queue import Queue  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        place, ahead = Queue(conn).get_position(campaign, codebase)
    if as_json:
        seconds = None if ahead is None else ahead.total_seconds()
        click.echo(json.dumps({"position": place, "seconds_ahead": seconds}))
    elif place is None:
        click.echo(f"{campaign} on {codebase} is not in the queue")
    else:
        click.echo(f"position {place}, {ahead} of estimated work ahead")
    if place is None:
        context.exit(1)


@queue.command()
@click.option("--json", "as_json", is_flag=True, help="Count in JSON.")
@click.pass_context
def buckets(context: click.Context, as_json: bool) -> None:
    """Count the entries of each bucket, the first to be served first."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.queue import Queue  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        counts = Queue(conn).get_buckets()
    if as_json:
        click.echo(json.dumps(dict(counts)))
        return
    for bucket, entries in counts:
        click.echo(f"{bucket}  {entries}")
