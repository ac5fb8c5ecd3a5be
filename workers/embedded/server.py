"""What every embedded server shares: owner, port, password, log, start and end.

A server belongs to the process that started it and to one data directory. It runs in a
session of its own, so that Ctrl-C in a terminal reaches us first and we stop it. What a
killed owner left behind is recognised by what it is (program name and working
directory), never by a number in a file, and is ended before the next start.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import psutil

from janitor.errors import LongFailure
from workers.embedded.account import Account
from workers.ownership import Ownership
from workers.ports import free_port
from workers.private_file import write_private
from workers.processes import end
from workers.signals import undisturbed

START_SECONDS = 300  # crash recovery of a large database takes its time
STOP_SECONDS = 30
_PORT_ATTEMPTS = 3  # somebody may take a free port before the server does
_LOG_TAIL_LINES = 20


class ServerNotStarted(LongFailure):
    """An embedded server is not installed, or ended before it was ready."""


class EmbeddedServer(ABC):
    """One server of the project's own, in a data directory of the user's choice.

    Args:
        data_directory: the server keeps ``NAME/``, ``NAME.password``, ``NAME.port``,
            ``NAME.lock`` and ``log/NAME.log`` in it.
    """

    name: ClassVar[str]
    program: ClassVar[str]
    """The process name by which the system knows the server."""
    stop_signals: ClassVar[tuple[signal.Signals, ...]]
    """How it is asked to end, the politest first; each gets ``STOP_SECONDS``."""

    def __init__(self, data_directory: Path) -> None:
        self.home = data_directory.resolve()
        self.directory = self.home / self.name
        self.log = self.home / "log" / f"{self.name}.log"
        self.port = 0
        self.account: Account | None = None
        self._ownership = Ownership(self.home / f"{self.name}.lock")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where to connect, password included; valid once started."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the data directory ready for a start on ``self.port``."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command line, without secrets: everybody on the machine can read it."""

    @abstractmethod
    def is_ready(self, pid: int) -> bool:
        """Tell whether the server with this process id takes connections."""

    def start(self) -> str:
        """Start the server, after ending what a killed owner left running.

        Returns:
            The URL.

        Raises:
            DataDirectoryInUse: another living process owns this data directory.
            DataDirectoryUnusable: it cannot be written to.
            ServerNotStarted: it did not come up; the message ends with its log.
        """
        if self._process is not None:
            return self.url
        self._ownership.take()
        try:
            self.log.parent.mkdir(exist_ok=True)
            self._end_processes()
            self._launch()
        except OSError as error:
            self.stop()
            raise ServerNotStarted(f"cannot start {self.program}: {error}") from error
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Stop the server and give the data directory free; harmless when not started.

        Ctrl-C and the like are ignored meanwhile: nobody would stop it after us.
        """
        if not self._ownership.held:
            return
        with undisturbed():
            self._end_processes()
            if self._process is not None:
                self._process.wait()
                self._process = None
            self._ownership.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def password(self) -> str:
        """The generated password, made at the first use and kept in the data directory."""
        path = self.home / f"{self.name}.password"
        if not path.exists():
            write_private(path, secrets.token_hex(24))
        if self.account is not None:
            self.account.own(path)
        return path.read_text()

    def environment(self) -> dict[str, str]:
        """Return the server's environment: none of ours, which may hold secrets."""
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def log_tail(self) -> str:
        """Return the last lines of this start's log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-_LOG_TAIL_LINES:])

    def _launch(self) -> None:
        port_file = self.home / f"{self.name}.port"
        earlier = port_file.read_text() if port_file.exists() else ""
        preferred = int(earlier) if earlier.isdigit() else 0
        for attempt in range(_PORT_ATTEMPTS):
            self.port = free_port(0 if attempt else preferred)
            self.prepare()
            if self._run():
                port_file.write_text(str(self.port))
                return
            if "in use" not in self.log_tail():
                break
        raise ServerNotStarted(f"{self.program} in {self.directory} ended:\n{self.log_tail()}")

    def _run(self) -> bool:
        """Start the process and wait; False when it ended before it was ready."""
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own server, no shell
                self.command(),
                cwd=self.directory,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **(self.account.identity() if self.account else {}),
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready(self._process.pid):
            if self._process.poll() is not None:
                return False
            if time.monotonic() > deadline:
                raise ServerNotStarted(
                    f"{self.program} in {self.directory} was not ready after"
                    f" {START_SECONDS} s:\n{self.log_tail()}"
                )
            time.sleep(0.05)
        return True

    def _end_processes(self) -> None:
        end(self._running, self.stop_signals, STOP_SECONDS)

    def _running(self) -> list[psutil.Process]:
        """Find the living processes of this server with this data directory."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.name() == self.program and Path(process.cwd()) == self.directory:
                    found.append(process)
            except psutil.Error:
                continue  # it ended meanwhile, or belongs to somebody else
        return found


def package_directory(module: str, package: str) -> Path:
    """Find an installed wheel without importing it (importing does more than we need).

    Raises:
        ServerNotStarted: it is not installed.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ServerNotStarted(
            f"the package {package} is missing: install janitor-workers[embedded], or"
            " configure the URL of a server of your own"
        )
    return Path(spec.origin).parent
