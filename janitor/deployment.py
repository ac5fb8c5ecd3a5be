"""What a configuration means: the database, stores and repositories that it names.

Everything is opened when it is first asked for and only then, so that a process holds what
it uses. A process that forked calls :meth:`Deployment.forget` before it does anything.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import redis
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session, sessionmaker

import janitor
from janitor.artifacts import ArtifactManager, get_artifact_manager
from janitor.config import Config
from janitor.errors import Failure
from janitor.jobs import Doorbell, ledger_sessions
from janitor.logs import LogFileManager, get_log_manager
from janitor.schedule import Options
from janitor.spool import Spool
from janitor.state import create_pool
from janitor.state.engine import one_by_one
from janitor.vcs import VcsManager
from janitor.vcs.outside.border import Outside
from janitor.vcs.outside.credentials import Credentials
from janitor.vcs.outside.visitor import Visitor
from janitor.vcs.settings import configured_managers


class NotConfigured(Failure):
    """Something is needed that the configuration does not name."""


@dataclass
class Deployment:
    """One Janitor, as a process of it sees it.

    Args:
        config: where everything is.
        doorbell: who rings for jobs that this process asks for; None leaves it to upkeep.
    """

    config: Config
    doorbell: Doorbell | None = None

    @cached_property
    def engine(self) -> Engine:
        """The state database; without a location, libpq's environment decides."""
        return create_pool(self.config.database_location or "postgresql://")

    def one_by_one(self) -> AbstractContextManager[Connection]:
        """Connect for statements that are a transaction each, and are sent as one."""
        return one_by_one(self.engine)

    @cached_property
    def sessions(self) -> sessionmaker[Session]:
        """Sessions whose jobs are rung for after commit."""
        return ledger_sessions(self.engine, self.doorbell)

    @cached_property
    def redis(self) -> redis.Redis:
        """The server of the channels that services listen on."""
        location = self._named("redis_location")
        return redis.Redis.from_url(location, socket_timeout=10, socket_connect_timeout=5)

    @cached_property
    def spool(self) -> Spool:
        """Where files of runs wait until they are stored."""
        return Spool(self._named("spool_location"))

    @cached_property
    def logs(self) -> LogFileManager:
        """The primary store of logs."""
        return get_log_manager(self._named("logs_location"))

    @cached_property
    def backup_logs(self) -> LogFileManager | None:
        """Where logs go while the primary store is away, if there is such a place."""
        location = self.config.logs_backup_location
        return get_log_manager(location) if location else None

    @cached_property
    def artifacts(self) -> ArtifactManager:
        """The primary store of artifacts."""
        return get_artifact_manager(self._named("artifact_location"))

    @cached_property
    def backup_artifacts(self) -> ArtifactManager | None:
        """Where artifacts go while the primary store is away, if there is such a place."""
        location = self.config.artifact_backup_location
        return get_artifact_manager(location) if location else None

    @cached_property
    def vcs_managers(self) -> dict[str, VcsManager]:
        """The managers of the repositories, by kind (``git``, ``bzr``)."""
        return configured_managers(self.config)

    @property
    def visitor(self) -> Visitor:
        """How this deployment goes to the hosts of codebases."""
        return Visitor(
            Outside(local=self.config.local_branches),
            Credentials.read(self.config.vcs_logins),
            self.config.user_agent or f"janitor/{janitor.version_string}",
        )

    @property
    def lease(self) -> timedelta:
        """How long a worker may be silent before its job is taken back."""
        return timedelta(seconds=self.config.lease_seconds)

    @property
    def scheduling(self) -> Options:
        """How places in the queue are given."""
        return Options(
            calibrated=self.config.success_model == "calibrated",
            fair_shares=self.config.fair_shares,
            cool_down=timedelta(seconds=self.config.cool_down_seconds),
        )

    def forget(self) -> None:
        """Drop what a parent process opened, without closing it for the parent."""
        if "engine" in self.__dict__:
            self.engine.dispose(close=False)
        self._clear()

    def reconfigure(self, config: Config) -> None:
        """Go by another configuration from now on; what the old one opened is closed."""
        self.close()
        self.config = config

    def close(self) -> None:
        """Close what this process opened."""
        if "engine" in self.__dict__:
            self.engine.dispose()
        if "redis" in self.__dict__:
            self.redis.close()
        self._clear()

    def _clear(self) -> None:
        for name in [name for name in self.__dict__ if name not in _OWN]:
            del self.__dict__[name]

    def _named(self, name: str) -> str:
        location: str | None = getattr(self.config, name)
        if location is None:
            raise NotConfigured(
                f"{name} is not configured: set it in janitor.conf or as JANITOR_{name.upper()}"
            )
        return location


_OWN = {"config", "doorbell"}
