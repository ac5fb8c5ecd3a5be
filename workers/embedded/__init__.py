"""PostgreSQL and Valkey that come with the project, for a demo, a laptop or the tests.

:mod:`workers.embedded.postgres` and :mod:`workers.embedded.valkey` know the two servers,
:mod:`workers.embedded.server` what they share: one owner per data directory, a free
loopback port, a generated password, a clean end, recovery after a crash of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.server import ServerNotStarted
from workers.embedded.valkey import EmbeddedValkey
from workers.ownership import DataDirectoryInUse

__all__ = [
    "DataDirectoryInUse",
    "EmbeddedPostgres",
    "EmbeddedValkey",
    "Endpoints",
    "ServerNotStarted",
    "embedded_servers",
]


@dataclass(frozen=True)
class Endpoints:
    """Where the two servers listen; the URLs carry their passwords."""

    database_url: str
    redis_url: str


@contextmanager
def embedded_servers(data_directory: Path) -> Iterator[Endpoints]:
    """Run both servers for the length of a ``with`` block.

    Args:
        data_directory: where data, logs and passwords are kept between starts; made if
            missing.

    Raises:
        DataDirectoryInUse: another process runs servers in this directory.
        ServerNotStarted: a server did not come up; the message ends with its log.
    """
    with EmbeddedPostgres(data_directory) as postgres, EmbeddedValkey(data_directory) as valkey:
        yield Endpoints(database_url=postgres.url, redis_url=valkey.url)
