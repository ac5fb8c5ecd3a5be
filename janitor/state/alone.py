"""Duties that nobody needs to do twice at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, func, select

from janitor.state.engine import one_by_one

# Advisory locks are told apart by number: the bytes of "files", where duties began, and which duty.
_LOCK = 0x66696C6573


@contextmanager
def alone(engine: Engine, duty: str) -> Iterator[bool]:
    """Say whether nobody else is at a duty; nobody else will be during the block.

    A process that dies lets go with its connection.

    Args:
        engine: a connection of it is held meanwhile, without a transaction.
        duty: its name.
    """
    number = func.hashtext(duty)
    with one_by_one(engine) as conn:
        got = conn.execute(select(func.pg_try_advisory_lock(_LOCK % 2**31, number))).scalar_one()
        try:
            yield bool(got)
        finally:
            if got:
                conn.execute(select(func.pg_advisory_unlock(_LOCK % 2**31, number)))
