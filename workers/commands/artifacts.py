"""``janitor-workers artifacts``: fetch, add and look after the artifacts of runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from janitor.config import load
from workers.commands.files import add_commands
from workers.commands.progress import progress

if TYPE_CHECKING:  # --help needs no database
    from collections.abc import Callable

    from janitor.files.reading import FileOfRun


@click.group()
def artifacts() -> None:
    """Fetch, add and look after the artifacts of runs."""


add_commands(artifacts, "artifacts")


@artifacts.command()
@click.argument("run")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--to",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The directory; here by default.",
)
@click.pass_context
def get(context: click.Context, run: str, names: tuple[str, ...], directory: Path) -> None:
    """Fetch artifacts of RUN: those of a NAME, or all.

    What was recorded of them is checked; a file that is there already stays.
    """
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.files import shelf_of  # noqa: PLC0415
    from janitor.files.reading import NoSuchFile, files_of, open_file  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    shelf = shelf_of(deployment, "artifacts")
    directory.mkdir(parents=True, exist_ok=True)
    with deployment.engine.connect() as conn:
        files = files_of(conn, shelf, run)
        missing = set(names) - {file.name for file in files}
        if missing or not files:
            raise NoSuchFile(f"run {run} has no {', '.join(sorted(missing)) or 'artifacts'}")
        wanted = [file for file in files if not names or file.name in names]
        with progress("Fetching", sum(file.stored_size for file in wanted)) as more:
            for file in wanted:
                with open_file(conn, shelf, run, file.name) as stored:
                    _fetch(stored, file, directory / file.name, more)
    click.echo(f"{len(wanted)} artifacts in {directory}")


def _fetch(stored: BinaryIO, file: FileOfRun, path: Path, more: Callable[[int], None]) -> None:
    """Fetch one file whole or not at all."""
    from janitor.storage.port import CHUNK  # noqa: PLC0415

    part = path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
    try:
        with part.open("xb") as fetched:
            while piece := stored.read(CHUNK):
                fetched.write(piece)
                more(len(piece))
        if file.row is not None:
            part.chmod(file.row.mode & 0o777)
            os.utime(part, (file.row.mtime.timestamp(),) * 2)
        path.hardlink_to(part)  # never over what is there
    finally:
        part.unlink(missing_ok=True)


@artifacts.command()
@click.argument("run")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.pass_context
def put(context: click.Context, run: str, files: tuple[Path, ...]) -> None:
    """Store each FILE as an artifact of RUN, under its own name."""
    from janitor.artifacts.adding import add_artifact  # noqa: PLC0415
    from janitor.artifacts.upload import record_artifacts  # noqa: PLC0415
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files.index import check_run  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    with deployment.engine.connect() as conn:
        check_run(conn, run)
    with progress("Storing", sum(path.stat().st_size for path in files)) as more:
        for path in files:
            stored = add_artifact(
                run, path.name, path, deployment.artifacts, deployment.backup_artifacts
            )
            with deployment.engine.begin() as conn:
                record_artifacts(conn, [stored])
            more(stored.size)
    click.echo(f"{len(files)} artifacts stored")


@artifacts.command("pin")
@click.argument("run")
@click.option("--reason", help="Why, for others.")
@click.pass_context
def pin_run(context: click.Context, run: str, reason: str | None) -> None:
    """Keep artifacts and logs of RUN, whatever policies say."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files import KINDS, shelf_of  # noqa: PLC0415
    from janitor.files.needed import pin  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    shelves = tuple(shelf_of(deployment, kind) for kind in KINDS)
    with deployment.engine.begin() as conn:
        pin(conn, shelves, run, reason)
    click.echo(f"run {run} is pinned")


@artifacts.command("unpin")
@click.argument("run")
@click.pass_context
def unpin_run(context: click.Context, run: str) -> None:
    """Let policies decide about the files of RUN again; exits with 1 if it was not pinned."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files.needed import unpin  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.begin() as conn:
        was = unpin(conn, run)
    click.echo(f"run {run} is not pinned any more" if was else f"run {run} was not pinned")
    if not was:
        context.exit(1)
