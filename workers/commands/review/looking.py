"""``janitor-workers review list``, ``show``, ``claim``, ``release`` and ``stats``."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from janitor.config import load
from workers.commands.review.options import as_json, reviewer, selection

if TYPE_CHECKING:  # --help needs no database
    from janitor.review.waiting import Waiting


@click.command("list")
@selection
@click.option("--reviewer", help="Leave out what this reviewer has reviewed.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True)
@click.option("--after", metavar="PLACE", help="Go on where the page before ended.")
@as_json
@click.pass_context
def list_runs(
    context: click.Context,
    *,
    campaigns: tuple[str, ...],
    codebases: tuple[str, ...],
    same_diff_as: str | None,
    reviewer: str | None,
    limit: int,
    after: str | None,
    as_json: bool,
) -> None:
    """List the runs that wait for a verdict, the first to be looked at first."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.review.waiting import Wanted, waiting  # noqa: PLC0415

    wanted = Wanted(reviewer, campaigns or None, codebases or None, same_diff_as)
    with Deployment(load(context.obj)).engine.connect() as conn:
        page = waiting(conn, wanted, limit=limit, after=after)
    if as_json:
        click.echo(json.dumps([_in_json(each) for each in page], indent=2, default=str))
        return
    for each in page:
        click.echo(_line(each))
    if not page:
        click.echo("no run of these waits for a verdict", err=True)
    if len(page) == limit:
        click.echo(f"more with --after {page[-1].place}", err=True)


@click.command()
@click.argument("run")
@click.option(
    "--lines", type=click.IntRange(min=0), default=40, show_default=True, help="Of a diff."
)
@click.option("--log-lines", type=click.IntRange(min=0), default=10, show_default=True)
@click.pass_context
def show(context: click.Context, run: str, lines: int, log_lines: int) -> None:
    """Show what there is to see of RUN: policy, verdicts, diff, the ends of its logs."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.review.dossier import dossier  # noqa: PLC0415
    from workers.commands.review.screen import screen  # noqa: PLC0415

    seen = dossier(Deployment(load(context.obj)), run)
    click.echo(screen(seen, diff_lines=lines, log_lines=log_lines))


@click.command()
@selection
@reviewer
@click.option("--minutes", type=click.IntRange(1, 1440), default=30, show_default=True)
@click.pass_context
def claim(
    context: click.Context,
    *,
    campaigns: tuple[str, ...],
    codebases: tuple[str, ...],
    same_diff_as: str | None,
    reviewer: str,
    minutes: int,
) -> None:
    """Take the next run to look at, so that no other reviewer gets it; exits with 1 without any."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.review.claims import claim_next  # noqa: PLC0415
    from janitor.review.waiting import Wanted  # noqa: PLC0415

    wanted = Wanted(reviewer, campaigns or None, codebases or None, same_diff_as)
    with Deployment(load(context.obj)).engine.begin() as conn:
        claimed = claim_next(conn, reviewer, wanted, lease=timedelta(minutes=minutes))
    if claimed is None:
        click.echo("nothing waits that nobody looks at")
        context.exit(1)
    click.echo(_line(claimed.waiting, claimed_by=reviewer))
    click.echo(f"yours until {claimed.until.astimezone(UTC):%H:%M} UTC", err=True)


@click.command()
@click.argument("run")
@reviewer
@click.pass_context
def release(context: click.Context, run: str, reviewer: str) -> None:
    """Give RUN back without a verdict; exits with 1 if you did not have it."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.review.claims import release as give_back  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.begin() as conn:
        had = give_back(conn, run, reviewer)
    click.echo(f"{run} is free again" if had else f"{reviewer} has no claim on {run}")
    if not had:
        context.exit(1)


@click.command()
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True)
@as_json
@click.pass_context
def stats(context: click.Context, days: int, as_json: bool) -> None:
    """Say what waits, who said what, and how long decisions took."""
    from janitor.deployment import Deployment  # noqa: PLC0415
    from janitor.review.statistics import statistics  # noqa: PLC0415

    with Deployment(load(context.obj)).engine.connect() as conn:
        counted = statistics(conn, datetime.now(UTC) - timedelta(days=days))
    if as_json:
        click.echo(json.dumps(asdict(counted), indent=2, default=str))
        return
    for each in counted.backlog:
        since = f", the oldest since {each.oldest:%Y-%m-%d %H:%M}" if each.oldest else ""
        click.echo(f"waiting   {each.campaign}: {each.runs}{since}")
    for decided in counted.decided:
        took = "" if decided.median is None else f", half of them within {_short(decided.median)}"
        click.echo(f"{decided.status:9} {decided.runs} in {days} days{took}")
    for who in counted.reviewers:
        click.echo(
            f"reviewer  {who.name}: {who.approved} approved, {who.rejected} rejected,"
            f" {who.abstained} abstained"
        )


def _line(each: Waiting, *, claimed_by: str | None = None) -> str:
    run = each.run
    value = "-" if run.value is None else str(run.value)
    who = claimed_by or each.claimed_by
    claimed = f"  (claimed by {who})" if who else ""
    counted = f"{each.reviews} review{'' if each.reviews == 1 else 's'}"
    return f"{run.id}  {run.campaign}  {run.codebase}  value {value}  {counted}{claimed}"


def _in_json(each: Waiting) -> dict[str, Any]:
    run = each.run
    return {
        "run": run.id,
        "campaign": run.campaign,
        "codebase": run.codebase,
        "value": run.value,
        "description": run.description,
        "finish_time": run.finish_time,
        "reviews": each.reviews,
        "claimed_by": each.claimed_by,
        "place": each.place,
    }


def _short(duration: timedelta) -> str:
    return str(timedelta(seconds=round(duration.total_seconds())))
