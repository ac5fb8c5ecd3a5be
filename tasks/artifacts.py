"""The artifacts pool: from the spool to the store."""

from __future__ import annotations

from janitor.artifacts.upload import UPLOAD, UploadArtifacts, record_artifacts
from janitor.artifacts.upload import upload as upload_artifacts
from tasks.base import Work, carries
from tasks.spool import discard_if_done


@carries(UPLOAD)
def upload(work: Work[UploadArtifacts]) -> None:
    """Store the artifacts of a run."""
    here = work.deployment
    stored = upload_artifacts(work.ask, here.spool, here.artifacts, here.backup_artifacts)
    with work.finish() as session:
        record_artifacts(session, stored)
    discard_if_done(here, work.ask.run_id)
