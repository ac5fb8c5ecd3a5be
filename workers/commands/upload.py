"""``janitor-workers upload``: codebases and candidates in bulk, from files of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, BinaryIO

import click

from janitor.config import load


@click.group()
def upload() -> None:
    """Add, change or remove codebases and candidates from a file of JSON lines."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    decorators: list[Callable[[Any], Any]] = [
        click.argument("file", type=click.File("rb")),
        click.option(
            "--all-or-nothing/--keep-going",
            default=True,
            show_default=True,
            help="With a wrong line store nothing, or the others.",
        ),
        click.option("--remove", is_flag=True, help="Remove what the lines name."),
        click.option("--json", "as_json", is_flag=True, help="Report as JSON."),
        click.pass_context,
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


@upload.command()
@_options
def codebases(context: click.Context, file: BinaryIO, **options: bool) -> None:
    """Store codebases from FILE, or from standard input for '-'.

    One JSON object a line. Exits with 1 if any line is refused.
    """
    _upload(context, "codebases", file, **options)


@upload.command()
@_options
def candidates(context: click.Context, file: BinaryIO, **options: bool) -> None:
    """Store candidates from FILE, or from standard input for '-'.

    One JSON object a line. Exits with 1 if any line is refused.
    """
    _upload(context, "candidates", file, **options)


def _upload(
    context: click.Context,
    subject: str,
    file: BinaryIO,
    *,
    all_or_nothing: bool,
    remove: bool,
    as_json: bool,
) -> None:
    from janitor.deployment import Deployment  # noqa: PLC0415 - --help needs no database
    from janitor.uploads import upload as store  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    with deployment.engine.begin() as conn:
        report = store(
            conn,
            subject,
            file,
            remove=remove,
            all_or_nothing=all_or_nothing,
            options=deployment.scheduling,
        )
    click.echo(json.dumps(report.as_json(), indent=2) if as_json else str(report))
    if report.refused:
        context.exit(1)
