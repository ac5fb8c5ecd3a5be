"""Runs that wait for a verdict, in the order in which a reviewer should look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import text

from janitor.errors import Failure
from janitor.state import Conn, Run
from janitor.state.run import RunRow
from janitor.state.run_record import select_runs

_PLACE = ("reviews", "hidden", "worth", "age", "id")


class InvalidPlace(Failure):
    """What should say where to go on is no place in the order."""


@dataclass(frozen=True)
class Wanted:
    """Which runs a reviewer wants to see; what is not given leaves nothing out.

    Args:
        reviewer: leave out what this reviewer has reviewed.
        campaigns: only runs of these.
        codebases: only runs on these.
        same_diff_as: only runs whose every diff is one that this run has too.
    """

    reviewer: str | None = None
    campaigns: Sequence[str] | None = None
    codebases: Sequence[str] | None = None
    same_diff_as: str | None = None


@dataclass(frozen=True)
class Waiting:
    """A run that waits.

    Args:
        run: the run.
        reviews: how many reviews it has.
        claimed_by: who looks at it now, if anybody.
        place: where it stands in the order; the next page begins after it.
    """

    run: Run
    reviews: int
    claimed_by: str | None
    place: str


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
    return [each.run for each in waiting(conn, Wanted(reviewer, campaigns), limit=limit)]


def waiting(
    conn: Conn, wanted: Wanted, *, limit: int | None = None, after: str | None = None
) -> list[Waiting]:
    """Return a page of the runs that wait, in the order of :func:`runs_needing_review`.

    Args:
        conn: a connection or session.
        wanted: which runs.
        limit: how many at most.
        after: the place of the last run of the page before. What comes to stand before it
            meanwhile is not seen, and nothing is seen twice unless it was reviewed again.

    Raises:
        InvalidPlace: ``after`` is no place.
    """
    place = nothing_before() if after is None else _place(after)
    found = conn.execute(text(WAITING), wishes(wanted) | place | {"limit": limit}).all()
    ids = [row.id for row in found]
    rows = conn.execute(select_runs().where(RunRow.id.in_(ids)))
    runs = {run.id: run for run in map(Run.from_row, rows)}
    return [
        Waiting(
            runs[row.id],
            row.reviews,
            row.claimed_by,
            f"{row.reviews}/{row.hidden}/{row.worth}/{row.age}/{row.id}",
        )
        for row in found
        if row.id in runs  # deleted meanwhile
    ]


def waiting_runs(conn: Conn, wanted: Wanted) -> list[tuple[str, str]]:
    """Return id and campaign of all runs that wait, in the same order."""
    found = conn.execute(text(WAITING), wishes(wanted) | nothing_before() | {"limit": None})
    return [(row.id, row.campaign) for row in found]


def waits(conn: Conn, wanted: Wanted, run: Run) -> bool:
    """Return whether a run is among those that wait."""
    few = replace(wanted, codebases=[run.codebase])  # and not all that wait
    return any(each.run.id == run.id for each in waiting(conn, few))


def wishes(wanted: Wanted) -> dict[str, object]:
    """Return what :data:`WAITING` takes for that."""
    return {
        "reviewer": wanted.reviewer,
        "campaigns": None if wanted.campaigns is None else list(wanted.campaigns),
        "codebases": None if wanted.codebases is None else list(wanted.codebases),
        "same_diff_as": wanted.same_diff_as,
    }


def nothing_before() -> dict[str, object]:
    """Return what :data:`WAITING` takes for the first page."""
    return dict.fromkeys(_PLACE)


def _place(after: str) -> dict[str, object]:
    parts = after.split("/", len(_PLACE) - 1)
    try:
        *numbers, run_id = parts
        return dict(zip(_PLACE, [*map(int, numbers), run_id], strict=True))
    except ValueError:
        raise InvalidPlace(
            f"{after!r} is no place in the list; take the one that the page before ended with"
        ) from None


# The order is made of numbers that all rise, so that "after this place" is one comparison: a
# missing value is worth less than any other, and the age is in microseconds.
WAITING = """
SELECT ordered.*, ready.suite AS campaign, claim.reviewer AS claimed_by
FROM publish_ready AS ready
CROSS JOIN LATERAL (
    SELECT bool_or(mode IN ('propose', 'attempt-push', 'push-derived', 'push')) AS publishable,
        bool_or(mode IN ('propose', 'attempt-push', 'push')) AS visible
    FROM unnest(ready.unpublished_branches)
) AS branches
CROSS JOIN LATERAL (
    SELECT count(*) AS number, coalesce(bool_or(reviewer = :reviewer), false) AS mine
    FROM review WHERE run_id = ready.id
) AS given
CROSS JOIN LATERAL (
    SELECT given.number AS reviews,
        CASE WHEN branches.visible THEN 0 ELSE 1 END AS hidden,
        coalesce(-ready.value::bigint, 2147483649) AS worth,
        coalesce(
            CASE WHEN isfinite(ready.finish_time)
                THEN (-1000000 * extract(epoch FROM ready.finish_time))::bigint END,
            -1e18::bigint
        ) AS age,
        ready.id
) AS ordered
LEFT JOIN review_claim AS claim ON claim.run_id = ready.id AND claim.claimed_until > now()
WHERE branches.publishable
    AND NOT given.mine
    AND ready.publish_status = 'needs-manual-review'
    AND (cast(:campaigns AS text[]) IS NULL OR ready.suite = ANY (:campaigns))
    AND (cast(:codebases AS text[]) IS NULL OR ready.codebase = ANY (:codebases))
    AND (cast(:same_diff_as AS text) IS NULL
        OR EXISTS (SELECT FROM run_diff WHERE run_id = ready.id)
        AND NOT EXISTS ( -- a branch whose diff nobody has seen
            SELECT FROM new_result_branch AS branch
            WHERE branch.run_id = ready.id AND NOT EXISTS (
                SELECT FROM run_diff WHERE run_id = ready.id AND run_diff.role = branch.role
            )
        )
        AND NOT EXISTS (
            SELECT FROM run_diff WHERE run_id = ready.id AND (
                truncated IS NOT NULL  -- what comes after its beginning may be another
                OR (role, sha256) NOT IN (
                    SELECT role, sha256 FROM run_diff WHERE run_id = :same_diff_as
                )
            )
        ))
    AND (cast(:id AS text) IS NULL
        OR (ordered.reviews, ordered.hidden, ordered.worth, ordered.age, ordered.id)
            > (:reviews, :hidden, :worth, :age, :id))
ORDER BY ordered.reviews, ordered.hidden, ordered.worth, ordered.age, ordered.id
LIMIT :limit
"""
