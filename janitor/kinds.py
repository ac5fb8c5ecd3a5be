"""Every kind of job there is, by name: the public contract of what can be asked for.

A service in another language sends a Celery message of that name with the payload as
keyword arguments, or inserts the row; :func:`schemas` says in JSON Schema what it takes.
"""

from __future__ import annotations

from typing import Any

from janitor.analysis import ANALYSE
from janitor.announcements import ANNOUNCE
from janitor.artifacts.upload import UPLOAD
from janitor.jobs import JobKind
from janitor.logs.ingest import INGEST
from janitor.notifications import DELIVER
from janitor.review import RECORD, SET_PUBLISH_STATUS
from janitor.runs import FINISH
from janitor.schedule.bulk_requests import REQUEST_IN_BULK
from janitor.schedule.requests import REQUEST
from janitor.uploads import UPLOAD_LINES
from janitor.vcs.branches.publishing import PUBLISH
from janitor.vcs.outside.mirroring import MIRROR
from janitor.vcs.run_diff import DIFF

_ALL: tuple[JobKind[Any], ...] = (
    REQUEST,
    REQUEST_IN_BULK,
    UPLOAD_LINES,
    FINISH,
    INGEST,
    ANALYSE,
    UPLOAD,
    DIFF,
    PUBLISH,
    MIRROR,
    RECORD,
    SET_PUBLISH_STATUS,
    ANNOUNCE,
    DELIVER,
)

KINDS: dict[str, JobKind[Any]] = {kind.name: kind for kind in _ALL}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each kind's payload, by the kind's name."""
    return {name: kind.payload.model_json_schema() for name, kind in KINDS.items()}
