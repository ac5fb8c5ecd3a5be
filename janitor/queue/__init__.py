"""The run queue: runs that are to be done, in the order in which they will be.

:mod:`.item` is what a caller sees of an entry, :mod:`.choice` finds those to be served next,
:mod:`.claims` hands them out to one worker at a time, within the limits of :mod:`.hosts` and
the :mod:`.pace` of campaigns. :mod:`.waiting` says how far an entry is from that, from its
:mod:`.position`, the :mod:`.load` ahead and what :mod:`.holds` it back; :mod:`.listing` shows
entries. :mod:`.run_queue` looks, and adds a :mod:`.new_entry` by the rules of :mod:`.adding`.
Where an entry's number comes from is said by :mod:`janitor.schedule`; what becomes of a finished
one by :mod:`janitor.runs`.
"""

from janitor.queue.claims import Claim, ClaimLost, Expired
from janitor.queue.hosts import InvalidLimit, closed_hosts, limit_host
from janitor.queue.item import QueueItem
from janitor.queue.new_entry import UnknownBucket
from janitor.queue.pace import EVERY_CAMPAIGN, InvalidPace, paused_campaigns, set_pace
from janitor.queue.position import keep_counts
from janitor.queue.run_queue import Queue
from janitor.queue.waiting import Waiting

__all__ = [
    "EVERY_CAMPAIGN",
    "Claim",
    "ClaimLost",
    "Expired",
    "InvalidLimit",
    "InvalidPace",
    "Queue",
    "QueueItem",
    "UnknownBucket",
    "Waiting",
    "closed_hosts",
    "keep_counts",
    "limit_host",
    "paused_campaigns",
    "set_pace",
]
