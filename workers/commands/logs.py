"""``janitor-workers logs``: read, search and look after the logs of runs."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import click

from janitor.config import load
from workers.commands.analyse import analyse
from workers.commands.files import add_commands
from workers.commands.progress import progress
from workers.commands.terminal import plain, shows_to_people

if TYPE_CHECKING:  # --help needs no database
    from collections.abc import Iterable

LOOK_AGAIN = 0.5  # seconds between two looks at a log that somebody writes


@click.group()
def logs() -> None:
    """Read, search and look after the logs of runs."""


add_commands(logs, "logs")
logs.add_command(analyse)


@logs.command()
@click.argument("run")
@click.argument("name")
@click.pass_context
def cat(context: click.Context, run: str, name: str) -> None:
    """Print the log NAME of RUN."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.files import shelf_of  # noqa: PLC0415
    from janitor.files.reading import open_file  # noqa: PLC0415
    from janitor.logs.following import lines_of  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    with deployment.engine.connect() as conn:
        log = open_file(conn, shelf_of(deployment, "logs"), run, name)
    with log:
        _print(lines_of(log))


@logs.command()
@click.argument("run")
@click.argument("name")
@click.option("-n", "--lines", type=click.IntRange(min=0), default=40, show_default=True)
@click.option("-f", "--follow", "following", is_flag=True, help="Go on while it is written.")
@click.pass_context
def tail(context: click.Context, run: str, name: str, lines: int, following: bool) -> None:
    """Print the end of the log NAME of RUN.

    With -f it is read from the spool, until the run's files leave it or you press Ctrl-C.
    """
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files import shelf_of  # noqa: PLC0415
    from janitor.files.reading import open_file  # noqa: PLC0415
    from janitor.logs.following import follow, last_lines  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    if following:
        spool = deployment.spool
        _print(
            follow(lambda: spool.open(run, name), last=lines, wait=lambda: time.sleep(LOOK_AGAIN))
        )
        click.echo(f"{name} of run {run} has left the spool", err=True)
        return
    with deployment.engine.connect() as conn:
        log = open_file(conn, shelf_of(deployment, "logs"), run, name)
    with log:
        _print(last_lines(log, lines))


@logs.command()
@click.argument("pattern")
@click.option("--campaign", help="Only this one.")
@click.option("--codebase", help="Only this one.")
@click.option("--result", "result_code", help="Only runs with this result code.")
@click.option("--run", "run_id", help="Only this one.")
@click.option("--name", help="Only logs of this name.")
@click.option("-i", "--ignore-case", is_flag=True)
@click.option(
    "--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="Logs at most."
)
@click.pass_context
def search(
    context: click.Context,
    /,
    *,
    pattern: str,
    ignore_case: bool,
    limit: int,
    **wanted: str | None,
) -> None:
    """Print the lines that match the regular expression PATTERN, of the newest runs' logs.

    Recorded logs only. Exits with 1 if nothing matches.
    """
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files import shelf_of  # noqa: PLC0415
    from janitor.files.searching import Wanted, logs_to_search  # noqa: PLC0415
    from janitor.files.searching import search as hits_in  # noqa: PLC0415

    try:
        compiled = re.compile(pattern.encode(), re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        raise click.BadParameter(f"{pattern!r}: {error}", param_hint="PATTERN") from None
    deployment = Deployment(load(context.obj))
    shelf = shelf_of(deployment, "logs")
    with deployment.engine.connect() as conn:
        files = logs_to_search(conn, shelf, Wanted(**wanted), limit)
    found = False
    with progress("Searching", len(files)) as more:
        for file in files:
            for hit in hits_in(shelf, file, compiled):
                found = True
                where = f"{hit.run_id}/{hit.name}:{hit.number}: ".encode()
                _print([where + hit.line + b"\n"])
            more(1)
    if len(files) == limit:
        click.echo(f"only the newest {limit} logs were searched; --limit allows more", err=True)
    if not found:
        context.exit(1)


def _print(lines: Iterable[bytes]) -> None:
    """Print lines as they are; on a terminal without what it would obey."""
    to_people = shows_to_people()
    for line in lines:
        click.echo(plain(line.decode(errors="replace")) if to_people else line, nl=False)
