"""Servers that do not do what they should: what to tell people, and waiting until they are there.

A worker does not end because its database or broker is away; it says so once in a line,
waits and goes on when the server returns.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import redis
from kombu.exceptions import OperationalError as BrokerError
from psycopg2 import errorcodes
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from janitor.deployment import Deployment
from janitor.redaction import redact

logger = logging.getLogger(__name__)

_IN_EACH_OTHERS_WAY = {errorcodes.DEADLOCK_DETECTED, errorcodes.SERIALIZATION_FAILURE}
FIRST_PAUSE = 1.0  # seconds
LONGEST_PAUSE = 15.0


def advice(error: BaseException) -> str | None:
    """Return what to tell a person of an error that a server gave or its absence, else None."""
    if isinstance(error, DBAPIError):
        if getattr(error.orig, "pgcode", None) in _IN_EACH_OTHERS_WAY:
            return (
                "somebody else changed the same rows at the same moment"
                f" ({_first_line(error.orig)}); nothing of this is stored, try again"
            )
        return (
            f"the database did not answer as it should: {_first_line(error.orig)}; is PostgreSQL"
            " running, does database_location (JANITOR_DATABASE_LOCATION; without one libpq's"
            " defaults count) name it, and has 'janitor-workers db upgrade' been run?"
        )
    if isinstance(error, redis.RedisError | BrokerError):
        return (
            f"the broker did not answer as it should: {_first_line(error)}; is Redis or Valkey"
            " running, and does redis_location (JANITOR_REDIS_LOCATION) name it?"
        )
    return None


def wait_for_servers(deployment: Deployment) -> None:
    """Return once the database and the broker answer; leaves no connection open.

    Says what is missing, and says it again only when that changes.

    Args:
        deployment: what names them.
    """
    _wait("database", lambda: _ask_database(deployment))
    _wait("broker", deployment.redis.ping)
    deployment.close()


def _ask_database(deployment: Deployment) -> None:
    with deployment.engine.connect() as conn:
        conn.execute(text("SELECT 1 FROM job LIMIT 1"))


def _wait(server: str, probe: Callable[[], object]) -> None:
    pause = FIRST_PAUSE
    said = None
    while True:
        try:
            probe()
        except (DBAPIError, redis.RedisError) as error:
            missing = advice(error)
            if missing != said:
                logger.warning("waiting: %s", missing)
                said = missing
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            if said is not None:
                logger.warning("the %s is there now; going on", server)
            return


def _first_line(error: BaseException | None) -> str:
    return redact(str(error).strip().splitlines()[0]) if str(error).strip() else repr(error)
