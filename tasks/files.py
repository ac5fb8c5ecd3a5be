"""Duties that the logs and the artifacts pool have alike: bringing back, letting go."""

from __future__ import annotations

from janitor.deployment import Deployment
from janitor.files import Kind, shelf_of
from janitor.files.expiry import expire
from janitor.files.returning import return_files
from janitor.state.alone import alone


def bring_back(deployment: Deployment, kind: Kind) -> str:
    """Move files of one kind from the backup to the primary store."""
    with alone(deployment.engine, f"return {kind}") as nobody_else:
        if not nobody_else:
            return "another worker is at it"
        return str(return_files(deployment.sessions, shelf_of(deployment, kind)))


def let_go(deployment: Deployment, kind: Kind) -> str:
    """Delete files of one kind that no policy keeps any longer."""
    with alone(deployment.engine, f"expire {kind}") as nobody_else:
        if not nobody_else:
            return "another worker is at it"
        return str(expire(deployment.sessions, shelf_of(deployment, kind)))
