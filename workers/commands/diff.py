"""``janitor-workers diff``: what a run changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from janitor.config import load
from workers.commands.pager import check_pager
from workers.commands.terminal import plain, shows_to_people

if TYPE_CHECKING:  # --help needs no database
    from collections.abc import Iterable, Iterator

    from janitor.vcs.structured import ChangedFile, StructuredDiff


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
    """
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.vcs.run_diff import diff_to_show, load_run  # noqa: PLC0415
    from janitor.vcs.structured import UNLIMITED, StructuredDiff  # noqa: PLC0415
    from janitor.vcs.structured import as_json as written  # noqa: PLC0415

    if stat and as_json:
        raise click.UsageError("--stat and --json are two ways to say it: choose one")
    if shows_to_people() and not as_json:
        check_pager()
    deployment = Deployment(load(context.obj))
    with deployment.sessions() as session:
        found = load_run(session, run)
        shown = {
            role: diff_to_show(session, found, role, deployment.vcs_managers)
            for role in roles or [branch.role for branch in found.result_branches or ()]
        }
    if not shown:
        click.echo(f"run {run} changed no branch", err=True)
    for role, pieces in shown.items():
        if as_json:
            about = {"run": run, "role": role, "vcs_type": found.vcs_type}
            for part in written(StructuredDiff(pieces), about):
                click.echo(part, nl=False)
            continue
        if len(shown) > 1:
            click.echo(f"{role}:", err=True)
        counted = StructuredDiff(pieces, UNLIMITED, with_lines=False)
        _show(_statistics(counted) if stat else _lines(pieces))


def _show(lines: Iterable[bytes]) -> None:
    """Print lines as they are; to a person a page at a time, without what a terminal would obey."""
    if shows_to_people():
        click.echo_via_pager(_coloured(plain(line.decode(errors="replace"))) for line in lines)
        return
    for line in lines:
        click.echo(line, nl=False)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


def _statistics(diff: StructuredDiff) -> Iterator[bytes]:
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
