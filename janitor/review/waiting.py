"""Runs that wait for a verdict, in the order in which a reviewer should look at them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from janitor.state import Conn, Run
from janitor.state.run import RunRow
from janitor.state.run_record import select_runs


def runs_needing_review(
    conn: Conn,
    *,
    reviewer: str | None = None,
    campaigns: Sequence[str] | None = None,
    limit: int | None = None,
) -> list[Run]:
    """Return runs that are to be published and that only a review holds up.

    Those with the fewest reviews come first, then those that will be proposed or pushed, then
    by value and by age, the newest first.

    Args:
        conn: a connection or session.
        reviewer: leave out what this reviewer has reviewed.
        campaigns: only runs of these; None for all.
        limit: how many at most.
    """
    found = conn.execute(
        text(_WAITING),
        {
            "reviewer": reviewer,
            "campaigns": None if campaigns is None else list(campaigns),
            "limit": limit,
        },
    )
    place = {run_id: number for number, run_id in enumerate(found.scalars())}
    runs = conn.execute(select_runs().where(RunRow.id.in_(place)))
    return sorted(map(Run.from_row, runs), key=lambda run: place[run.id])


_WAITING = """
SELECT ready.id
FROM publish_ready AS ready
CROSS JOIN LATERAL (
    SELECT bool_or(mode IN ('propose', 'attempt-push', 'push-derived', 'push')) AS publishable,
        bool_or(mode IN ('propose', 'attempt-push', 'push')) AS visible
    FROM unnest(ready.unpublished_branches)
) AS branches
CROSS JOIN LATERAL (
    SELECT count(*) AS number, coalesce(bool_or(reviewer = :reviewer), false) AS mine
    FROM review WHERE run_id = ready.id
) AS reviews
WHERE branches.publishable
    AND NOT reviews.mine
    AND ready.publish_status = 'needs-manual-review'
    AND (cast(:campaigns AS text[]) IS NULL OR ready.suite = ANY (:campaigns))
ORDER BY reviews.number, branches.visible DESC, ready.value DESC NULLS LAST,
    ready.finish_time DESC, ready.id
LIMIT :limit
"""
