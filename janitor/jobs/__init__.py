"""The ledger of work that was asked for: a row is the job, a message is only its doorbell.

:mod:`.kind` says what can be asked for, :mod:`.ledger` moves a row through its states,
:mod:`.doorbell` rings after commit, :mod:`.refusal` keeps what can't be read, :mod:`.upkeep`
finds what was lost, :mod:`.retry` says when to try again. The broker behind the doorbell is
known to :mod:`tasks` alone.
"""

from janitor.jobs.doorbell import Doorbell, Ring, ledger_sessions
from janitor.jobs.kind import InvalidPayload, JobKind, Payload
from janitor.jobs.ledger import (
    Lease,
    LeaseLost,
    fail,
    finish,
    hand_back,
    lease,
    renew,
    retry_later,
    submit,
)
from janitor.jobs.refusal import refuse
from janitor.jobs.retry import RetryPolicy

__all__ = [
    "Doorbell",
    "InvalidPayload",
    "JobKind",
    "Lease",
    "LeaseLost",
    "Payload",
    "RetryPolicy",
    "Ring",
    "fail",
    "finish",
    "hand_back",
    "lease",
    "ledger_sessions",
    "refuse",
    "renew",
    "retry_later",
    "submit",
]
