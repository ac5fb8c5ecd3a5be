"""A run's publish status follows what its verdicts come to, and other services hear of it.

Where a runner service owns the status, :mod:`.runner` tells it; where there is none, the row is
changed here. Either way a trigger on the table writes the change down.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import text

from janitor.jobs.together import submit_all
from janitor.review.considered import Considered, consider
from janitor.review.decision import Decision
from janitor.review.runner import SET_PUBLISH_STATUS, SetPublishStatus
from janitor.runs.news import announce_publish_status, tell_of_publish_statuses
from janitor.state import Conn
from janitor.state.types import PublishStatus

_DECIDED = ("approved", "rejected")


@dataclass(frozen=True)
class Cause:
    """Who makes a publish status change, and why.

    Args:
        actor: a reviewer, or what else acts.
        why: the decision in words.
        verdict_id: the last verdict that it follows from, in the history; None without any.
    """

    actor: str
    why: str
    verdict_id: int | None


@dataclass(frozen=True)
class Following:
    """A run whose publish status is to follow a decision.

    Args:
        run: the run as the decision saw it.
        decision: what its status should be.
        cause: whose doing it is.
    """

    run: Considered
    decision: Decision
    cause: Cause


def follow(conn: Conn, following: Sequence[Following], runner_url: str | None) -> int:
    """Let the publish statuses of different runs follow decisions.

    Args:
        conn: the transaction of the decisions, with the runs' rows locked.
        following: the runs, each once.
        runner_url: the runner service, if there is one.

    Returns:
        How many are to change.
    """
    changes = [
        (each.run.run_id, status, each.cause)
        for each in following
        if (status := _to_set(each, tell_anyway=runner_url is not None)) is not None
    ]
    if not changes:
        return 0
    if runner_url is None:
        _change(conn, changes)
    else:
        run_ids = [run_id for run_id, _, _ in changes]
        last = conn.execute(_LAST_CHANGES, {"run_ids": run_ids})
        since = {run_id: change for run_id, change in last}  # noqa: C416 - a result is no mapping
        asks = [_request(change, since.get(change[0], 0)) for change in changes]
        submit_all(conn, SET_PUBLISH_STATUS, asks)
    return len(changes)


def follow_up(
    conn: Conn, ask: SetPublishStatus, runner_url: str | None, *, told: bool = True
) -> None:
    """Tell the runner anew if a run was decided otherwise than it was told, or may have been.

    Args:
        conn: a transaction after the runner's: who decides later sees the status that it was told.
        ask: what it was to be told.
        runner_url: the runner service.
        told: whether it was; otherwise the run's row says what it heard before.
    """
    for run in consider(conn, [ask.run_id]):
        decision = run.decide()
        status = ask.publish_status if told else run.publish_status
        if decision.status in {None, status}:
            continue
        asked = {
            "kind": SET_PUBLISH_STATUS.name,
            "key": SET_PUBLISH_STATUS.key(ask),
            "run_id": run.run_id,
            "status": decision.status,
        }
        if not conn.execute(_IS_ASKED_FOR, asked).scalar_one():
            actor = run.given[-1].reviewer if run.given else ask.actor or ""
            cause = Cause(actor, decision.why, run.latest_id or None)
            as_told = replace(run, publish_status=status)
            follow(conn, [Following(as_told, decision, cause)], runner_url)


_Change = tuple[str, PublishStatus, Cause]


def _to_set(each: Following, *, tell_anyway: bool) -> PublishStatus | None:
    """The status that is to be set, if any."""
    status, before = each.decision.status, each.run.publish_status
    if status in _DECIDED and tell_anyway:
        # Whatever the row says: the runner may not have come to an earlier change yet.
        return status
    if status == before:
        return None
    if status not in _DECIDED and before not in _DECIDED:
        return None  # others made it blocked or ignored, and nothing is decided against that
    return status


def _request(change: _Change, since: int) -> SetPublishStatus:
    run_id, status, cause = change
    return SetPublishStatus(
        run_id=run_id,
        publish_status=status,
        because=cause.verdict_id or 0,
        since=since,
        actor=cause.actor,
        why=cause.why,
    )


def _change(conn: Conn, changes: Sequence[_Change]) -> None:
    asked = {
        "run_ids": [run_id for run_id, _, _ in changes],
        "statuses": [status for _, status, _ in changes],
        "about": json.dumps({run_id: asdict(cause) for run_id, _, cause in changes}),
    }
    changed = {row.id: row for row in conn.execute(_CHANGE, asked)}
    announce_publish_status(conn, *(changed[run_id] for run_id, _, _ in changes))
    tell_of_publish_statuses(
        conn, [(run_id, status, cause.actor, cause.why) for run_id, status, cause in changes]
    )


_LAST_CHANGES = text("""
SELECT run_id, max(id) FROM publish_status_change WHERE run_id = ANY (:run_ids) GROUP BY run_id
""")

_IS_ASKED_FOR = text("""
SELECT EXISTS (
    SELECT FROM job
    WHERE kind = :kind AND state IN ('pending', 'leased') AND key <> :key
        AND payload ->> 'run_id' = :run_id AND payload ->> 'publish_status' = :status
)
""")

# The trigger that records changes reads the setting; one statement says and does it.
_CHANGE = text("""
UPDATE run SET publish_status = asked.status
FROM unnest(cast(:run_ids AS text[]), cast(:statuses AS publish_status[])) AS asked (id, status)
WHERE run.id = asked.id
    AND (SELECT set_config('janitor.publish_status', :about, true)) IS NOT NULL
RETURNING run.id, run.codebase, run.suite, run.publish_status
""")
