"""The real servers that tests run against, each test in a database of its own.

One PostgreSQL and one Valkey are started per session, in a temporary directory
(:mod:`workers.embedded`), and are gone afterwards. The schema is migrated once into a
template; a test's database is a copy of it, so tests commit like production code.
"""

from __future__ import annotations

import secrets
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
import redis
from psycopg2 import sql
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from workers.embedded import EmbeddedPostgres, EmbeddedValkey


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the size of what takes minutes be chosen."""
    parser.addoption("--runs", type=int, default=40, help="of tests/acceptance/test_taking_in.py")


def pytest_configure() -> None:
    """Let signals reach the programs under test, however the tests were started."""
    # A shell ignores Ctrl-C in what it starts in the background, nohup ignores SIGHUP, and
    # children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """Where the session's servers keep their data."""
    with tempfile.TemporaryDirectory(prefix="janitor-tests-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres_url(server_directory: Path) -> Iterator[str]:
    """A PostgreSQL server: the URL of its superuser in its own, empty database."""
    with EmbeddedPostgres(server_directory, durable=False) as server:
        yield server.url


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> Iterator[str]:
    """The name of a database with our schema that nobody is connected to."""
    from janitor.state import create_pool
    from janitor.state.upgrade import upgrade

    with fresh_database(postgres_url) as url:
        engine = create_pool(url)
        upgrade(engine)
        engine.dispose()
        name = make_url(url).database
        assert name is not None
        yield name


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """The URL of a database without any schema."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
def database_url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """The URL of a database with our schema and no rows of anybody."""
    with fresh_database(postgres_url, template=migrated_template) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine with the application's settings on the test's database."""
    from janitor.state import create_pool

    engine = create_pool(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on the test's database; its commits are real."""
    with Session(engine) as session:
        yield session


@pytest.fixture(scope="session")
def valkey_url(server_directory: Path) -> Iterator[str]:
    """The URL of a Valkey server that all tests share."""
    with EmbeddedValkey(server_directory) as server:
        yield server.url


@pytest.fixture
def redis_url(valkey_url: str) -> str:
    """The URL of the Valkey server, emptied."""
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    return valkey_url


@contextmanager
def fresh_database(server_url: str, template: str = "template1") -> Iterator[str]:
    """Make a database for the length of a ``with`` block and give its URL."""
    name = f"test_{secrets.token_hex(8)}"
    make = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    _run(server_url, make.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        # By force: a test that failed may have left a connection open.
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        _run(server_url, drop.format(sql.Identifier(name)))


def _run(url: str, statement: sql.Composed) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
