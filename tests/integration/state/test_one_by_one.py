"""Statements that are a transaction each, on connections that others use for longer ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from janitor.state.engine import one_by_one

INSERT = text("INSERT INTO worker (name, password) VALUES (:name, 'x')")
NAMES = text("SELECT name FROM worker ORDER BY name")


@pytest.fixture
def single(engine: Engine) -> Iterator[Engine]:
    """The test's database with one connection for all."""
    single = create_engine(engine.url, pool_size=1, max_overflow=0, pool_timeout=1)
    yield single
    single.dispose()


def names(engine: Engine) -> list[str]:
    with engine.connect() as conn:
        return list(conn.execute(NAMES).scalars())


def test_each_statement_is_committed_by_itself(single: Engine, engine: Engine) -> None:
    with one_by_one(single) as conn:
        conn.execute(INSERT, {"name": "a"})
        assert names(engine) == ["a"]
        with pytest.raises(DBAPIError):
            conn.execute(INSERT, {"name": "a"})
    assert names(engine) == ["a"]


def test_whoever_comes_next_has_a_transaction(single: Engine, engine: Engine) -> None:
    with one_by_one(single) as conn:
        conn.execute(INSERT, {"name": "a"})
    with single.connect() as conn:
        conn.execute(INSERT, {"name": "b"})
        assert names(engine) == ["a"]
        conn.rollback()
    assert names(engine) == ["a"]


def test_a_connection_that_was_lost_is_replaced(single: Engine, engine: Engine) -> None:
    with one_by_one(single) as conn, pytest.raises(DBAPIError):
        conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with one_by_one(single) as conn:
        conn.execute(INSERT, {"name": "a"})
    assert names(engine) == ["a"]
