"""What a decision on a run rests on, read in one statement: policy, verdicts, facts.

A run is *replaced* by the newest later run of its codebase and campaign whose result is
another (result code or revision). That run must be in the same change set, or in one of its own;
a transient failure replaces nothing, and neither does one that had nothing new to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from janitor.review.campaign_policy import read_kept
from janitor.review.decision import Decision, Facts, Given, counts, decide
from janitor.review.policy import Policy
from janitor.state import Conn
from janitor.state.types import PublishStatus


@dataclass(frozen=True)
class Considered:
    """A run as a decision on it sees it.

    Args:
        run_id: the run.
        publish_status: what it is now.
        policy: what its campaign asks.
        given: every verdict on it, the oldest first.
        latest_id: the id of the last of them in the history, 0 without any.
        facts: what else counts.
    """

    run_id: str
    publish_status: PublishStatus
    policy: Policy
    given: tuple[Given, ...]
    latest_id: int
    facts: Facts

    def decide(self, *more: Given) -> Decision:
        """Return what the policy makes of it, with further verdicts that are just given."""
        return decide(self.policy, [*self.given, *more], self.facts)

    def is_moved_by(self, given: Given) -> bool:
        """Whether a verdict that is just given counts, or turns the decision.

        Others are no reason to set again what an earlier one has set: a service may have changed
        it since.
        """
        return counts(self.policy, given) or self.decide(given).status != self.decide().status


def consider(conn: Conn, run_ids: Sequence[str]) -> list[Considered]:
    """Return what decisions on some runs rest on; runs that there are not are left out.

    Args:
        conn: the transaction of a decision holds the rows of the runs locked, so that no
            verdict is given meanwhile.
        run_ids: the runs.

    Raises:
        InvalidPolicy: a campaign's policy was written past its check.
    """
    rows = conn.execute(_CONSIDERED, {"run_ids": list(run_ids)})
    return [_considered(row) for row in rows]


def _considered(row: Row[Any]) -> Considered:
    return Considered(
        run_id=row.id,
        publish_status=row.publish_status,
        policy=read_kept(row.policy),
        given=tuple(Given(who, verdict, qa) for who, verdict, qa in row.given or ()),
        latest_id=row.latest_id or 0,
        facts=Facts(row.value, row.replaced_by, row.publishable, row.has_revision),
    )


# Reviews that other programs wrote past us are in no history. Nothing says whether those came from
# QA reviewers, but of who gave verdicts here before: those have their place by the time of writing.
_CONSIDERED = text("""
SELECT run.id, run.publish_status, run.value, kept.policy, newest.replaced_by,
    run.revision IS NOT NULL AS has_revision,
    run.revision IS NOT NULL
        AND run.publish_status IN ('needs-manual-review', 'approved', 'rejected') AS publishable,
    verdicts.given, verdicts.latest_id
FROM run
LEFT JOIN LATERAL (
    SELECT policy FROM verdict_policy
    WHERE campaign IN (run.suite, '*')
    ORDER BY campaign = '*'
    LIMIT 1
) AS kept ON true
LEFT JOIN LATERAL (
    SELECT CASE WHEN (newer.result_code, newer.revision)
        IS DISTINCT FROM (run.result_code, run.revision) THEN newer.id END AS replaced_by
    FROM run AS newer
    WHERE newer.codebase = run.codebase AND newer.suite = run.suite
        AND newer.start_time > run.start_time
        AND newer.change_set IN (run.change_set, newer.id)
        AND newer.failure_transient IS NOT TRUE
        AND newer.result_code <> 'nothing-new-to-do'
    ORDER BY newer.start_time DESC, newer.id DESC
    LIMIT 1
) AS newest ON true
CROSS JOIN LATERAL (
    SELECT max(each.id) AS latest_id, jsonb_agg(
        jsonb_build_array(coalesce(each.reviewer, 'somebody'), each.verdict, each.qa_reviewer)
        ORDER BY each.place, each.id, each.reviewer
    ) AS given
    FROM (
        SELECT id, reviewer, verdict, qa_reviewer, id AS place
        FROM review_history
        WHERE run_id = run.id
        UNION ALL
        SELECT NULL, review.reviewer, review.verdict, coalesce(known.qa_reviewer, false),
            CASE WHEN known.verdict IS NULL THEN 0 ELSE (
                SELECT max(id) FROM review_history
                WHERE run_id = run.id AND reviewed_at <= review.reviewed_at AT TIME ZONE 'UTC'
            ) END
        FROM review
        LEFT JOIN LATERAL (
            SELECT verdict, qa_reviewer FROM review_history
            WHERE run_id = run.id AND reviewer IS NOT DISTINCT FROM review.reviewer
            ORDER BY id DESC
            LIMIT 1
        ) AS known ON true
        WHERE review.run_id = run.id AND known.verdict IS DISTINCT FROM review.verdict
    ) AS each
) AS verdicts
WHERE run.id = ANY (:run_ids)
""")
