"""A run's publish status follows what its verdicts come to, and other services hear of it.

Where a runner service owns the status, :mod:`.runner` tells it; where there is none, the row is
changed here. Either way a trigger on the table writes the change down.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sqlalchemy import text

from janitor.jobs import submit
from janitor.review.considered import Considered
from janitor.review.decision import Decision
from janitor.review.runner import SET_PUBLISH_STATUS, SetPublishStatus
from janitor.runs.news import announce_publish_status, tell_of_publish_status
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


def follow(
    conn: Conn, run: Considered, decision: Decision, cause: Cause, runner_url: str | None
) -> bool:
    """Let a run's publish status follow a decision.

    Args:
        conn: the transaction of the decision, with the run's row locked.
        run: the run as the decision saw it.
        decision: what it should be.
        cause: whose doing it is.
        runner_url: the runner service, if there is one.

    Returns:
        Whether anything is to change.
    """
    status = decision.status
    if status is None:
        return False
    if runner_url is not None and status in _DECIDED:
        # Whatever the row says: the runner may not have come to an earlier change yet.
        _ask_runner(conn, run.run_id, status, cause)
        return True
    if status == run.publish_status:
        return False
    if status not in _DECIDED and run.publish_status not in _DECIDED:
        return False  # others made it blocked or ignored, and nothing is decided against that
    if runner_url is not None:
        _ask_runner(conn, run.run_id, status, cause)
    else:
        _change(conn, run.run_id, status, cause)
    return True


def _ask_runner(conn: Conn, run_id: str, status: PublishStatus, cause: Cause) -> None:
    ask = SetPublishStatus(
        run_id=run_id,
        publish_status=status,
        because=cause.verdict_id or 0,
        actor=cause.actor,
        why=cause.why,
    )
    submit(conn, SET_PUBLISH_STATUS, ask)


def _change(conn: Conn, run_id: str, status: PublishStatus, cause: Cause) -> None:
    about = json.dumps({"run_id": run_id} | asdict(cause))
    change = {"run_id": run_id, "status": status, "about": about}
    changed = conn.execute(_CHANGE, change).one()
    announce_publish_status(conn, changed)
    tell_of_publish_status(conn, run_id, status, actor=cause.actor, why=cause.why)


# The trigger that records changes reads the setting; one statement says and does it.
_CHANGE = text("""
UPDATE run SET publish_status = cast(:status AS publish_status)
WHERE id = :run_id AND (SELECT set_config('janitor.publish_status', :about, true)) IS NOT NULL
RETURNING id, codebase, suite, publish_status
""")
