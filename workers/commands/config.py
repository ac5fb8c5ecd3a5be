"""``janitor-workers config``: is the configuration right, what is it, what could it be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from janitor.config import Config, ConfigError, explained
from janitor.config.mistakes import refuse
from janitor.config.variables import PROFILE_VARIABLE
from workers.commands.terminal import in_a_line
from workers.overrides import said_as


@click.group()
def config() -> None:
    """Check, show and describe the configuration."""


@config.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.pass_context
def config_check(context: click.Context, file: Path | None) -> None:
    """Name every mistake in FILE and all that is read with it; exits with 1 if any.

    Without FILE it is the one that is used.
    """
    from janitor.config.variables import misspelt  # noqa: PLC0415 - see the package's docstring
    from janitor.vcs.settings import wrong_settings  # noqa: PLC0415

    for line in misspelt(os.environ):
        click.echo(line, err=True)
    try:
        refuse([*wrong_settings(explained(file or context.obj))])
    except ConfigError as error:
        for line in str(error).split("\n"):
            click.echo(in_a_line(line), err=True)
        context.exit(1)
    click.echo("no mistakes")


@config.command("show")
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@click.option("--diff", "other", metavar="PROFILE", help="Show only what this profile changes.")
@click.option("--secrets", is_flag=True, help="Show them, too.")
@click.pass_context
def config_show(context: click.Context, origin: bool, other: str | None, secrets: bool) -> None:
    """Print the configuration, all layers of it, as a file that loads to the same.

    Values that hold a secret are comments, so that nobody takes a mask for a value.
    """
    from janitor.config.printing import as_text, masked  # noqa: PLC0415

    settings = explained(context.obj)
    tell = said_as(context) if origin else None
    if other is not None:
        changed = explained(context.obj, os.environ | {PROFILE_VARIABLE: other})
        profile = os.environ.get(PROFILE_VARIABLE) or "no profile"
        one, two = (as_text(each, secrets=secrets, tell=tell) for each in (settings, changed))
        for line in _differences(one, two, (profile, other)):
            click.echo(line)
        if not secrets and _masks_hide_differences(settings, changed):
            click.echo("Masked values differ; --secrets shows them.")
        return
    if not secrets and masked(settings):
        click.echo("# Masked values are missing here; --secrets prints them.")
    click.echo(as_text(settings, secrets=secrets, tell=tell), nl=False)


@config.command("template")
def config_template() -> None:
    """Print a file with everything that can be configured, commented out."""
    from janitor.config.template import template  # noqa: PLC0415

    click.echo(template(), nl=False)


def _differences(one: str, other: str, names: tuple[str, str]) -> Iterator[str]:
    from difflib import unified_diff  # noqa: PLC0415

    yield from unified_diff(one.splitlines(), other.splitlines(), *names, lineterm="")


def _masks_hide_differences(one: Config, other: Config) -> bool:
    from janitor.config.printing import as_text  # noqa: PLC0415

    plain, masked = (
        {*as_text(one, secrets=secrets).splitlines()}
        ^ {*as_text(other, secrets=secrets).splitlines()}
        for secrets in (True, False)
    )
    return len(plain) > len(masked)
