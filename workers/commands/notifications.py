"""``janitor-workers notifications``: who is to hear of what, and what became of it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from janitor.config import load
from workers.commands.options import Number
from workers.commands.terminal import plain

if TYPE_CHECKING:
    from janitor.notifications.deliveries import Delivery, State

_LONGEST_REASON = 500  # characters


@click.group()
def notifications() -> None:
    """Say who is to hear of what, and see what became of it."""


@notifications.command("list")
@click.option("--json", "as_json", is_flag=True, help="List as JSON.")
@click.pass_context
def list_subscriptions(context: click.Context, as_json: bool) -> None:
    """List subscriptions."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.notifications.subscriptions import subscriptions  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        found = subscriptions(conn)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2, default=str))
        return
    for one in found:
        click.echo(f"{one.name}  {one.events}  campaign {one.campaign}  to {one.target}")


@notifications.command("set")
@click.argument("name")
@click.option("--events", required=True, help="An event, or a pattern with *.")
@click.option("--target", required=True, help="The name of a target; see JANITOR_NOTIFY_NAME.")
@click.option("--campaign", default="*", show_default=True, help="Only of this one.")
@click.option("--template", help="The text of its messages, with $codebase and the like.")
@click.option(
    "--remind-after",
    "days",
    type=Number(min=0, max=366, min_open=True),
    default=3,
    show_default=True,
    help="Days that a run waits for a review before a reminder.",
)
@click.pass_context
def set_one(  # noqa: PLR0917 - click gives them by name
    context: click.Context,
    name: str,
    events: str,
    target: str,
    campaign: str,
    template: str | None,
    days: float,
) -> None:
    """Store the subscription NAME; one of that name is replaced."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.notifications import subscriptions  # noqa: PLC0415

    wanted = subscriptions.Subscription(
        name, events, target, campaign, template, timedelta(days=days)
    )
    with Deployment(load(context.obj)).engine.begin() as conn:
        subscriptions.set_subscription(conn, wanted)
    click.echo(f"{name} is set; try it: janitor-workers notifications test {name}")


@notifications.command()
@click.argument("name")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Delete the subscription NAME."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.notifications.subscriptions import remove_subscription  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.begin() as conn:
        remove_subscription(conn, name)
    click.echo(f"{name} is removed")


@notifications.command()
@click.argument("name")
@click.option("--wait", type=Number(min=0), default=30, show_default=True, help="Seconds at most.")
@click.pass_context
def test(context: click.Context, name: str, wait: float) -> None:
    """Have a test sent to the subscription NAME; exits with 1 if it was not taken."""
    from janitor.notifications.deliveries import deliveries, send_test  # noqa: PLC0415
    from workers.app import open_deployment  # noqa: PLC0415

    deployment = open_deployment(load(context.obj))
    with deployment.sessions.begin() as session:
        asked = send_test(session, name)
    deadline = time.monotonic() + wait
    while True:
        with deployment.sessions() as session:
            (tried,) = deliveries(session, ids=[asked])
        if tried.state != "waiting" or tried.reason or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    click.echo(_line(tried))
    if tried.state != "sent":
        context.exit(1)


@notifications.command("deliveries")
@click.option("--subscription", help="Only of this one.")
@click.option(
    "--state", type=click.Choice(("waiting", "sent", "given up")), help="Only in this state."
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="List as JSON.")
@click.pass_context
def list_deliveries(
    context: click.Context,
    subscription: str | None,
    state: State | None,
    limit: int,
    as_json: bool,
) -> None:
    """List what was sent, waits or was given up, the newest first."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.notifications.deliveries import deliveries  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        found = deliveries(conn, subscription=subscription, state=state, limit=limit)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2, default=str))
        return
    for one in found:
        click.echo(_line(one))


@notifications.command("send-again")
@click.argument("deliveries", type=int, nargs=-1, required=True, metavar="ID...")
@click.pass_context
def again(context: click.Context, deliveries: tuple[int, ...]) -> None:
    """Send again the deliveries ID, which were given up."""
    from janitor.notifications.deliveries import send_again  # noqa: PLC0415
    from workers.app import open_deployment  # noqa: PLC0415

    with open_deployment(load(context.obj)).sessions.begin() as session:
        send_again(session, deliveries)
    click.echo(f"{len(deliveries)} asked for")


def _line(one: Delivery) -> str:
    reason = " ".join((one.reason or "").split())[:_LONGEST_REASON]
    tried = f"  {one.attempts} attempts: {reason}" if reason else ""
    about = f"  {one.run_id}" if one.run_id else ""
    # Others' servers say what went wrong, at any length.
    return plain(f"{one.id}  {one.state}  {one.subscription}  {one.event}{about}{tried}")
