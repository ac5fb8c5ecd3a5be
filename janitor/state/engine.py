"""The engine on the state database, made by a factory and never at import."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2 import Error, ProgrammingError
from psycopg2.extensions import connection as PsycopgConnection  # noqa: N812 - a class
from psycopg2.extensions import make_dsn
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from janitor.errors import Failure
from janitor.redaction import redact

CONNECT_TIMEOUT = 5  # seconds
FRESH = 1.0  # seconds after its last use for which a connection is trusted to be alive
_OURS = {"postgres", "postgresql", "postgresql+psycopg2"}


class NotADatabaseUrl(Failure):
    """A database location that cannot be one."""


def create_pool(uri: str) -> Engine:
    """Return an engine on a state database; nothing is connected yet.

    Sessions run in UTC, because the columns without zone hold UTC. A connection that the
    server closed while nobody used it is replaced without anybody noticing. A process that forks
    drops the engine (:meth:`janitor.deployment.Deployment.forget`).

    Args:
        uri: ``postgresql://…``; what it leaves out, libpq's environment decides.

    Raises:
        NotADatabaseUrl: the location is not the URL of a PostgreSQL database.
    """
    try:
        url = make_url(uri)
    except (ArgumentError, ValueError):
        raise NotADatabaseUrl(
            "the database location is not a URL like postgresql://USER@HOST/NAME"
        ) from None
    if url.drivername not in _OURS:
        raise NotADatabaseUrl(
            f"the database location begins with {url.drivername}://; it must be postgresql://"
        )
    engine = create_engine(
        url.set(drivername="postgresql+psycopg2"),
        hide_parameters=True,  # URLs with passwords are among them, and errors are kept
        connect_args={"connect_timeout": CONNECT_TIMEOUT},
    )
    _check_options(engine)
    event.listen(engine, "connect", _speak_utc)
    event.listen(engine, "checkout", _check_alive)
    event.listen(engine, "checkin", _note_use)
    return engine


@contextmanager
def one_by_one(engine: Engine) -> Iterator[Connection]:
    """Connect for statements that are a transaction each; a statement is one round trip.

    SQLAlchemy's own isolation level AUTOCOMMIT asks the server twice more, because it names the
    level of transactions again when it goes back to them.

    Args:
        engine: of :func:`create_pool`.
    """
    with engine.connect() as conn:
        # Held before: a connection that breaks is taken away from the pool's.
        connection: Any = conn.connection.dbapi_connection
        connection.autocommit = True
        try:
            yield conn
        finally:
            try:
                connection.autocommit = False
            except Error:  # closed, or in no state for it: nobody else must get it like that
                conn.invalidate()


def _check_options(engine: Engine) -> None:
    """Refuse what libpq would at each connect, so that nobody waits for it to pass."""
    _, options = engine.dialect.create_connect_args(engine.url)
    try:
        make_dsn(**options)
    except ProgrammingError as error:
        raise NotADatabaseUrl(
            f"the database location is no URL that PostgreSQL takes: {redact(str(error).strip())}"
        ) from None


def _speak_utc(connection: PsycopgConnection, _record: object) -> None:
    # A statement and no startup option: connection poolers refuse those, and PGOPTIONS stays.
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
    connection.commit()


# SQLAlchemy's own check asks the server at every checkout; a busy worker would ask before each of
# its few short transactions.
def _check_alive(
    connection: PsycopgConnection, record: ConnectionPoolEntry, _proxy: object
) -> None:
    if time.monotonic() - record.info.get(_LAST_USE, time.monotonic()) < FRESH:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except Error as error:
        raise DisconnectionError from error  # the pool tries another one


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_LAST_USE] = time.monotonic()


_LAST_USE = "janitor.last_use"
