"""The command ``janitor-workers``: options to calls, errors to sentences.

Each command imports what it needs when it runs, so that ``--help`` is quick and a worker
can set its environment before Celery reads it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from janitor import version_string
from janitor.config import Config, load
from janitor.config.loading import FILE_VARIABLE
from workers.commands.upload import upload
from workers.complaints import told_in_a_sentence
from workers.pools import POOLS

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version_string, prog_name="janitor-workers")
@click.option(
    "--config",
    "config_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="janitor.conf; JANITOR_CONFIG is used without this.",
)
@click.pass_context
def cli(context: click.Context, config_path: Path | None) -> None:
    """Run and look after the shared infrastructure of a Janitor."""
    context.obj = config_path


cli.add_command(upload)


def _config(context: click.Context) -> Config:
    return load(context.obj)


@cli.group()
def db() -> None:
    """Create, adopt, upgrade and check the state database."""


@db.command("upgrade")
@click.pass_context
def db_upgrade(context: click.Context) -> None:
    """Bring the database to the newest schema; adopts a live Janitor database."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the module's docstring
    from janitor.state.upgrade import upgrade  # noqa: PLC0415

    click.echo(upgrade(Deployment(_config(context)).engine))


@db.command("check")
@click.pass_context
def db_check(context: click.Context) -> None:
    """Say what is behind or different; exits with 1 if anything is."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.state.upgrade import check  # noqa: PLC0415

    report = check(Deployment(_config(context)).engine)
    click.echo(report)
    if report.findings:
        context.exit(1)


@cli.command()
@click.argument("pools", nargs=-1, required=True, type=click.Choice([pool.name for pool in POOLS]))
@click.option("--events", is_flag=True, help="Tell Flower of tasks from the first one on.")
@click.option("--concurrency", type=click.IntRange(min=1), help="Child processes in all.")
@click.option("--loglevel", type=click.Choice(LEVELS), default="INFO", show_default=True)
@click.pass_context
def worker(
    context: click.Context,
    pools: tuple[str, ...],
    concurrency: int | None,
    events: bool,
    loglevel: str,
) -> None:
    """Work on the queues of one or more POOLS."""
    # A supervisor's SIGTERM hands running work back at once instead of after an hour;
    # billiard reads this when it is imported.
    os.environ["REMAP_SIGTERM"] = "SIGQUIT"
    from workers.running import run_worker  # noqa: PLC0415

    run_worker(_config(context), pools, concurrency=concurrency, events=events, level=loglevel)


@cli.command()
@click.option("--loglevel", type=click.Choice(LEVELS), default="INFO", show_default=True)
@click.pass_context
def beat(context: click.Context, loglevel: str) -> None:
    """Run the clock that triggers periodic work; one is enough, two do no harm."""
    from workers.running import run_beat  # noqa: PLC0415

    run_beat(_config(context), level=loglevel)


@cli.command()
@click.option("--address", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=5555, show_default=True)
@click.option("--loglevel", type=click.Choice(LEVELS), default="INFO", show_default=True)
@click.pass_context
def flower(context: click.Context, address: str, port: int, loglevel: str) -> None:
    """Show pools, queues and tasks in a web page."""
    from workers.running import run_flower  # noqa: PLC0415

    run_flower(_config(context), address=address, port=port, level=loglevel)


@cli.command()
def tasks() -> None:
    """Print what can be asked for, as JSON Schema by task name."""
    from janitor.kinds import schemas  # noqa: PLC0415

    click.echo(json.dumps(schemas(), indent=2))


@cli.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data"),
    show_default=True,
    help="Where the embedded servers and stores keep their data.",
)
@click.option("--flower-port", type=click.IntRange(0, 65535), default=5555, show_default=True)
@click.pass_context
def up(context: click.Context, data: Path, flower_port: int) -> None:
    """Run everything on this machine until Ctrl-C: servers, beat, all pools, Flower."""
    from workers.house import House  # noqa: PLC0415
    from workers.signals import leaving_in_order  # noqa: PLC0415

    if context.obj is not None:
        os.environ[FILE_VARIABLE] = str(context.obj.resolve())  # the programs read it too
    # Around all of it: a server that is just starting has to be ended too.
    with leaving_in_order(), House(data, _config(context), flower_port=flower_port) as house:
        house.start_clock()
        click.echo(house.description())
        house.watch()


def main() -> None:
    """Run the command; whatever goes wrong is told in a sentence."""
    with told_in_a_sentence("janitor-workers"):
        try:
            sys.exit(cli(standalone_mode=False))  # the status that a command asked for
        except click.exceptions.Abort:
            sys.exit(130)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
