"""``janitor-workers storage``: how long files stay, and moving them back from the backup."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from janitor.config import load
from workers.commands.options import Number
from workers.commands.progress import progress

if TYPE_CHECKING:  # --help needs no database
    from janitor.deployment import Deployment
    from janitor.files import Kind

_KINDS = click.Choice(("logs", "artifacts"))
_of_kind = click.option("--only", type=_KINDS, help="Only these; both by default.")
_campaign = click.option("--campaign", default="*", show_default=True, help="Of this one.")
_result = click.option(
    "--result", "result_code", default="*", show_default=True, help="Of runs with this code."
)


@click.group()
def storage() -> None:
    """Say how long files stay; delete and move them."""


@storage.command("expire")
@click.option("--dry-run", is_flag=True, help="List what would go.")
@click.option("--json", "as_json", is_flag=True, help="List as JSON.")
@_of_kind
@click.pass_context
def expire_files(context: click.Context, dry_run: bool, as_json: bool, only: Kind | None) -> None:
    """Delete what no policy keeps and nobody needs."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.files import KINDS, shelf_of  # noqa: PLC0415
    from janitor.files.expiry import expire  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    for kind in (only,) if only else KINDS:
        if dry_run:
            _rehearse(deployment, kind, as_json=as_json)
            continue
        with progress(f"Deleting {kind}") as more:
            done = expire(deployment.sessions, shelf_of(deployment, kind), told=lambda _: more(1))
        click.echo(f"{kind}: {done}")
        if done.left:
            context.exit(1)


def _rehearse(deployment: Deployment, kind: Kind, *, as_json: bool) -> None:
    from janitor.files import shelf_of  # noqa: PLC0415
    from janitor.files.expiring import iter_expiring  # noqa: PLC0415

    runs = files = size = 0
    with deployment.engine.connect() as conn:
        for run in iter_expiring(conn, shelf_of(deployment, kind)):
            runs, files, size = runs + 1, files + run.files, size + run.size
            if as_json:
                click.echo(json.dumps({"kind": kind, **asdict(run)}, default=str))
            else:
                click.echo(
                    f"{run.run_id}  {run.campaign}  {run.codebase}  {run.result_code}"
                    f"  {run.ended:%Y-%m-%d}  {run.files} {kind}  {run.size} bytes"
                )
    click.echo(f"{kind}: {files} of {runs} runs would go, {size} bytes freed", err=as_json)


@storage.command("bring-back")
@_of_kind
@click.pass_context
def bring_back(context: click.Context, only: Kind | None) -> None:
    """Move what the backup stores have to the primary ones; exits with 1 if something stays."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files import KINDS, shelf_of  # noqa: PLC0415
    from janitor.files.returning import return_files  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    left = 0
    for kind in (only,) if only else KINDS:
        with progress(f"Moving {kind}") as more:
            moved = return_files(
                deployment.sessions, shelf_of(deployment, kind), told=lambda _: more(1)
            )
        click.echo(f"{kind}: {moved}")
        left += moved.left
    if left:
        context.exit(1)


@storage.command("policies")
@click.option("--json", "as_json", is_flag=True, help="List as JSON.")
@click.pass_context
def list_policies(context: click.Context, as_json: bool) -> None:
    """List how long files stay."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files.policies import policies  # noqa: PLC0415
    from janitor.times import in_json  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        found = policies(conn)
    if as_json:
        click.echo(json.dumps([in_json(asdict(policy)) for policy in found], indent=2))
        return
    if not found:
        click.echo("no policy: nothing expires")
    for policy in found:
        click.echo(str(policy))


@storage.command("set-policy")
@click.argument("files", type=_KINDS)
@_campaign
@_result
@click.option("--days", type=Number(min=0), required=True, help="After the run's end.")
@click.option(
    "--keep-newest",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Runs of each codebase and campaign whose files stay.",
)
@click.pass_context
def set_one(  # noqa: PLR0917 - click gives them by name
    context: click.Context,
    files: Kind,
    campaign: str,
    result_code: str,
    days: float,
    keep_newest: int,
) -> None:
    """Say how long FILES stay; the policy for the same ones is replaced."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files.policies import LONGEST, Policy, set_policy  # noqa: PLC0415

    keep_for = timedelta(days=min(days, LONGEST.days + 1))
    policy = Policy(files, campaign, result_code, keep_for, keep_newest)
    with Deployment(load(context.obj)).engine.begin() as conn:
        set_policy(conn, policy)
    click.echo(f"{policy}; see what would go: janitor-workers storage expire --dry-run")


@storage.command("remove-policy")
@click.argument("files", type=_KINDS)
@_campaign
@_result
@click.pass_context
def remove_one(context: click.Context, files: Kind, campaign: str, result_code: str) -> None:
    """Delete the policy for just these FILES."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files.policies import remove_policy  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.begin() as conn:
        remove_policy(conn, files, campaign, result_code)
    click.echo("removed")
