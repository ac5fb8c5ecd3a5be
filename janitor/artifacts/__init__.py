"""Artifacts of runs: key scheme and policy over :mod:`janitor.storage`.

:mod:`janitor.artifacts.upload` is the job that brings them there from the spool.
"""

from janitor.artifacts.backup import store_artifacts_with_backup, upload_backup_artifacts
from janitor.artifacts.manager import (
    DEFAULT_GCS_TIMEOUT,
    ArtifactManager,
    ArtifactsMissing,
    LocalArtifactManager,
    list_ids,
)
from janitor.artifacts.places import (
    GCSArtifactManager,
    S3ArtifactManager,
    get_artifact_manager,
)
from janitor.storage import ServiceUnavailable

__all__ = [
    "DEFAULT_GCS_TIMEOUT",
    "ArtifactManager",
    "ArtifactsMissing",
    "GCSArtifactManager",
    "LocalArtifactManager",
    "S3ArtifactManager",
    "ServiceUnavailable",
    "get_artifact_manager",
    "list_ids",
    "store_artifacts_with_backup",
    "upload_backup_artifacts",
]
