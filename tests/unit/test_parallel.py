"""Several transfers at a time, never more than a few, and none begun after an error."""

from __future__ import annotations

import threading

import pytest

from janitor.storage.parallel import AT_ONCE, in_parallel


def test_results_come_in_the_order_of_the_items() -> None:
    for number in (0, 1, 2, 50):
        assert in_parallel(lambda item: item * 2, range(number)) == [
            item * 2 for item in range(number)
        ]


def test_as_many_as_allowed_at_a_time_and_no_more() -> None:
    together = threading.Barrier(AT_ONCE)  # passes only where that many are under way
    lock = threading.Lock()
    under_way: list[int] = []
    most: list[int] = []

    def transfer(item: int) -> None:
        with lock:
            under_way.append(item)
            most.append(len(under_way))
        together.wait(timeout=60)
        with lock:
            under_way.remove(item)

    in_parallel(transfer, range(AT_ONCE * 5))
    assert max(most) == AT_ONCE


def test_after_an_error_nothing_more_is_begun() -> None:
    begun: list[int] = []
    failed = threading.Event()

    def transfer(item: int) -> None:
        begun.append(item)
        if item == 0:
            failed.set()
            raise ValueError("the first")
        failed.wait(timeout=60)

    with pytest.raises(ValueError, match="the first"):
        in_parallel(transfer, range(10_000))
    assert len(begun) < 10_000
