"""``janitor-workers schedule``: give places, explain them, look after what they come from.

:mod:`.request` asks for runs.
"""

from __future__ import annotations

import json

import click

from janitor.config import load
from workers.commands.request import request


@click.group()
def schedule() -> None:
    """Recompute and explain the places in the queue."""


@schedule.command()
@click.option("--campaign", "campaigns", multiple=True, help="Only this one; may be repeated.")
@click.option("--codebase", "codebases", multiple=True, help="Only this one; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Change nothing, and list what would change.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.pass_context
def recompute(
    context: click.Context,
    campaigns: tuple[str, ...],
    codebases: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give every candidate its place in the queue."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.names import checked_slug  # noqa: PLC0415
    from janitor.schedule.estimates import Scope  # noqa: PLC0415
    from janitor.schedule.recompute import recompute as give_places  # noqa: PLC0415
    from janitor.schedule.selection import Selection, check  # noqa: PLC0415
    from janitor.schedule.whole import recompute_all  # noqa: PLC0415

    for kind, names in {"campaign": campaigns, "codebase": codebases}.items():
        for name in names:
            checked_slug(name, kind)
    scope = Scope(codebases or None, campaigns or None)
    deployment = Deployment(load(context.obj))
    if scope == Scope() and not dry_run:
        done = recompute_all(deployment.engine, options=deployment.scheduling)
    else:
        with deployment.engine.begin() as conn:
            if scope != Scope():
                check(conn, Selection(campaigns=campaigns, codebases=codebases))
            done = give_places(conn, scope, dry_run=dry_run, options=deployment.scheduling)
    click.echo(json.dumps(done.as_json(), indent=2) if as_json else str(done))


@schedule.command()
@click.argument("codebase")
@click.argument("campaign")
@click.option("--change-set", help="The candidate of this change set.")
@click.option("--json", "as_json", is_flag=True, help="Explain in JSON.")
@click.pass_context
def explain(
    context: click.Context, codebase: str, campaign: str, change_set: str | None, as_json: bool
) -> None:
    """Say why CODEBASE has its place in CAMPAIGN, or has none."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.schedule.explain import explain as reasons_of  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    with deployment.engine.connect() as conn:
        said = reasons_of(conn, codebase, campaign, change_set, options=deployment.scheduling)
    click.echo(json.dumps(said.as_json(), indent=2) if as_json else str(said))


schedule.add_command(request)


@schedule.group()
def statistics() -> None:
    """Look after the statistics over runs that estimates read."""


@statistics.command()
@click.pass_context
def rebuild(context: click.Context) -> None:
    """Count all runs anew."""
    from sqlalchemy import text  # noqa: PLC0415

    from janitor.deployment import Deployment  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.begin() as conn:
        conn.execute(text("SELECT rebuild_run_statistics()"))
    click.echo("the statistics are counted anew")


@statistics.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Compare the statistics with the runs; exits with 1 if they differ."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.schedule.statistics import wrong_statistics  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        wrong = wrong_statistics(conn)
    for codebase, campaign in wrong:
        click.echo(f"the statistics of {campaign} on {codebase} are not what its runs say")
    if wrong:
        context.exit(1)
