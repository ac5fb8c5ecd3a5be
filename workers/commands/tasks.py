"""``janitor-workers tasks``: what can be asked for, and trying again what failed."""

from __future__ import annotations

import json

import click

from janitor.config import load


@click.group(invoke_without_command=True)
@click.pass_context
def tasks(context: click.Context) -> None:
    """Print what can be asked for, as JSON Schema by task name."""
    from janitor.kinds import schemas  # noqa: PLC0415 - see the package's docstring

    if context.invoked_subcommand is None:
        click.echo(json.dumps(schemas(), indent=2))


@tasks.command()
@click.option("--task", "kinds", multiple=True, help="Only this one; may be repeated.")
@click.option("--run", "run_ids", multiple=True, help="Only jobs of this run; may be repeated.")
@click.option("--key", "keys", multiple=True, help="Only the job of this key; may be repeated.")
@click.option("--dry-run", is_flag=True, help="List them, with what went wrong.")
@click.pass_context
def retry(
    context: click.Context,
    *,
    kinds: tuple[str, ...],
    run_ids: tuple[str, ...],
    keys: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Give jobs that failed one more attempt.

    For when what was wrong is mended. Messages that could not be read are left out.
    """
    from janitor.jobs.again import Wanted, failed_jobs, try_again  # noqa: PLC0415
    from workers.app import open_deployment  # noqa: PLC0415

    wanted = Wanted(kinds or None, run_ids or None, keys or None)
    deployment = open_deployment(load(context.obj))
    with deployment.sessions.begin() as session:
        if dry_run:
            for job in failed_jobs(session, wanted):
                click.echo(str(job))
            return
        asked = try_again(session, wanted)
    click.echo(f"{asked} asked for again")
