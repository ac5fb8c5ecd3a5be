"""What a verdict makes of a run's publish status, and who has to be told.

A runner service owns the status where there is one: it is told by a job of its own, never
from inside a database transaction. Where there is none, the row is changed here.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

from sqlalchemy import exists, select, update

from janitor.errors import Failure, PassingError
from janitor.jobs import JobKind, Payload, RetryPolicy, submit
from janitor.names import RunId
from janitor.redaction import redact
from janitor.retry_after import pause_asked
from janitor.runs.news import announce_publish_status
from janitor.state import Conn
from janitor.state.review import ReviewHistory
from janitor.state.run import RunRow
from janitor.state.types import PublishStatus

PATIENCE = 30  # seconds for an answer of the runner


class SetPublishStatus(Payload):
    """What the runner is to be told; ``because`` is the verdict that it follows from."""

    run_id: RunId
    publish_status: PublishStatus
    because: int


SET_PUBLISH_STATUS = JobKind(
    "janitor.review.set_publish_status",
    SetPublishStatus,
    key=lambda ask: f"{ask.run_id}/{ask.because}",
    # No ``run``: nothing of the run's spool is needed.
    retry=RetryPolicy(max_attempts=100),  # most of a day: a verdict outlasts a runner's repair
)


def change_publish_status(
    conn: Conn, run_id: str, status: PublishStatus, runner_url: str | None, *, because: int
) -> None:
    """Change a run's publish status, here or by asking the runner.

    Args:
        conn: the caller's transaction.
        run_id: the run.
        status: what it shall be.
        runner_url: the runner service, if there is one.
        because: the id of the verdict that it follows from.
    """
    if runner_url is not None:
        ask = SetPublishStatus(run_id=run_id, publish_status=status, because=because)
        submit(conn, SET_PUBLISH_STATUS, ask)
        return
    changed = conn.execute(
        update(RunRow)
        .where(RunRow.id == run_id)
        .values(publish_status=status)
        .returning(RunRow.id, RunRow.codebase, RunRow.suite, RunRow.publish_status)
    ).one()
    announce_publish_status(conn, changed)


def is_superseded(conn: Conn, ask: SetPublishStatus) -> bool:
    """Return whether a later verdict decided anew, so that telling of this one would undo it."""
    later = exists().where(
        ReviewHistory.run_id == ask.run_id,
        ReviewHistory.id > ask.because,
        ReviewHistory.qa_reviewer,
        ReviewHistory.verdict != "abstained",
    )
    return bool(conn.execute(select(later)).scalar_one())


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
        with _OPENER.open(request, timeout=PATIENCE):
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


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect as the answer: followed, it would turn into a GET that changes nothing."""

    def redirect_request(self, *_arguments: object) -> None:
        """Say that there is no request to go on with."""


_OPENER = urllib.request.build_opener(_NoRedirects)
