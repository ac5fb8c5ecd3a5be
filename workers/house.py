"""Everything on one machine: servers, beat, a worker of each pool, and Flower.

What the configuration names is used; where it names nothing, an embedded server
(:mod:`workers.embedded`) or a directory below the data directory takes the place. The
processes are a :mod:`workers.stack`'s.
"""

from __future__ import annotations

import os
import shlex
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from janitor.config import Config
from janitor.config.variables import IN_FILE
from janitor.deployment import Deployment
from janitor.redaction import redact
from janitor.state.upgrade import upgrade
from workers.embedded import EmbeddedPostgres, EmbeddedValkey
from workers.pools import POOLS
from workers.ports import free_port, require_free
from workers.private_file import write_private
from workers.signals import undisturbed
from workers.stack import Program, ProgramFailed, Stack, end_left_over
from workers.waiting import wait_for_servers

ENVIRONMENT = "environment.sh"  # below the data directory; it has passwords

_LOOPBACK = "127.0.0.1"
_DIRECTORIES = {
    "spool_location": "spool",
    "logs_location": "logs",
    "artifact_location": "artifacts",
    "git_location": "git",
    "bzr_location": "bzr",
}
_PASSED_ON = (
    "database_location",
    "redis_location",
    "lease_seconds",
    "success_model",
    "fair_shares",
    "cool_down_seconds",
    "local_branches",
    "look_every_seconds",
    "vcs_logins",
)


class House:
    """A whole Janitor on this machine, for the length of a ``with`` block.

    Args:
        data: where servers, stores and logs of processes keep what they keep.
        config: what is configured; the rest is made up below ``data``.
        flower_port: where Flower listens on loopback; 0 for any free port.
    """

    def __init__(self, data: Path, config: Config, *, flower_port: int) -> None:
        self.data = data.resolve()
        self.config = config
        self._flower_port = flower_port
        self._stack: Stack | None = None
        self._open = ExitStack()

    @property
    def flower_url(self) -> str:
        """Where Flower is."""
        return f"http://{_LOOPBACK}:{self._flower_port}"

    def __enter__(self) -> Self:
        """Start servers, bring the database up to date, start the workers and Flower."""
        try:
            end_left_over(self.data)
            require_free(_LOOPBACK, self._flower_port)
            self.config = self._complete()
            deployment = Deployment(self.config)
            upgrade(deployment.engine)
            wait_for_servers(deployment)
            self._flower_port = self._flower_port or free_port(0)
            self._tell_environment()
            environment = self._environment()
            self._stack = self._open.enter_context(Stack(self.data, environment))
            self._stack.start([*_WORKERS, self._flower()])
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def start_clock(self) -> None:
        """Start beat, which triggers each periodic duty at once and then in its rhythm."""
        self._running.start([_program("beat")])

    def flower_answers(self) -> bool:
        """Return whether Flower is up: what happens before, it does not show."""
        with socket.socket() as connection:
            return connection.connect_ex((_LOOPBACK, self._flower_port)) == 0

    def tend(self) -> None:
        """Look after the processes once.

        Raises:
            ProgramFailed: one of them does not stay up.
        """
        self._running.tend()

    def watch(self) -> NoReturn:
        """Say that the house is open, and look after it until a signal ends us."""
        print("Everything stays up; Ctrl-C ends it.", flush=True)  # noqa: T201 - for who waits
        self._running.watch()

    def description(self) -> str:
        """Return in a few lines what runs where, without secrets."""
        return "\n".join(
            [
                f"database   {redact(self.config.database_location or '')}",
                f"broker     {redact(self.config.redis_location or '')}",
                f"pools      {', '.join(pool.name for pool in POOLS)}",
                f"Flower     {self.flower_url}",
                f"logs       {self.data / 'log'}",
                f"settings   {self.data / ENVIRONMENT} (source it to work with this house)",
            ]
        )

    def _close(self) -> None:
        with undisturbed():  # a second Ctrl-C must not keep what is still to be ended
            self._open.close()

    @property
    def _running(self) -> Stack:
        if self._stack is None:
            raise ProgramFailed("the house is not open: use it in a with block")
        return self._stack

    def _complete(self) -> Config:
        config = self.config
        directories: dict[str, Any] = {
            name: str(self.data / directory)
            for name, directory in _DIRECTORIES.items()
            if getattr(config, name) is None
        }
        for directory in directories.values():
            Path(directory).mkdir(parents=True, exist_ok=True)
        servers: dict[str, Any] = {}
        if config.database_location is None:
            postgres = self._open.enter_context(EmbeddedPostgres(self.data))
            servers["database_location"] = postgres.url
        if config.redis_location is None:
            servers["redis_location"] = self._open.enter_context(EmbeddedValkey(self.data)).url
        return config.replaced(**directories, **servers)

    def _locations(self) -> dict[str, str]:
        """The configuration as the processes read it: never on a command line."""
        return {
            f"JANITOR_{name.upper()}": str(getattr(self.config, name))
            for name in (*_DIRECTORIES, *_PASSED_ON)
            if getattr(self.config, name) is not None
        }

    def _environment(self) -> dict[str, str]:
        locations = self._locations()
        files = {name + IN_FILE for name in locations}  # what they hold, the locations say
        return {name: at for name, at in os.environ.items() if name not in files} | locations

    def _tell_environment(self) -> None:
        """Write the configuration down for shells that want to work with this house."""
        lines = [f"export {name}={shlex.quote(at)}\n" for name, at in self._locations().items()]
        write_private(self.data / ENVIRONMENT, "".join(lines))

    def _flower(self) -> Program:
        return _program("flower", f"--port={self._flower_port}")


def _program(*command: str) -> Program:
    name = "-".join(word for word in command if not word.startswith("--"))
    return Program(name, [sys.executable, "-m", "workers", *command])


_WORKERS = tuple(_program("worker", pool.name, "--events") for pool in POOLS)
