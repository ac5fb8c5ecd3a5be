"""Taking in the result of a run.

:mod:`.result` reads what a worker wrote, :mod:`.taking_in` stores it and asks for what
follows: logs (:mod:`janitor.logs`), artifacts (:mod:`janitor.artifacts`) and diffs
(:mod:`janitor.vcs`). The files wait in the spool (:mod:`janitor.spool`) meanwhile.
:mod:`.giving_up` ends runs that no worker lived to hand in.
"""

from janitor.runs.giving_up import Settled, settle_expired_claims
from janitor.runs.result import InvalidResult, RunResult
from janitor.runs.taking_in import (
    FINISH,
    FinishRun,
    HandedIn,
    hand_in,
    read_handed_in,
    spool_is_done,
    store_run,
)

__all__ = [
    "FINISH",
    "FinishRun",
    "HandedIn",
    "InvalidResult",
    "RunResult",
    "Settled",
    "hand_in",
    "read_handed_in",
    "settle_expired_claims",
    "spool_is_done",
    "store_run",
]
