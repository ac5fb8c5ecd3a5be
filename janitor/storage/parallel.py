"""Several files of a run on their way at a time, and never more than a few."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 4  # each holds a piece in memory (janitor.storage.pieces)

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(transfer: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Do one transfer for each item, several at a time.

    Args:
        transfer: is called in threads of its own.
        items: what to transfer.

    Returns:
        What it returned for each, in their order.

    Raises:
        Exception: the first error in the order of the items; what had not begun by then is
            left, and what had is waited for.
    """
    chosen = list(items)
    if len(chosen) < 2:  # noqa: PLR2004 - one needs no thread
        return [transfer(item) for item in chosen]
    with ThreadPoolExecutor(min(AT_ONCE, len(chosen)), "transfer") as pool:
        pending = [pool.submit(transfer, item) for item in chosen]
        try:
            return [future.result() for future in pending]
        finally:
            pool.shutdown(cancel_futures=True)
