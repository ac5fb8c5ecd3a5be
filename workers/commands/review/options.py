"""Options that several commands of reviewers have."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., None]


def login_name() -> str:
    """Return who is at the terminal, by name.

    Raises:
        click.UsageError: the user id has no name, as in many a container.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise click.UsageError("your user id has no name here; say who you are") from None


reviewer = click.option(
    "--reviewer",
    default=login_name,
    show_default="your login name",
    help="Who you are.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Say it in JSON.")


def verdict_options(command: Command) -> Command:
    """Add what every command takes that gives verdicts."""
    decorators: list[Callable[[Any], Any]] = [
        reviewer,
        click.option("--qa", is_flag=True, help="You are a QA reviewer."),
        click.option("--comment", help="What you say of it."),
        click.option("--submission", help="The same one again is recorded once."),
    ]
    return _with(decorators, command)


def selection(command: Command) -> Command:
    """Add the options that choose among the runs that wait."""
    decorators: list[Callable[[Any], Any]] = [
        click.option("--campaign", "campaigns", multiple=True, help="Only this; may be repeated."),
        click.option("--codebase", "codebases", multiple=True, help="Only this; may be repeated."),
        click.option("--same-diff-as", metavar="RUN", help="Only runs that made the same change."),
    ]
    return _with(decorators, command)


def _with(decorators: list[Callable[[Any], Any]], command: Command) -> Command:
    for decorator in reversed(decorators):
        command = decorator(command)
    return command
