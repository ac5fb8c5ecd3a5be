"""How signals end a process that has something to tidy up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_END_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def leaving_in_order() -> Iterator[None]:
    """Let SIGTERM and SIGHUP leave the block as Ctrl-C does: by an exception.

    So every ``with`` block on the way out is left in order. The exception is SystemExit
    with the status that a shell expects (128 and the signal's number). What is ignored
    stays so: ``nohup`` means it.
    """
    heeded = [number for number in _END_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    with _handled(heeded, _leave):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore signals that ask us to end, Ctrl-C too, while we are at it already."""
    with _handled((signal.SIGINT, *_END_SIGNALS), signal.SIG_IGN):
        yield


@contextmanager
def held_back() -> Iterator[None]:
    """Let signals that ask us to end wait until the block is left, and come then.

    For the start of a process, of which nobody knows that it is there before it has started.
    """
    came: list[int] = []
    with _handled((signal.SIGINT, *_END_SIGNALS), lambda number, _frame: came.append(number)):
        yield
    if came:
        signal.raise_signal(came[0])


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def _handled(
    numbers: Sequence[signal.Signals],
    handler: signal.Handlers | Callable[[int, FrameType | None], None],
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
