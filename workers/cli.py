"""The command ``janitor-workers``; what it can do is in :mod:`workers.commands`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from janitor import version_string
from workers.commands.artifacts import artifacts
from workers.commands.beat import beat
from workers.commands.config import config
from workers.commands.db import db
from workers.commands.diff import diff
from workers.commands.flower import flower
from workers.commands.logs import logs
from workers.commands.notifications import notifications
from workers.commands.queue import queue
from workers.commands.review import review
from workers.commands.schedule import schedule
from workers.commands.storage import storage
from workers.commands.tasks import tasks
from workers.commands.up import up
from workers.commands.upload import upload
from workers.commands.worker import worker
from workers.complaints import PROGRAM, show_refusal, told_in_a_sentence
from workers.overrides import in_environment


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version_string, prog_name=PROGRAM)
@click.option(
    "--config",
    "config_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="janitor.conf; JANITOR_CONFIG is used without this.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Configure this, too; may be repeated. Others can read it: no place for secrets.",
)
@click.pass_context
def cli(context: click.Context, config_path: Path | None, settings: tuple[str, ...]) -> None:
    """Run and look after the shared infrastructure of a Janitor."""
    context.obj = config_path
    context.with_resource(in_environment(settings))


for _command in (
    artifacts,
    beat,
    config,
    db,
    diff,
    flower,
    logs,
    notifications,
    queue,
    review,
    schedule,
    storage,
    tasks,
    up,
    upload,
    worker,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command; whatever goes wrong is told in a sentence."""
    with told_in_a_sentence(PROGRAM):
        try:
            sys.exit(cli(standalone_mode=False))  # the status that a command asked for
        except click.exceptions.Abort:
            sys.exit(130)
        except click.ClickException as error:
            show_refusal(error)
            sys.exit(error.exit_code)
