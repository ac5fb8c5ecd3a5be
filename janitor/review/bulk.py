"""One verdict on many runs: chosen first and counted, then judged a hundred at a time.

What is judged is what was counted: runs that begin to wait meanwhile are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from janitor.errors import Failure
from janitor.review.recording import Ask, Outcome, Recorded, Said, give_verdicts
from janitor.review.waiting import Wanted

BATCH = 100  # runs that are judged in one transaction


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
    for start in range(0, len(run_ids), BATCH):
        part = run_ids[start : start + BATCH]
        asks = [
            Ask(run_id, verdict, reviewer, is_qa_reviewer, comment, submission) for run_id in part
        ]
        for run_id, outcome in zip(part, _judge(sessions, asks, runner_url), strict=True):
            if isinstance(outcome, Failure):
                yield Judged(run_id, None, str(outcome))
            else:
                yield Judged(run_id, outcome)


def _judge(
    sessions: sessionmaker[Session], asks: Sequence[Ask], runner_url: str | None
) -> list[Outcome]:
    try:
        with sessions.begin() as session:
            return give_verdicts(session, asks, runner_url)
    except Failure as refusal:  # of all, for one campaign's policy: alone each shows
        if len(asks) == 1:
            return [refusal]
    return [outcome for ask in asks for outcome in _judge(sessions, [ask], runner_url)]
