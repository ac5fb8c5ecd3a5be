"""Large buffers go back to the system when they are let go of.

The GNU C library raises the size from which it does so with each large buffer that is freed, up to
32 MiB, and keeps the rest for the thread that had it. Files travel in pieces of a few MiB in
threads (:mod:`janitor.storage`), so a worker would keep twice what it needs. A size that was set
stays.
"""

from __future__ import annotations

import ctypes

_MMAP_THRESHOLD = -3  # of malloc.h
_LARGE = 1024 * 1024  # bytes


def give_back_large() -> None:
    """Set the size, for this process and its children; other C libraries are left alone."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)
