"""People's verdicts on runs: what was said, what follows from it, what still waits for one.

:mod:`.verdicts` records them, :mod:`.publish_status` tells what a verdict makes of a run,
:mod:`.waiting` finds the runs that need one.
"""

from janitor.review.publish_status import (
    SET_PUBLISH_STATUS,
    SetPublishStatus,
    is_superseded,
    tell_runner,
)
from janitor.review.verdicts import RECORD, RecordVerdict, record_verdict, store_review
from janitor.review.waiting import runs_needing_review

__all__ = [
    "RECORD",
    "SET_PUBLISH_STATUS",
    "RecordVerdict",
    "SetPublishStatus",
    "is_superseded",
    "record_verdict",
    "runs_needing_review",
    "store_review",
    "tell_runner",
]
