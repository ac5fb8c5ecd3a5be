"""People's verdicts on runs: what was said, what follows from it, what still waits for one.

:mod:`.verdicts` takes them and :mod:`.recording` records them, many at once. What they come to is
a pure function (:mod:`.decision`) of the campaign's policy (:mod:`.policy`) and of what
:mod:`.considered` reads; the run's publish status follows (:mod:`.publish_status`), and the runner
is told where there is one (:mod:`.runner`). :mod:`.waiting` finds the runs that need a verdict,
:mod:`.claims` hands them out, :mod:`.reconsidering` is for those whose status should change without
one.
"""

from janitor.review.publish_status import follow, follow_up
from janitor.review.reconsidering import reconsider, runs_to_reconsider
from janitor.review.recording import Recorded
from janitor.review.runner import (
    SET_PUBLISH_STATUS,
    SetPublishStatus,
    is_superseded,
    note_change,
    one_at_a_time,
    tell_runner,
)
from janitor.review.verdicts import (
    RECORD,
    RecordVerdict,
    give_verdict,
    record_verdicts,
    store_review,
)
from janitor.review.waiting import runs_needing_review

__all__ = [
    "RECORD",
    "SET_PUBLISH_STATUS",
    "RecordVerdict",
    "Recorded",
    "SetPublishStatus",
    "follow",
    "follow_up",
    "give_verdict",
    "is_superseded",
    "note_change",
    "one_at_a_time",
    "reconsider",
    "record_verdicts",
    "runs_needing_review",
    "runs_to_reconsider",
    "store_review",
    "tell_runner",
]
