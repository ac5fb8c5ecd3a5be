"""``janitor-workers queue pace``, ``limit`` and ``holds``: what keeps entries from being taken."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click

from janitor.config import load
from workers.commands.options import Number

LONGEST = 366 * 24 * 60  # minutes


@click.command()
@click.argument("campaign")
@click.option("--weight", type=Number(min=0), help="Its share beside the others'; 0 pauses it.")
@click.option("--pause/--resume", "paused", default=None, help="Hand nothing out, or again.")
@click.pass_context
def pace(context: click.Context, campaign: str, weight: float | None, paused: bool | None) -> None:
    """Change the pace of CAMPAIGN, or of all at once with '*'.

    Weights count where a deployment gives campaigns fair shares; pauses always do.
    """
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.queue.pace import paces, set_pace  # noqa: PLC0415

    if weight is None and paused is None:
        raise click.UsageError("say what: --weight, --pause or --resume; queue holds shows paces")
    with Deployment(load(context.obj)).engine.begin() as conn:
        set_pace(conn, campaign, weight=weight, paused=paused)
        (now,) = (each for each in paces(conn) if each.campaign == campaign)
    click.echo(str(now))


@click.command()
@click.argument("host")
@click.option(
    "--minutes",
    type=Number(min=0, max=LONGEST, min_open=True),
    help="Take nothing from it for so long.",
)
@click.option("--most", type=click.IntRange(min=0), help="Claims at once; 0 is none.")
@click.pass_context
def limit(context: click.Context, host: str, minutes: float | None, most: int | None) -> None:
    """Limit what is taken from HOST; without options it has no limits any more."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.queue import limit_host  # noqa: PLC0415

    until = None if minutes is None else datetime.now(UTC) + timedelta(minutes=minutes)
    with Deployment(load(context.obj)).engine.begin() as conn:
        limit_host(conn, host, rate_limited_until=until, most_active=most)
    limited = minutes is not None or most is not None
    click.echo(f"{host} is limited" if limited else f"{host} has no limits")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="List as JSON.")
@click.pass_context
def holds(context: click.Context, as_json: bool) -> None:
    """List the paces of campaigns and the limits of hosts."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.queue.holds import Holds  # noqa: PLC0415
    from janitor.queue.pace import paces  # noqa: PLC0415
    from janitor.times import in_json  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        campaigns, hosts = paces(conn), Holds.of_now(conn).limits.values()
    if as_json:
        listed = {"campaigns": list(map(asdict, campaigns)), "hosts": list(map(asdict, hosts))}
        click.echo(json.dumps(in_json(listed), indent=2))
        return
    said = [str(each) for each in (*campaigns, *hosts)]
    click.echo("\n".join(said or ["no campaign has a pace of its own, and no host a limit"]))
