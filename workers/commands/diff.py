"""``janitor-workers diff``: what a run changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from janitor.config import load
from janitor.errors import JanitorError
from workers.commands.pager import check_pager
from workers.commands.terminal import in_a_line, plain, shows_to_people
from workers.complaints import complain

if TYPE_CHECKING:  # --help needs no database
    from collections.abc import Iterable, Iterator

    from janitor.vcs.structured import ChangedFile


@click.command()
@click.argument("run")
@click.option("--role", "roles", multiple=True, help="Only this one; may be repeated.")
@click.option("--stat", is_flag=True, help="Files and counts only.")
@click.option("--json", "as_json", is_flag=True, help="In its parts, a JSON object for each role.")
@click.pass_context
def diff(
    context: click.Context, run: str, roles: tuple[str, ...], *, stat: bool, as_json: bool
) -> None:
    """Show what RUN changed, by role.

    The diff that is kept of it, or else what its repository says. On a terminal with colours, and
    a page at a time.

    Exits with 1 if a role can't be shown; the others are. A run without branches changed nothing,
    which is told on standard error and no mistake, unless a role of it was asked for.
    """
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.vcs.programs.child_process import PATIENCE  # noqa: PLC0415
    from janitor.vcs.run_diff import diff_to_show, load_run  # noqa: PLC0415
    from janitor.vcs.settings import advice  # noqa: PLC0415
    from janitor.vcs.structured import USUAL  # noqa: PLC0415
    from janitor.vcs.structured.lines import lines_of  # noqa: PLC0415

    if stat and as_json:
        raise click.UsageError("--stat and --json are two ways to say it: choose one")
    if shows_to_people() and not as_json:
        check_pager()
    patience = USUAL.seconds if as_json and USUAL.seconds else PATIENCE
    deployment = Deployment(load(context.obj))
    with deployment.sessions() as session:
        found = load_run(session, run)
        shown = {
            role: diff_to_show(session, found, role, deployment.vcs_managers, patience=patience)
            for role in roles or [branch.role for branch in found.result_branches or ()]
        }
    if not shown:
        click.echo(f"run {run} changed no branch", err=True)
    failed = False
    for role, pieces in shown.items():
        if len(shown) > 1 and not as_json:
            click.echo(f"{in_a_line(role)}:", err=True)
        try:
            if as_json:
                _print_json(pieces, {"run": run, "role": role, "vcs_type": found.vcs_type})
            else:
                _show(_statistics(pieces) if stat else lines_of(pieces))
        except JanitorError as error:
            failed = True
            complain(
                f"role {role}: {error}{advice(error, found.vcs_type, deployment.vcs_managers)}"
            )
    if failed:
        context.exit(1)


def _print_json(pieces: Iterable[bytes], about: dict[str, str | None]) -> None:
    """Print a diff's object; of one that breaks off the beginning, as a line of its own."""
    from janitor.vcs.structured import StructuredDiff  # noqa: PLC0415
    from janitor.vcs.structured import as_json as written  # noqa: PLC0415

    parts = written(StructuredDiff(pieces), about)
    held = next(parts)  # until there is a diff: most of what goes wrong does so before
    try:
        for part in parts:
            click.echo(held + part, nl=False)
            held = ""
    except JanitorError:
        if not held:
            click.echo()
        raise


def _show(lines: Iterable[bytes]) -> None:
    """Print lines as they are; to a person a page at a time, without what a terminal would obey."""
    if shows_to_people():
        click.echo_via_pager(_coloured(plain(line.decode(errors="replace"))) for line in lines)
        return
    for line in lines:
        click.echo(line, nl=False)


def _statistics(pieces: Iterable[bytes]) -> Iterator[bytes]:
    from janitor.vcs.structured import UNLIMITED, StructuredDiff  # noqa: PLC0415

    diff = StructuredDiff(pieces, UNLIMITED, with_lines=False)
    for file in diff:
        yield b"%b %b\n" % (_size(file).encode(), _name(file))
    count = diff.counts
    total = f"{count.files} files, {count.insertions} lines came, {count.deletions} went\n"
    yield total.encode()


def _size(file: ChangedFile) -> str:
    changed = "binary" if file.binary else f"+{file.insertions} -{file.deletions}"
    return f"{file.status:8} {changed:>14} "


def _name(file: ChangedFile) -> bytes:
    if file.old_path is None or file.new_path is None or file.old_path == file.new_path:
        return file.new_path or file.old_path or b""
    return file.old_path + b" => " + file.new_path


def _coloured(line: str) -> str:
    if line.startswith(("diff ", "=== ", "--- ", "+++ ", "index ")):
        return click.style(line, bold=True)
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return click.style(line, fg=colours.get(line[:1]))
