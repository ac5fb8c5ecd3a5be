"""Servers that are not there: what to tell people, and waiting until they are.

A worker does not end because its database or broker is away; it says so once in a line,
waits and goes on when the server returns.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import redis
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from janitor.config import Config
from janitor.redaction import redact
from janitor.state import create_pool

logger = logging.getLogger(__name__)

FIRST_PAUSE = 1.0  # seconds
LONGEST_PAUSE = 15.0


def advice(error: BaseException) -> str | None:
    """Return what to tell a person of an error that a server's absence explains, else None."""
    if isinstance(error, DBAPIError):
        return (
            f"the database did not answer as it should: {_first_line(error.orig)}; is PostgreSQL"
            " running, does database_location (JANITOR_DATABASE_LOCATION) name it, and was"
            " 'janitor-workers db upgrade' run?"
        )
    if isinstance(error, redis.RedisError | BrokerError):
        return (
            f"the broker did not answer as it should: {_first_line(error)}; is Redis or Valkey"
            " running, and does redis_location (JANITOR_REDIS_LOCATION) name it?"
        )
    return None


def wait_for_servers(config: Config) -> None:
    """Return once the database and the broker answer; says what is missing meanwhile.

    Args:
        config: where they are.
    """
    _wait(lambda: _ask_database(config))
    _wait(lambda: _ask_broker(config))


def _ask_database(config: Config) -> None:
    engine = create_pool(config.database_location or "postgresql://")
    try:
        with engine.connect() as conn:
            conn.execute(text("SELECT 1 FROM job LIMIT 1"))
    finally:
        engine.dispose()


def _ask_broker(config: Config) -> None:
    location = config.redis_location
    if location is not None:
        client = redis.Redis.from_url(location, socket_timeout=5, socket_connect_timeout=5)
        client.ping()
        client.close()


def _wait(probe: Callable[[], None]) -> None:
    pause = FIRST_PAUSE
    while True:
        try:
            probe()
        except (DBAPIError, redis.RedisError) as error:
            logger.warning("waiting %.0f s: %s", pause, advice(error))
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            return


def _first_line(error: BaseException | None) -> str:
    return redact(str(error).strip().splitlines()[0]) if str(error).strip() else repr(error)
