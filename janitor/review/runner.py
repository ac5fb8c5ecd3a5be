"""Telling the runner service of a publish status, where there is one: it owns the status then.

It is told by a job of its own, never from inside a database transaction. What the statuses
follow from is said in :mod:`.publish_status`.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, func, select, text, update

from janitor.errors import Failure, PassingError
from janitor.jobs import JobKind, Payload, RetryPolicy
from janitor.names import RunId
from janitor.posting import OPENER
from janitor.redaction import redact
from janitor.retry_after import pause_asked
from janitor.review.considered import consider
from janitor.runs.news import tell_of_publish_status
from janitor.state import Conn
from janitor.state.engine import one_by_one
from janitor.state.publish_status import PublishStatusChange
from janitor.state.run import RunRow
from janitor.state.types import PublishStatus

PATIENCE = 30  # seconds for an answer of the runner
_LOCK = 0x72756E72  # "runr"; advisory locks are told apart by number


class SetPublishStatus(Payload):
    """What the runner is to be told.

    Args:
        run_id: the run.
        publish_status: what it shall be.
        because: the last verdict that it follows from; 0 where it follows from none.
        since: the last change of the run's status before that (``publish_status_change.id``); 0
            where none is known. A decision that comes back is told again.
        actor: who makes the change, for the record of it.
        why: what made it so, likewise.
    """

    run_id: RunId
    publish_status: PublishStatus
    because: int
    since: int = 0
    actor: str | None = None
    why: str | None = None


SET_PUBLISH_STATUS = JobKind(
    "janitor.review.set_publish_status",
    SetPublishStatus,
    key=lambda ask: f"{ask.run_id}/{ask.because}/{ask.publish_status}/{ask.since}",
    # No ``run``: nothing of the run's spool is needed.
    retry=RetryPolicy(max_attempts=100),  # most of a day: a verdict outlasts a runner's repair
)


def is_superseded(conn: Conn, ask: SetPublishStatus) -> bool:
    """Return whether the verdicts come to something else by now, so that telling would undo it."""
    return all(run.decide().status != ask.publish_status for run in consider(conn, [ask.run_id]))


@contextmanager
def one_at_a_time(engine: Engine, run_id: str) -> Iterator[None]:
    """Let nobody else tell the runner of a run meanwhile; waits for who does.

    Otherwise a decision that was looked at before the next one was given could reach the runner
    after it, and stay. A process that dies lets go with its connection.

    Args:
        engine: a connection of it is held meanwhile, without a transaction.
        run_id: the run.
    """
    lock = {"lock": _LOCK, "run_id": run_id}
    with one_by_one(engine) as conn:
        conn.execute(text("SELECT pg_advisory_lock(:lock, hashtext(:run_id))"), lock)
        try:
            yield
        finally:
            conn.execute(text("SELECT pg_advisory_unlock(:lock, hashtext(:run_id))"), lock)


def note_change(conn: Conn, ask: SetPublishStatus) -> None:
    """Write down whose doing a change was that the runner made because we told it.

    People hear of it, unless the run had that status and was said to have it before: each further
    verdict that decides the same is told to the runner.

    Args:
        conn: a transaction after the runner's.
        ask: what it was told.
    """
    latest = (
        select(func.max(PublishStatusChange.id))
        .where(PublishStatusChange.run_id == ask.run_id)
        .scalar_subquery()
    )
    noted = conn.execute(
        update(PublishStatusChange)
        .where(PublishStatusChange.id == latest, PublishStatusChange.actor.is_(None))
        .where(PublishStatusChange.after == ask.publish_status)
        .values(actor=ask.actor, why=ask.why, verdict_id=ask.because or None)
        .returning(PublishStatusChange.id),
        execution_options={"synchronize_session": False},
    )
    if noted.first() is None and _has_it(conn, ask):
        return
    tell_of_publish_status(conn, ask.run_id, ask.publish_status, actor=ask.actor, why=ask.why)


def _has_it(conn: Conn, ask: SetPublishStatus) -> bool:
    now = conn.execute(select(RunRow.publish_status).where(RunRow.id == ask.run_id))
    return now.scalar_one_or_none() == ask.publish_status


def tell_runner(ask: SetPublishStatus, runner_url: str | None) -> None:
    """Tell the runner service of a publish status.

    Args:
        ask: which run, and what.
        runner_url: the service's base URL.

    Raises:
        Failure: there is no runner, or it refuses.
        PassingError: it is away, overloaded or broken for now.
    """
    if runner_url is None:
        raise Failure("no runner is configured (JANITOR_RUNNER_URL), so it can't be told")
    request = urllib.request.Request(  # noqa: S310 - _checked
        f"{_checked(runner_url)}/runs/{urllib.parse.quote(ask.run_id, safe='')}",
        data=json.dumps({"publish_status": ask.publish_status}).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    try:
        with OPENER.open(request, timeout=PATIENCE):
            return
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(ask, error) from None
    except (OSError, http.client.HTTPException) as error:
        raise PassingError(f"the runner is away: {redact(str(error))}") from error


def _refusal(ask: SetPublishStatus, error: urllib.error.HTTPError) -> Failure | PassingError:
    said = f"run {ask.run_id}: the runner answered {error.code} {error.reason}"
    if error.code in {408, 425, 429} or error.code >= 500:  # noqa: PLR2004 - HTTP's classes
        return PassingError(said, retry_after=pause_asked(error.headers["Retry-After"]))
    return Failure(said)


def _checked(runner_url: str) -> str:
    """The base URL without the slash at its end."""
    try:
        url = urllib.parse.urlsplit(runner_url)
        usable = url.scheme in {"http", "https"} and url.hostname and "@" not in url.netloc
    except ValueError:
        usable = False
    if not usable:
        raise Failure(
            f"JANITOR_RUNNER_URL is {redact(runner_url)}; it must be http://HOST or https://HOST,"
            " without user and password"
        )
    return runner_url.rstrip("/")
