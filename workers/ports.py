"""Ports of this machine: which of them can be listened on."""

from __future__ import annotations

import socket

from janitor.errors import Failure


class PortNotFree(Failure):
    """Something else listens there, or we may not."""


def free_port(preferred: int) -> int:
    """Return ``preferred`` if nobody listens there on loopback, else any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def require_free(address: str, port: int) -> None:
    """Return if a server could listen there.

    Args:
        address: a name or a number of this machine.
        port: 0 for any.

    Raises:
        PortNotFree: it could not; says why and what to do.
    """
    try:
        ((family, _, _, _, place), *_) = socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        socket.create_server((place[0], port), family=family).close()
    except (OSError, OverflowError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise PortNotFree(
            f"cannot listen on {address}:{port}: {why}; end what listens there, or choose"
            " another port (0 takes any that is free)"
        ) from error
