"""The vcs pool: what runs changed, its names in the repositories, and codebases' own branches."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import DBAPIError

from janitor.deployment import Deployment
from janitor.errors import Failure, PassingError
from janitor.queue.hosts import rest_of
from janitor.redaction import redact
from janitor.state.alone import alone
from janitor.vcs.branch_failures import host_of
from janitor.vcs.branches.port import NoTurn
from janitor.vcs.branches.publishing import (
    PUBLISH,
    Published,
    PublishRun,
    branches_to_publish,
    gone_runs,
    publish,
    record_published,
    withdraw,
)
from janitor.vcs.errors import BranchOpenFailure
from janitor.vcs.outside.git_fetch import Limits
from janitor.vcs.outside.mirroring import MIRROR, MirrorCodebase, branch_to_mirror, mirror
from janitor.vcs.outside.rests import let_rest
from janitor.vcs.outside.rotation import Pace, Rotation
from janitor.vcs.run_diff import (
    DIFF,
    MakeDiff,
    diff_of_run,
    forget_unused_diffs,
    load_run,
    record_diff,
)
from tasks.base import Work, carries, ticks

logger = logging.getLogger(__name__)

_OF_ALL = (DBAPIError, SoftTimeLimitExceeded)  # what is no single repository's fault


@carries(DIFF)
def diff(work: Work[MakeDiff]) -> None:
    """Make and keep the diff of one role of a run."""
    here = work.deployment
    with here.sessions() as session:
        run = load_run(session, work.ask.run_id)
    made = diff_of_run(run, work.ask.role, here.vcs_managers)
    with work.finish() as session:
        record_diff(session, made)


@carries(PUBLISH)
def publish_run(work: Work[PublishRun]) -> None:
    """Publish the branches of a run under their names."""
    here = work.deployment
    failures: list[tuple[Published, Exception]] = []
    with here.one_by_one() as conn:
        for one in branches_to_publish(conn, work.ask.run_id, here.vcs_managers):
            # Before: what is not known to be published would stay when the run goes.
            with here.sessions.begin() as session:
                record_published(session, [one])
            try:
                publish(conn, one, here.vcs_managers)
            except _OF_ALL:
                raise
            except Exception as error:  # noqa: BLE001 - of this role: the others get their names
                failures.append((one, error))
    # What may pass is worth another try, whatever else does not.
    failures.sort(key=lambda failure: isinstance(failure[1], Failure))
    for other in failures[1:]:
        _warn(other[0], "is not published", other[1])
    if failures:
        raise failures[0][1]


@carries(MIRROR)
def mirror_codebase(work: Work[MirrorCodebase]) -> None:
    """Bring a codebase's branch into our repository of it."""
    here = work.deployment
    with here.sessions() as session:
        branch_url, vcs_type = branch_to_mirror(session, work.ask.codebase)
        host = host_of(branch_url) or ""
        rest = rest_of(session, host)
    if rest:
        said = f"{work.ask.codebase}: host {host} is left alone for now"
        raise PassingError(said, retry_after=rest)
    try:
        mirror(
            work.ask.codebase,
            branch_url,
            vcs_type,
            managers=here.vcs_managers,
            visitor=here.visitor,
            limits=Limits(depth=work.ask.depth),
        )
    except BranchOpenFailure as failure:
        with here.sessions.begin() as session:
            closed = let_rest(session, failure, host)
            rest = rest_of(session, closed) if closed else None
        if closed is None:
            raise
        raise PassingError(str(failure), retry_after=rest) from None


@ticks("janitor.vcs.look_at_branches")
def look_at_branches(deployment: Deployment) -> str:
    """See which codebases' branches have moved, in turn."""
    every = deployment.config.look_every_seconds
    if not every:
        return "branches are not looked at"
    with alone(deployment.engine, "look at branches") as mine:
        if not mine:
            return "another worker is at it"
        pace = Pace(timedelta(seconds=every))
        found = Rotation(deployment.sessions, deployment.visitor, pace).go()
    return ", ".join(f"{number} {what}" for what, number in sorted(found.items())) or "none is due"


@ticks("janitor.vcs.withdraw_branches")
def withdraw_branches(deployment: Deployment) -> str:
    """Take branches of runs that are gone out of the repositories."""
    withdrawn, left = 0, 0
    busy = set()  # to wait for one of them once is enough
    with deployment.one_by_one() as conn:
        for one in gone_runs(conn, deployment.vcs_managers):
            repository = one.vcs_type, one.codebase
            if repository in busy:
                left += 1
                continue
            try:
                withdraw(conn, one, deployment.vcs_managers)
                withdrawn += 1
            except _OF_ALL:
                raise
            except Exception as error:  # noqa: BLE001 - a broken repository keeps no other waiting
                _warn(one, "stays for now", error)
                left += 1
                if isinstance(error, NoTurn):
                    busy.add(repository)
    return f"{withdrawn} branches withdrawn" + (f", {left} left for later" if left else "")


@ticks("janitor.vcs.forget_diffs")
def forget_diffs(deployment: Deployment) -> str:
    """Delete the contents of diffs that no run has any more."""
    with deployment.sessions.begin() as session:
        return f"{forget_unused_diffs(session)} diffs forgotten"


def _warn(one: Published, what: str, error: Exception) -> None:
    said = f"{type(error).__name__}: {redact(str(error))}"
    logger.warning("%s of run %s in %s %s: %s", one.branch, one.run_id, one.codebase, what, said)
