"""``janitor-workers db``: the state database's schema."""

from __future__ import annotations

import click

from janitor.config import load


@click.group()
def db() -> None:
    """Create, adopt, upgrade and check the state database."""


@db.command("upgrade")
@click.pass_context
def db_upgrade(context: click.Context) -> None:
    """Bring the database to the newest schema; adopts a live Janitor database."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.state.upgrade import upgrade  # noqa: PLC0415

    click.echo(upgrade(Deployment(load(context.obj)).engine))


@db.command("check")
@click.pass_context
def db_check(context: click.Context) -> None:
    """Say what is behind or different; exits with 1 if anything is."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.state.upgrade import check  # noqa: PLC0415

    report = check(Deployment(load(context.obj)).engine)
    click.echo(report)
    if report.findings:
        context.exit(1)
