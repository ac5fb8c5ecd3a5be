"""Processes of this machine: which of them live, and how to end a group of them in order.

Which processes are meant is the business of :mod:`workers.embedded` (a server's program
and directory) and :mod:`workers.stack` (what it started).
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Sequence

import psutil

_LOOK_SECONDS = 0.05  # between two looks at who still lives


def living(processes: Iterable[psutil.Process]) -> set[psutil.Process]:
    """Leave out what has ended, zombies too: they run no more and hold nothing."""
    return {process for process in processes if _lives(process)}


def end(
    find: Callable[[], Iterable[psutil.Process]],
    signals: Sequence[signal.Signals],
    grace_seconds: float,
) -> None:
    """End every process that ``find`` finds, and what they start meanwhile.

    Each signal goes to the heads only (those whose parent is not among them), so that a
    program can end its own children in order, and to children that it left behind once it is
    gone; ``SIGKILL`` goes to all.

    Args:
        find: looks who is there; called again and again until nobody is.
        signals: the politest first.
        grace_seconds: how long each signal is given to work.
    """
    known = living(find())
    for number in signals:
        told: set[psutil.Process] = set()
        deadline = time.monotonic() + grace_seconds
        while known and time.monotonic() < deadline:
            told |= _signal(known, number, told)
            time.sleep(_LOOK_SECONDS)
            # What was seen once is remembered: a child whose parent went is hard to find.
            known = living(known | set(find()))


def _signal(
    processes: set[psutil.Process], number: signal.Signals, told: set[psutil.Process]
) -> set[psutil.Process]:
    """Signal those that it is for and that were not told yet; returns them."""
    pids = {process.pid for process in processes}
    to_tell = set()
    for process in processes - told:
        try:
            if number == signal.SIGKILL or process.ppid() not in pids:
                to_tell.add(process)
                process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
    return to_tell


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
