"""Recording verdicts on many runs at once, and what follows from them, in few statements.

:mod:`.verdicts` says what a verdict is; one is recorded as a batch of one. Verdicts on the same
run are recorded one after the other, in the order in which they are given, because each sees
those before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Row, text

from janitor.errors import Failure
from janitor.notifications import Notice, notify_all
from janitor.review.considered import Considered, consider
from janitor.review.decision import Decision, Given
from janitor.review.publish_status import Cause, Following, follow
from janitor.schedule import do_schedule
from janitor.state import Conn
from janitor.state.types import Verdict
from janitor.storable import Unstorable, check_storable
from janitor.wording import named

Said = Literal["approved", "rejected", "abstained", "reschedule", "rescheduled"]
_Runs = dict[str, Row[Any]]  # by id: codebase, suite, change_set, revision
SENT_BACK = {"reschedule", "rescheduled"}  # a form in the field uses the second spelling


class VerdictRefused(Failure):
    """A verdict that cannot be given on that run."""


@dataclass(frozen=True)
class Ask:
    """A verdict as somebody gives it; the fields are those of :func:`~.verdicts.give_verdict`."""

    run_id: str
    verdict: Said
    reviewer: str
    is_qa_reviewer: bool
    comment: str | None = None
    submission: str | None = None

    @property
    def kept(self) -> Verdict:
        """The verdict as it counts."""
        return "rejected" if self.verdict in SENT_BACK else self.verdict  # type: ignore[return-value]  # what is left of Said


@dataclass(frozen=True)
class Recorded:
    """What became of a verdict.

    Args:
        verdict_id: its number in the history.
        decision: what the verdicts on the run come to with it.
        warning: what the reviewer should be told beside that.
    """

    verdict_id: int
    decision: Decision
    warning: str | None


Outcome = Recorded | Failure | None


def give_verdicts(conn: Conn, asks: Sequence[Ask], runner_url: str | None) -> list[Outcome]:
    """Record verdicts, and do what follows from them.

    Args:
        conn: the caller's transaction.
        asks: the verdicts, in the order in which they are given.
        runner_url: the runner service, if publish statuses are its to change.

    Returns:
        For each what became of it; None where this submission is recorded already; or why it is
        refused (like a submission that is recorded with another verdict), and nothing has changed
        for it then.

    Raises:
        InvalidPolicy: a campaign's policy was written past its check.
    """
    outcomes: list[Outcome] = [_unkeepable(ask) for ask in asks]
    run_ids = sorted({ask.run_id for ask, told in zip(asks, outcomes, strict=True) if not told})
    # All at once and in order, so that no two transactions wait for each other. No verdict on
    # them is given meanwhile.
    runs = {row.id: row for row in conn.execute(_LOCK, {"run_ids": run_ids})}
    outcomes = [told or _refusal(runs, ask) for ask, told in zip(asks, outcomes, strict=True)]
    good = [place for place, refusal in enumerate(outcomes) if refusal is None]
    for places in _one_each(asks, good):
        part = [asks[place] for place in places]
        if part[0].verdict in SENT_BACK:
            outcomes[places[0]] = _send_back(conn, runs, part[0], runner_url)
            continue
        for place, outcome in zip(places, _record(conn, part, runner_url), strict=True):
            outcomes[place] = outcome
    return outcomes


def _unkeepable(ask: Ask) -> VerdictRefused | None:
    if not ask.reviewer.strip():
        return VerdictRefused("the reviewer is empty; say whose verdict it is")
    try:
        check_storable([ask.run_id, ask.reviewer, ask.comment, ask.submission])
    except Unstorable as error:
        return VerdictRefused(f"the verdict on run {ask.run_id!r} can't be kept: {error}")
    return None


def _refusal(runs: _Runs, ask: Ask) -> VerdictRefused | None:
    known = get_args(Said)
    if ask.verdict not in known:  # callers in the field pass what a form says
        return VerdictRefused(f"{ask.verdict!r} is no verdict; there are {', '.join(known)}")
    run = runs.get(ask.run_id)
    if run is None:
        return VerdictRefused(
            f"there is no run {named(ask.run_id)}, so there can be no verdict on it"
        )
    if ask.verdict == "approved" and run.revision is None:
        return VerdictRefused(
            f"run {ask.run_id} can't be approved: it has no revision that could be published"
        )
    return None


def _one_each(asks: Sequence[Ask], places: Sequence[int]) -> Iterator[list[int]]:
    """Verdicts that may be recorded together: of different runs, none of which is sent back."""
    part: list[int] = []
    seen: set[str] = set()
    for place in places:
        ask = asks[place]
        alone = ask.verdict in SENT_BACK
        if part and (alone or ask.run_id in seen):
            yield part
            part, seen = [], set()
        if alone:
            yield [place]
            continue
        part.append(place)
        seen.add(ask.run_id)
    if part:
        yield part


def _record(conn: Conn, asks: Sequence[Ask], runner_url: str | None) -> list[Outcome]:
    """Record verdicts on different runs."""
    considered = {run.run_id: run for run in consider(conn, [ask.run_id for ask in asks])}
    warnings = {run_id: _warning(run) for run_id, run in considered.items()}
    rows = [
        {
            "run_id": ask.run_id,
            "reviewer": ask.reviewer,
            "verdict": ask.kept,
            "comment": ask.comment,
            "qa_reviewer": ask.is_qa_reviewer,
            "submission": ask.submission,
            "warning": warnings[ask.run_id],
        }
        for ask in asks
    ]
    kept = conn.execute(_RECORD, {"verdicts": json.dumps(rows)})
    verdict_ids = {row.run_id: int(row.id) for row in kept}
    new = [ask for ask in asks if ask.run_id in verdict_ids]
    given = {ask.run_id: Given(ask.reviewer, ask.kept, ask.is_qa_reviewer) for ask in new}
    decisions = {run_id: considered[run_id].decide(one) for run_id, one in given.items()}
    notify_all(conn, [_notice(ask, decisions[ask.run_id]) for ask in new])
    following = [
        Following(
            considered[ask.run_id],
            decisions[ask.run_id],
            Cause(ask.reviewer, decisions[ask.run_id].why, verdict_ids[ask.run_id]),
        )
        for ask in new
        if considered[ask.run_id].is_moved_by(given[ask.run_id])
    ]
    follow(conn, following, runner_url)
    again = _submitted_before(conn, [ask for ask in asks if ask.run_id not in verdict_ids])
    return [
        Recorded(verdict_ids[ask.run_id], decisions[ask.run_id], warnings[ask.run_id])
        if ask.run_id in verdict_ids
        else again[ask.run_id]
        for ask in asks
    ]


def _submitted_before(conn: Conn, asks: Sequence[Ask]) -> dict[str, VerdictRefused | None]:
    """By run, why verdicts whose submissions are recorded are refused: what was said is another."""
    if not asks:
        return {}
    rows = [asdict(ask) | {"verdict": ask.kept} for ask in asks]
    other = conn.execute(_OTHERWISE, {"verdicts": json.dumps(rows)})
    refused = {
        row.run_id: VerdictRefused(
            f"run {row.run_id}: submission {row.submission!r} of {row.reviewer} is recorded as"
            f" {row.verdict}; a new verdict needs a submission of its own"
        )
        for row in other
    }
    return {ask.run_id: refused.get(ask.run_id) for ask in asks}


def _notice(ask: Ask, decision: Decision) -> Notice:
    details = {
        "verdict": ask.verdict,
        "reviewer": ask.reviewer,
        "comment": ask.comment,
        "why": decision.why,
    }
    return Notice(f"verdict.{ask.kept}", details, ask.run_id)


def _warning(run: Considered) -> str | None:
    newer = run.facts.replaced_by
    if newer is None:
        return None
    return (
        f"run {run.run_id} was replaced by run {newer}, which has another result: the verdict is"
        " recorded, but it is the newer run that waits to be published"
    )


def _send_back(conn: Conn, runs: _Runs, ask: Ask, runner_url: str | None) -> Outcome:
    """Record a verdict that puts the run in the queue again, or nothing where that can't be."""
    run = runs[ask.run_id]
    try:
        with conn.begin_nested():
            (recorded,) = _record(conn, [ask], runner_url)
            if isinstance(recorded, Recorded):
                do_schedule(
                    conn,
                    run.suite,
                    run.codebase,
                    "default",
                    change_set=run.change_set,
                    refresh=True,
                    requester=f"reviewer ({ask.reviewer})",
                )
            return recorded
    except Failure as refusal:
        return refusal


# Plain SQL: somebody waits for a verdict, and building these anew each time would take longer than
# the database does.
_LOCK = text("""
SELECT id, codebase, suite, change_set, revision FROM run
WHERE id = ANY (:run_ids)
ORDER BY id
FOR NO KEY UPDATE
""")

_RECORD = text("""
WITH asked AS (
    SELECT * FROM jsonb_to_recordset(cast(:verdicts AS jsonb)) AS (
        run_id text, reviewer text, verdict verdict, comment text, qa_reviewer boolean,
        submission text, warning text
    )
), given AS (
    INSERT INTO review_history
        (run_id, reviewer, verdict, comment, qa_reviewer, submission, warning)
    SELECT run_id, reviewer, verdict, comment, qa_reviewer, submission, warning FROM asked
    ON CONFLICT (run_id, reviewer, submission) DO NOTHING
    RETURNING id, run_id, reviewer, verdict, comment
), counting AS (
    INSERT INTO review (run_id, reviewer, verdict, comment)
    SELECT run_id, reviewer, verdict, comment FROM given
    ON CONFLICT (run_id, reviewer) DO UPDATE SET
        verdict = excluded.verdict, comment = excluded.comment, reviewed_at = now()
), looked_at AS (
    DELETE FROM review_claim USING asked
    WHERE review_claim.run_id = asked.run_id AND review_claim.reviewer = asked.reviewer
)
SELECT id, run_id FROM given
""")

_OTHERWISE = text("""
SELECT recorded.run_id, recorded.reviewer, recorded.submission, recorded.verdict
FROM jsonb_to_recordset(cast(:verdicts AS jsonb)) AS asked (
    run_id text, reviewer text, verdict verdict, submission text
)
JOIN review_history AS recorded USING (run_id, reviewer, submission)
WHERE recorded.verdict <> asked.verdict
""")
