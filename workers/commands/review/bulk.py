"""``janitor-workers review bulk``: one verdict on many runs, counted first."""

from __future__ import annotations

from collections import Counter

import click

from janitor.config import load
from workers.commands.review.options import selection, verdict_options
from workers.commands.review.verdicts import judge

_SAID = {
    "approve": "approved",
    "reject": "rejected",
    "abstain": "abstained",
    "reschedule": "reschedule",
}


@click.command()
@click.argument("verdict", type=click.Choice(list(_SAID)))
@selection
@verdict_options
@click.option("--count", is_flag=True, help="Count them, and give no verdict.")
@click.option("--yes", is_flag=True, help="Don't ask whether the count is right.")
@click.pass_context
def bulk(
    context: click.Context,
    *,
    verdict: str,
    campaigns: tuple[str, ...],
    codebases: tuple[str, ...],
    same_diff_as: str | None,
    reviewer: str,
    qa: bool,
    comment: str | None,
    submission: str | None,
    count: bool,
    yes: bool,
) -> None:
    """Give the same VERDICT on all runs that wait and that you have not reviewed.

    Counts them and asks first. What begins to wait meanwhile is not judged. Exits with 1 if any
    is refused.
    """
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.review.bulk import check_selective  # noqa: PLC0415
    from janitor.review.waiting import Wanted, waiting_runs  # noqa: PLC0415

    wanted = Wanted(reviewer, campaigns or None, codebases or None, same_diff_as)
    check_selective(wanted)
    with Deployment(load(context.obj)).engine.connect() as conn:
        runs = waiting_runs(conn, wanted)
    counts = Counter(campaign for _, campaign in runs)
    click.echo(f"{len(runs)} run(s) wait")
    for campaign, number in counts.most_common():
        click.echo(f"  {number} of {campaign}")
    if count or not runs:
        return
    if not yes:
        click.confirm(f"{verdict} all of them?", abort=True)
    judge(
        context,
        tuple(run_id for run_id, _ in runs),
        _SAID[verdict],  # type: ignore[arg-type]  # the words of a verdict
        reviewer=reviewer,
        qa=qa,
        comment=comment,
        submission=submission,
    )
