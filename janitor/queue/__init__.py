"""The run queue: runs that are to be done, in the order in which they will be.

:mod:`.item` is what a caller sees of an entry, :mod:`.claims` hands entries out to one worker
at a time, :mod:`.run_queue` adds and looks. Where an entry's number comes from is said by
:mod:`janitor.schedule`; what becomes of a finished one by :mod:`janitor.runs`.
"""

from janitor.queue.claims import Claim, ClaimLost, Expired
from janitor.queue.item import QueueItem
from janitor.queue.run_queue import Queue, UnknownBucket

__all__ = ["Claim", "ClaimLost", "Expired", "Queue", "QueueItem", "UnknownBucket"]
