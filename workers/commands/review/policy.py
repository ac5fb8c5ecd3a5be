"""``janitor-workers review policy``: what campaigns ask of reviews."""

from __future__ import annotations

from typing import BinaryIO

import click

from janitor.config import load
from janitor.names import checked_slug
from workers.commands.review.options import login_name

_MOST = 1_000_000  # bytes of a document


@click.group()
def policy() -> None:
    """Look at, check and set what campaigns ask of reviews."""


@policy.command("show")
@click.argument("campaign", required=False)
@click.pass_context
def show_policy(context: click.Context, campaign: str | None) -> None:
    """Print the policy that counts for CAMPAIGN, or every one that is kept."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.review.campaign_policy import kept_policies, policy_of  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        if campaign is not None:
            click.echo(policy_of(conn, campaign).document())
            return
        kept = kept_policies(conn)
    for name, each in kept.items():
        click.echo(f"{name}: {each.document()}")
    if "*" not in kept:
        click.echo("every other campaign: the latest verdict of a QA reviewer decides")


@policy.command("check")
@click.argument("file", type=click.File("rb"))
def check_policy(file: BinaryIO) -> None:
    """Say what is wrong with the policy in FILE; exits with 1 if anything is."""
    from janitor.review.policy import Policy  # noqa: PLC0415

    Policy.read(file.read(_MOST))
    click.echo("the policy makes sense")


@policy.command("set")
@click.argument("campaign")
@click.argument("file", type=click.File("rb"))
@click.option("--actor", default=login_name, show_default="your login name", help="Who says so.")
@click.pass_context
def set_one(context: click.Context, campaign: str, file: BinaryIO, actor: str) -> None:
    """Give CAMPAIGN, or '*' for all without one, the policy in FILE ('-': standard input)."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.review.campaign_policy import EVERY_CAMPAIGN, set_policy  # noqa: PLC0415
    from janitor.review.policy import Policy  # noqa: PLC0415

    if campaign != EVERY_CAMPAIGN:
        checked_slug(campaign, "campaign")
    read = Policy.read(file.read(_MOST))
    with Deployment(load(context.obj)).engine.begin() as conn:
        set_policy(conn, campaign, read, actor=actor)
    click.echo(f"{campaign} has that policy; runs that wait are decided anew within a minute")


@policy.command("unset")
@click.argument("campaign")
@click.pass_context
def unset_one(context: click.Context, campaign: str) -> None:
    """Take CAMPAIGN's own policy away; that of '*' counts from then on, or the default."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.review.campaign_policy import unset_policy  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.begin() as conn:
        had = unset_policy(conn, campaign)
    click.echo(f"{campaign} {'has' if had else 'had'} no policy of its own{' now' if had else ''}")
