"""The artifacts pool: from the spool to the store, back from the backup, and away in the end."""

from __future__ import annotations

from janitor.artifacts.upload import UPLOAD, UploadArtifacts, record_artifacts
from janitor.artifacts.upload import upload as upload_artifacts
from janitor.deployment import Deployment
from tasks.base import Work, carries, ticks
from tasks.files import bring_back, let_go
from tasks.spool import discard_if_done


@carries(UPLOAD)
def upload(work: Work[UploadArtifacts]) -> None:
    """Store the artifacts of a run."""
    here = work.deployment
    stored = upload_artifacts(work.ask, here.spool, here.artifacts, here.backup_artifacts)
    with work.finish() as session:
        record_artifacts(session, stored)
    discard_if_done(here, work.ask.run_id)


@ticks("janitor.artifacts.bring_back")
def bring_back_artifacts(deployment: Deployment) -> str:
    """Move artifacts from the backup to the primary store."""
    return bring_back(deployment, "artifacts")


@ticks("janitor.artifacts.expire")
def expire_artifacts(deployment: Deployment) -> str:
    """Delete artifacts that no policy keeps any longer."""
    return let_go(deployment, "artifacts")
