"""A moment at which connections are ended, whatever they are in the middle of.

A socket's own timeout begins anew with each byte that comes: who sends one now and then is never
late by it.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Self


class Deadline:
    """Time for all that is asked within a ``with`` block.

    Args:
        patience: seconds from now.
    """

    def __init__(self, patience: float) -> None:
        self._moment = time.monotonic() + patience
        self._timer = threading.Timer(patience, self._end)
        self._timer.daemon = True  # nobody's exit is put off by it
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._ended = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def left(self) -> float:
        """Seconds until then; none or less are over."""
        return 0.0 if self._ended else self._moment - time.monotonic()

    def watch(self, connection: socket.socket) -> None:
        """End a connection then, if it is still open."""
        with self._lock:
            self._open.append(connection)
            if self._ended:
                _shut(connection)

    def _end(self) -> None:
        with self._lock:
            self._ended = True
            for connection in self._open:
                _shut(connection)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        # Not by its own method: that of TLS would forget its keys while another thread reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
