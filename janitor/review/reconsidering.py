"""Runs whose publish status should change although nobody says anything.

A run that is worth less than its campaign's policy asks about needs no review, a policy may have
become less strict, and an approval lapses where the policy says so. The clock asks; it finds what
other services stored just as well as what we did.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, text

from janitor.review.considered import consider
from janitor.review.publish_status import Cause, Following, follow
from janitor.state import Conn
from janitor.state.run import RunRow

BY_POLICY = "the verdict policy"  # who acts, where no reviewer does


def runs_to_reconsider(conn: Conn) -> list[str]:
    """Return the runs whose decision may be another by now; most will turn out as they were."""
    return list(conn.execute(text(_TO_RECONSIDER)).scalars())


def reconsider(conn: Conn, run_ids: Sequence[str], runner_url: str | None) -> int:
    """Let publish statuses follow what policies make of runs now.

    Args:
        conn: a transaction of its own; runs that somebody else is at are left for the next time.
        run_ids: the runs.
        runner_url: the runner service, if publish statuses are its to change.

    Returns:
        How many changed.
    """
    ours = conn.execute(
        select(RunRow.id)
        .where(RunRow.id.in_(run_ids))
        .with_for_update(key_share=True, skip_locked=True)
    )
    following = []
    for run in consider(conn, list(ours.scalars())):
        decision = run.decide()
        cause = Cause(BY_POLICY, decision.why, run.latest_id or None)
        following.append(Following(run, decision, cause))
    return follow(conn, following, runner_url)


# Runs of campaigns without a policy are not looked at: there, verdicts alone decide. Nor are those
# that somebody else made wait again. Approvals that lapse are looked for behind the runs of the
# last week.
_TO_RECONSIDER = """
SELECT run.id
FROM run
CROSS JOIN LATERAL (
    SELECT policy FROM verdict_policy
    WHERE campaign IN (run.suite, '*')
    ORDER BY campaign = '*'
    LIMIT 1
) AS kept
WHERE run.publish_status = 'needs-manual-review' AND run.revision IS NOT NULL
    AND (to_jsonb(run.value) < policy -> 'not_required_below'
        OR EXISTS (SELECT FROM review_history WHERE run_id = run.id))
    AND (
        SELECT actor IS NULL AND before NOT IN ('unknown', 'needs-manual-review')
        FROM publish_status_change WHERE run_id = run.id
        ORDER BY id DESC
        LIMIT 1
    ) IS NOT TRUE
UNION
SELECT run.id
FROM run AS newer
CROSS JOIN LATERAL (
    SELECT policy FROM verdict_policy
    WHERE campaign IN (newer.suite, '*')
    ORDER BY campaign = '*'
    LIMIT 1
) AS kept
JOIN run ON run.codebase = newer.codebase AND run.suite = newer.suite
    AND run.start_time < newer.start_time AND run.publish_status = 'approved'
WHERE newer.finish_time > now() AT TIME ZONE 'UTC' - interval '7 days'
    AND policy -> 'approvals_expire' = 'true'
"""
