"""What ``logs`` and ``artifacts`` share: list, url, delete, reindex, orphans."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from janitor.config import load
from workers.commands.options import Number
from workers.commands.progress import progress

if TYPE_CHECKING:  # --help needs no database
    from janitor.files import Kind
    from janitor.files.orphans import Wrong
    from janitor.files.reading import FileOfRun

older_than = click.option(
    "--older-than",
    "hours",
    type=Number(min=0),
    default=24,
    show_default=True,
    help="Hours; what is younger may be stored just now.",
)


def add_commands(group: click.Group, kind: Kind) -> None:
    """Add what both groups have."""
    one = kind.removesuffix("s")

    @group.command("list", help=f"List the {kind} of RUN, recorded or not.")
    @click.argument("run")
    @click.option("--json", "as_json", is_flag=True, help="List as JSON.")
    @click.pass_context
    def list_files(context: click.Context, run: str, as_json: bool) -> None:
        _list(context, kind, run, as_json=as_json)

    @group.command(help=f"Print a URL by which anybody may read the {one} NAME of RUN for a while.")
    @click.argument("run")
    @click.argument("name")
    @click.option(
        "--hours",
        type=Number(min=0, min_open=True, max=7 * 24),
        default=1,
        show_default=True,
        help="How long.",
    )
    @click.pass_context
    def url(context: click.Context, run: str, name: str, hours: float) -> None:
        _url(context, kind, run, name, timedelta(hours=hours))

    @group.command(help=f"Delete {kind} of RUN: those of a NAME, or all.")
    @click.argument("run")
    @click.argument("names", nargs=-1, metavar="[NAME]...")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @click.option("--force", is_flag=True, help="Also of a run that is needed.")
    @click.pass_context
    def delete(
        context: click.Context, run: str, names: tuple[str, ...], yes: bool, force: bool
    ) -> None:
        _delete(context, kind, run, names, yes=yes, force=force)

    @group.command(help=f"Record {kind} that others stored: read each, note size and SHA-256.")
    @older_than
    @click.pass_context
    def reindex(context: click.Context, hours: float) -> None:
        orphans_of(context, kind, hours, only="without a row", repair=True)

    @group.command(help=f"List {kind} without a row, and rows without their {one}.")
    @older_than
    @click.option("--repair", is_flag=True, help="Mend them; deletes what is of no run.")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @click.pass_context
    def orphans(context: click.Context, hours: float, repair: bool, yes: bool) -> None:
        if repair and not yes:
            click.confirm(f"Delete {kind} of runs that this database does not know?", abort=True)
        orphans_of(context, kind, hours, repair=repair)


def _list(context: click.Context, kind: Kind, run: str, *, as_json: bool) -> None:
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.files import shelf_of  # noqa: PLC0415
    from janitor.files.reading import files_of  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    with deployment.engine.connect() as conn:
        files = files_of(conn, shelf_of(deployment, kind), run)
    if as_json:
        click.echo(json.dumps([_in_json(file) for file in files], indent=2, default=str))
        return
    for file in files:
        click.echo(_line(file))


def _url(context: click.Context, kind: Kind, run: str, name: str, valid_for: timedelta) -> None:
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files import shelf_of  # noqa: PLC0415
    from janitor.files.reading import NoSuchFile, files_of  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    shelf = shelf_of(deployment, kind)
    with deployment.engine.connect() as conn:
        found = [file for file in files_of(conn, shelf, run) if file.name == name]
    if not found:
        raise NoSuchFile(f"run {run} has no {name} among its {kind}")
    click.echo(shelf.signed_url(found[0].location, found[0].place, valid_for))


def _in_json(file: FileOfRun) -> dict[str, object]:
    row = file.row
    return {
        "name": file.name,
        "stored_name": file.place.name,
        "location": file.location,
        "stored_size": file.stored_size,
        "size": row and row.size,
        "sha256": row and row.sha256,
        "expires_at": row and row.expires_at,
    }


def _line(file: FileOfRun) -> str:
    notes = [] if file.row else ["not recorded"]
    if file.location != "primary":
        notes.append("in the backup")
    if file.row and file.row.expires_at:
        notes.append("on its way out")
    size = file.row.size if file.row else file.stored_size
    return f"{size:>12}  {file.name}" + (f"  ({', '.join(notes)})" if notes else "")


def _delete(
    context: click.Context, kind: Kind, run: str, names: tuple[str, ...], *, yes: bool, force: bool
) -> None:
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.files import shelf_of  # noqa: PLC0415
    from janitor.files.reading import delete_files  # noqa: PLC0415

    if not yes:
        click.confirm(f"Delete {', '.join(names) or f'all {kind}'} of run {run}?", abort=True)
    deployment = Deployment(load(context.obj))
    with deployment.engine.begin() as conn:
        gone = delete_files(conn, shelf_of(deployment, kind), run, names, force=force)
    click.echo(f"{len(gone)} {kind} deleted")


def orphans_of(
    context: click.Context, kind: Kind, hours: float, *, only: Wrong | None = None, repair: bool
) -> None:
    """List or mend what does not fit together; exits with 1 if something is left as it was."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.errors import JanitorError  # noqa: PLC0415
    from janitor.files import shelf_of  # noqa: PLC0415
    from janitor.files.orphans import find_orphans, mend  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    shelf = shelf_of(deployment, kind)
    mended = left = 0
    with deployment.engine.connect() as conn, progress(f"Looking at {kind}") as more:
        for orphan in find_orphans(conn, shelf, young=timedelta(hours=hours), told=more):
            if only is not None and orphan.wrong != only:
                continue
            done, why = False, ""
            if repair:
                try:
                    with deployment.sessions.begin() as session:
                        done = mend(session, shelf, orphan)
                except JanitorError as error:
                    why = f": {error}"
            mended += done
            left += not done
            if not done or only is None:
                click.echo(f"{orphan}{'  mended' if done else why}")
    click.echo(f"{mended} mended, {left} left" if repair else f"{left} found", err=True)
    if left:
        context.exit(1)
