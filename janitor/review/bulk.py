"""One verdict on many runs: chosen first and counted, then each judged in its own transaction.

What is judged is what was counted: runs that begin to wait meanwhile are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from janitor.errors import Failure
from janitor.review.recording import Recorded, Said
from janitor.review.verdicts import give_verdict
from janitor.review.waiting import Wanted


class TooMuchWanted(Failure):
    """A selection that leaves nothing out."""


@dataclass(frozen=True)
class Judged:
    """What became of the verdict on one of the runs.

    Args:
        run_id: the run.
        recorded: what became of it; None where it was refused, or recorded before.
        refusal: why it was refused, if it was.
    """

    run_id: str
    recorded: Recorded | None
    refusal: str | None = None


def check_selective(wanted: Wanted) -> None:
    """Refuse a selection of everything: that is a slip more often than a wish.

    Raises:
        TooMuchWanted: neither campaign nor codebase nor diff is named.
    """
    if wanted.campaigns is wanted.codebases is wanted.same_diff_as is None:
        raise TooMuchWanted("say which runs: by campaign, codebase, or a run with the same diff")


def judge_each(
    sessions: sessionmaker[Session],
    run_ids: Sequence[str],
    verdict: Said,
    *,
    reviewer: str,
    is_qa_reviewer: bool,
    comment: str | None,
    submission: str,
    runner_url: str | None,
) -> Iterator[Judged]:
    """Give the same verdict on each of some runs; one that is refused stops no other.

    Args:
        sessions: of the deployment.
        run_ids: the runs, as they were counted.
        verdict: as for :func:`~janitor.review.verdicts.give_verdict`, like all that follows.
        reviewer: who.
        is_qa_reviewer: whether the reviewer is one of quality assurance.
        comment: what the reviewer says.
        submission: the same one again goes on where an earlier attempt broke off.
        runner_url: the runner service, if publish statuses are its to change.

    Yields:
        What became of each.
    """
    for run_id in run_ids:
        try:
            with sessions.begin() as session:
                recorded = give_verdict(
                    session,
                    run_id,
                    verdict,
                    reviewer=reviewer,
                    is_qa_reviewer=is_qa_reviewer,
                    comment=comment,
                    submission=submission,
                    runner_url=runner_url,
                )
        except Failure as refusal:
            yield Judged(run_id, None, str(refusal))
        else:
            yield Judged(run_id, recorded)
