"""``janitor-workers queue``: look at the runs that are to be done, and at what holds them.

:mod:`.holds` pauses campaigns and limits hosts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from janitor.config import load
from workers.commands.holds import holds, limit, pace

if TYPE_CHECKING:
    from datetime import timedelta

    from janitor.queue.listing import Listed

NOTHING = {"position": None, "seconds_ahead": None}


@click.group()
def queue() -> None:
    """Look at the queue, pause campaigns and limit hosts."""


queue.add_command(pace)
queue.add_command(limit)
queue.add_command(holds)


@queue.command("list")
@click.option("--campaign", help="Only this one.")
@click.option("--codebase", help="Only this one.")
@click.option("--bucket", help="Only this one.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="List as JSON.")
@click.pass_context
def list_entries(
    context: click.Context,
    *,
    campaign: str | None,
    codebase: str | None,
    bucket: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List entries, the first to be served first, and what holds them."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.queue.listing import in_order  # noqa: PLC0415
    from janitor.queue.listing import list_entries as entries_of  # noqa: PLC0415
    from janitor.queue.new_entry import checked_bucket  # noqa: PLC0415

    wanted = in_order(limit, campaign, codebase, bucket and checked_bucket(bucket))
    with Deployment(load(context.obj)).engine.connect() as conn:
        entries = list(entries_of(conn, wanted))
    if as_json:
        click.echo(json.dumps([entry.as_json() for entry in entries], indent=2))
        return
    for line in _table(entries) if entries else ["nothing of that is in the queue"]:
        click.echo(line)


@queue.command()
@click.argument("codebase")
@click.argument("campaign")
@click.option("--change-set", help="The entry of this one; '' for the one without.")
@click.option("--json", "as_json", is_flag=True, help="Say it in JSON.")
@click.pass_context
def position(
    context: click.Context, codebase: str, campaign: str, change_set: str | None, as_json: bool
) -> None:
    """Say where CODEBASE stands in CAMPAIGN, and how long it waits.

    Of several change sets the first counts. Exits with 1 if it is not in the queue.
    """
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.queue import Queue  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        waiting = Queue(conn).waiting(campaign, codebase, change_set=change_set)
    if as_json:
        click.echo(json.dumps(waiting.as_json() if waiting else NOTHING))
    elif waiting is None:
        of = f" ({change_set})" if change_set else ""
        click.echo(f"{campaign} on {codebase}{of} is not in the queue; schedule explain says why")
    else:
        click.echo("\n".join([str(waiting), *waiting.held]))
    if waiting is None:
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
    if not counts:
        click.echo("the queue is empty")
    for bucket, entries in counts:
        click.echo(f"{entries:>9}  {bucket}")


def _takes(duration: timedelta | None) -> str:
    from janitor.times import duration_in_words  # noqa: PLC0415

    return "?" if duration is None else duration_in_words(duration)


def _table(entries: list[Listed]) -> list[str]:
    """Return a line for each entry below one of headings; the last column is as long as it is."""
    rows = [("id", "bucket", "priority", "campaign", "codebase", "change set", "takes", "command")]
    rows += [
        (
            str(entry.item.id),
            entry.bucket,
            str(entry.priority),
            entry.item.campaign,
            entry.item.codebase,
            entry.item.change_set or "-",
            _takes(entry.item.estimated_duration),
            "; ".join([entry.item.command or "-", *entry.held]),
        )
        for entry in entries
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
