"""The state tables: models (one module for each aggregate), engine, migrations.

The models say what a row is; what may be done with rows is said by the domain packages
beside this one. :mod:`.upgrade` makes a database what the models expect.
"""

# All models are known as soon as one is used: their foreign keys name each other.
from janitor.state import (
    announcement,
    branch,
    candidate,
    change_set,
    codebase,
    diff,
    expiry,
    finding,
    job,
    notification,
    publication,
    publish_policy,
    publish_status,
    queue,
    queue_limits,
    review,
    review_claim,
    run,
    run_statistics,
    site_session,
    stored,
    verdict_policy,
    worker,
)
from janitor.state.base import Base, Conn
from janitor.state.candidate import iter_publishable_suites
from janitor.state.cotenants import has_cotenants
from janitor.state.engine import create_pool
from janitor.state.run_record import Run, get_result_branch, get_run

__all__ = [
    "Base",
    "Conn",
    "Run",
    "announcement",
    "branch",
    "candidate",
    "change_set",
    "codebase",
    "create_pool",
    "diff",
    "expiry",
    "finding",
    "get_result_branch",
    "get_run",
    "has_cotenants",
    "iter_publishable_suites",
    "job",
    "notification",
    "publication",
    "publish_policy",
    "publish_status",
    "queue",
    "queue_limits",
    "review",
    "review_claim",
    "run",
    "run_statistics",
    "site_session",
    "stored",
    "verdict_policy",
    "worker",
]
