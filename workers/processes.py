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
    program can end its own children in order; ``SIGKILL`` goes to all.

    Args:
        find: looks who is there; called again and again until nobody is.
        signals: the politest first.
        grace_seconds: how long each signal is given to work.
    """
    known = living(find())
    for number in signals:
        _signal(known, number)
        deadline = time.monotonic() + grace_seconds
        # What was seen once is remembered: a child whose parent went is hard to find.
        while (known := living(known | set(find()))) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            if number == signal.SIGKILL:
                _signal(known, number)
        if not known:
            return


def _signal(processes: set[psutil.Process], number: signal.Signals) -> None:
    pids = {process.pid for process in processes}
    for process in processes:
        try:
            if number == signal.SIGKILL or process.ppid() not in pids:
                process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
