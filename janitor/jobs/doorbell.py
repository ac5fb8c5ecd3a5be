"""Rings that go out after commit, and never for what was rolled back.

A session made by :func:`ledger_sessions` collects a ring for each job submitted in it
(:mod:`.ledger`) and hands them to the doorbell once its transaction has committed. What is
behind the doorbell (Celery, in :mod:`tasks.doorbell`) is not known here. A ring that gets
lost does no harm: :mod:`.upkeep` rings again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

from janitor.state import Conn

# What a session's ``info`` says: that it rings, and for what once it has committed.
_RINGING = "janitor.ringing"
_PENDING = "janitor.rings"


@dataclass(frozen=True)
class Ring:
    """One message to send: which work, with which arguments, in whose name."""

    kind: str
    arguments: dict[str, Any]
    trace_id: str


class Doorbell(Protocol):
    """Sends messages; must not raise when the broker is away."""

    def ring(self, rings: Sequence[Ring]) -> None:
        """Send a message for each ring."""


def ledger_sessions(engine: Engine, doorbell: Doorbell | None) -> sessionmaker[Session]:
    """Return a factory of sessions that ring after commit.

    Args:
        engine: where the sessions connect.
        doorbell: who sends the messages; None leaves all ringing to upkeep.
    """
    if doorbell is None:
        return sessionmaker(engine, expire_on_commit=False)
    factory = sessionmaker(engine, expire_on_commit=False, info={_RINGING: True})

    def begun(session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:  # a session that was closed says nothing of a rollback
            session.info[_PENDING] = []

    def committed(session: Session) -> None:
        if session.in_nested_transaction():  # a savepoint's end says nothing yet
            return
        rings = [ring for ring, _ in session.info.pop(_PENDING, [])]
        if rings:
            doorbell.ring(rings)

    def rolled_back(session: Session, transaction: SessionTransaction) -> None:
        pending = session.info.get(_PENDING, [])
        session.info[_PENDING] = [entry for entry in pending if transaction not in entry[1]]

    event.listen(factory, "after_transaction_create", begun)
    event.listen(factory, "after_commit", committed)
    event.listen(factory, "after_soft_rollback", rolled_back)
    return factory


def rings_after_commit(conn: Conn) -> bool:
    """Return whether jobs submitted on ``conn`` are rung for when it commits."""
    return isinstance(conn, Session) and _RINGING in conn.info


def ring_after_commit(conn: Conn, ring: Ring) -> None:
    """Add a ring to those that go out when the transaction of ``conn`` commits."""
    if isinstance(conn, Session) and _RINGING in conn.info:
        conn.info[_PENDING].append((ring, _enclosing(conn)))


def _enclosing(session: Session) -> list[SessionTransaction]:
    chain = []
    transaction = session.get_nested_transaction() or session.get_transaction()
    while transaction is not None:
        chain.append(transaction)
        transaction = transaction.parent
    return chain
