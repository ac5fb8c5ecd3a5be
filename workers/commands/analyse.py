"""``janitor-workers logs analyse``: what logs say of failed builds, beside what the runs say."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from janitor.config import load
from workers.commands.progress import progress

if TYPE_CHECKING:  # --help needs no database
    from janitor.analysis import Analysis, FailedRun
    from janitor.deployment import Deployment


@click.command()
@click.option("--run", "run_ids", multiple=True, help="Only this one; may be repeated.")
@click.option("--campaign", help="Only of this one.")
@click.option("--codebase", help="Only of this one.")
@click.option("--result", "result_code", help="Only runs with this code.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="Runs at most."
)
@click.option("--take-over", is_flag=True, help="Let the runs say what their logs say.")
@click.option("--ask", is_flag=True, help="Leave it to the workers of the logs pool.")
@click.option("--json", "as_json", is_flag=True, help="List as JSON, with the failing lines.")
@click.pass_context
def analyse(  # noqa: PLR0917 - click gives them by name
    context: click.Context,
    run_ids: tuple[str, ...],
    campaign: str | None,
    codebase: str | None,
    result_code: str | None,
    limit: int,
    take_over: bool,
    ask: bool,
    as_json: bool,
) -> None:
    """List failed builds whose logs have another result code for them, the newest first.

    Nothing is changed unless with --take-over, and then what the runs said is noted. With
    --ask the workers do it and keep what they find. Exits with 1 if a log can't be analysed.
    """
    from janitor.analysis import Wanted, consultant, failed_runs  # noqa: PLC0415 - see the package
    from workers.app import open_deployment  # noqa: PLC0415

    deployment = open_deployment(load(context.obj))
    wanted = Wanted(run_ids or None, campaign, codebase, result_code)
    with deployment.engine.connect() as conn:
        runs = failed_runs(conn, wanted, limit)
    if ask:
        _ask_workers(deployment, runs, take_over=take_over)
    else:
        consultant()
        _analyse_here(context, deployment, runs, take_over=take_over, as_json=as_json)
    if len(runs) == limit:
        click.echo(f"only the newest {limit} were looked at; --limit allows more", err=True)


def _ask_workers(deployment: Deployment, runs: list[FailedRun], *, take_over: bool) -> None:
    from janitor.analysis import ANALYSE, AnalyseLog  # noqa: PLC0415
    from janitor.jobs import submit  # noqa: PLC0415

    analysis = uuid.uuid4().hex
    with deployment.sessions.begin() as session:
        for run in runs:
            asked = AnalyseLog(analysis=analysis, run_id=run.run_id, take_over=take_over)
            submit(session, ANALYSE, asked)
    click.echo(f"{len(runs)} asked for, as analysis {analysis}")


def _analyse_here(
    context: click.Context,
    deployment: Deployment,
    runs: list[FailedRun],
    *,
    take_over: bool,
    as_json: bool,
) -> None:
    from janitor.analysis import keep  # noqa: PLC0415
    from janitor.analysis import take_over as let_say  # noqa: PLC0415
    from janitor.errors import JanitorError  # noqa: PLC0415

    would = changed = failed = 0
    with progress("Analysing", len(runs)) as more:
        for run in runs:
            more(1)
            try:
                found = _ask_log(deployment, run)
            except JanitorError as error:
                failed += 1
                click.echo(f"{run.run_id}: {error}", err=True)
                continue
            if as_json:
                click.echo(json.dumps(asdict(found) | {"changes": found.changes}))
            elif found.changes:
                click.echo(str(found))
            would += found.changes
            if take_over and found.changes:
                with deployment.sessions.begin() as session:
                    keep(session, found)
                    changed += let_say(session, found)
    done = f"{changed} changed" if take_over else f"{would} would change"
    click.echo(f"{len(runs)} runs, {done}, {failed} can't be analysed", err=True)
    if failed:
        context.exit(1)


def _ask_log(deployment: Deployment, run: FailedRun) -> Analysis:
    from janitor.analysis import analyse as ask_log  # noqa: PLC0415
    from janitor.files import shelf_of  # noqa: PLC0415
    from janitor.files.reading import open_file  # noqa: PLC0415

    with deployment.engine.connect() as conn:
        log = open_file(conn, shelf_of(deployment, "logs"), run.run_id, run.log)
    with log:
        return ask_log(run, log)
