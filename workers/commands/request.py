"""``janitor-workers schedule request``: runs of many candidates at once, counted first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from janitor.config import load
from workers.commands.options import Number

if TYPE_CHECKING:
    from janitor.schedule.bulk_requests import BulkRequest


@click.command()
@click.option("--campaign", "campaigns", multiple=True, help="Of this one; may be repeated.")
@click.option(
    "--codebase",
    "codebases",
    metavar="PATTERN",
    multiple=True,
    help="On those with such a name, with * and ? as in a shell; may be repeated.",
)
@click.option(
    "--result-code",
    "result_codes",
    multiple=True,
    help="Where the last run ended so; may be repeated.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Of so many candidates at most.")
@click.option("--bucket", default="manual", show_default=True, help="Where to wait.")
@click.option(
    "--offset",
    type=Number(),
    default=-1,
    show_default=True,
    help="How far behind the lowest priority; -1 is the front of the bucket.",
)
@click.option("--refresh", is_flag=True, help="Begin anew instead of going on from earlier runs.")
@click.option("--requester", default="janitor-workers", show_default=True, help="Who asks.")
@click.option("--dry-run", is_flag=True, help="Count them, and ask for nothing.")
@click.option("--yes", is_flag=True, help="Don't ask whether the count is right.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.pass_context
def request(
    context: click.Context,
    /,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **asked: Any,  # noqa: ANN401 - the model checks the others
) -> None:
    """Ask for runs of all candidates that fit.

    Says what would be asked for, and goes on if you confirm it.
    """
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.schedule.bulk_requests import foresee, request_in_bulk  # noqa: PLC0415

    ask = _checked(asked)
    engine = Deployment(load(context.obj)).engine
    if dry_run or not yes:
        with engine.connect() as conn:
            outcome = foresee(conn, ask)
    if not (dry_run or yes):
        click.echo(str(outcome), err=True)
        click.confirm(f"ask for {outcome.asked_for} run(s)?", abort=True, err=True)
    if not dry_run:
        with engine.begin() as conn:
            outcome = request_in_bulk(conn, ask)
    click.echo(json.dumps(outcome.as_json(), indent=2) if as_json else str(outcome))


def _checked(asked: dict[str, Any]) -> BulkRequest:
    from pydantic import ValidationError  # noqa: PLC0415

    from janitor.schedule.bulk_requests import BulkRequest  # noqa: PLC0415
    from janitor.wording import refusal_in_words  # noqa: PLC0415

    try:
        return BulkRequest(**asked)
    except ValidationError as error:
        raise click.UsageError(refusal_in_words(error, "the request")) from None
