"""``janitor-workers review approve`` and its like: one verdict on one or a few runs."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import click

from janitor.config import load
from workers.commands.review.options import verdict_options
from workers.commands.terminal import in_a_line

if TYPE_CHECKING:  # --help needs no database
    from janitor.review.bulk import Judged
    from janitor.review.recording import Said


def _command(name: str, verdict: Said, sentence: str) -> click.Command:
    @click.command(name, help=f"{sentence}\n\nExits with 1 if any is refused.")
    @click.argument("runs", nargs=-1, required=True)
    @verdict_options
    @click.pass_context
    def give(
        context: click.Context,
        *,
        runs: tuple[str, ...],
        reviewer: str,
        qa: bool,
        comment: str | None,
        submission: str | None,
    ) -> None:
        judge(
            context,
            runs,
            verdict,
            reviewer=reviewer,
            qa=qa,
            comment=comment,
            submission=submission,
        )

    return give


VERDICTS = (
    _command("approve", "approved", "Approve RUNS."),
    _command("reject", "rejected", "Reject RUNS."),
    _command("abstain", "abstained", "Abstain on RUNS: you looked, and take no side."),
    _command("reschedule", "reschedule", "Reject RUNS, and have them done anew."),
)


def judge(
    context: click.Context,
    runs: tuple[str, ...],
    verdict: Said,
    *,
    reviewer: str,
    qa: bool,
    comment: str | None,
    submission: str | None,
) -> None:
    """Give a verdict on each of some runs and say what became of it."""
    from janitor.deployment import Deployment  # noqa: PLC0415 - see the package's docstring
    from janitor.review.bulk import judge_each  # noqa: PLC0415

    deployment = Deployment(load(context.obj))
    submission = submission or uuid.uuid4().hex
    judged = judge_each(
        deployment.sessions,
        runs,
        verdict,
        reviewer=reviewer,
        is_qa_reviewer=qa,
        comment=comment,
        submission=submission,
        runner_url=deployment.config.runner_url,
    )
    refused = False
    try:
        for each in judged:
            refused = refused or each.refusal is not None
            _say(each)
    except Exception:
        click.echo(f"broken off; the same again with --submission {submission} goes on", err=True)
        raise
    if refused:
        context.exit(1)


def _say(each: Judged) -> None:
    from janitor.wording import named  # noqa: PLC0415

    if each.refusal is not None:
        click.echo(in_a_line(f"{named(each.run_id)}: refused: {each.refusal}"), err=True)
    elif each.recorded is None:
        click.echo(f"{each.run_id}: was recorded before")
    else:
        click.echo(f"{each.run_id}: recorded; {each.recorded.decision.why}")
        if each.recorded.warning is not None:
            click.echo(f"warning: {each.recorded.warning}", err=True)
