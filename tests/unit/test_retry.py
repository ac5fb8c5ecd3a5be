from __future__ import annotations

from datetime import timedelta

import pytest

from janitor.jobs import RetryPolicy

POLICY = RetryPolicy(first_pause=timedelta(seconds=4), longest_pause=timedelta(seconds=60))


@pytest.mark.parametrize(
    ("attempt", "dice", "seconds"),
    [
        (1, 1.0, 4),
        (1, 0.0, 2),
        (2, 1.0, 8),
        (3, 1.0, 16),
        (5, 1.0, 60),  # 64, cut
        (5, 0.5, 45),
        (1000, 1.0, 60),
    ],
)
def test_pauses_double_up_to_the_longest(attempt: int, dice: float, seconds: float) -> None:
    assert POLICY.pause(attempt, dice) == timedelta(seconds=seconds)


def test_whoever_asks_for_a_longer_pause_gets_it() -> None:
    assert POLICY.pause(1, 1.0, timedelta(minutes=5)) == timedelta(minutes=5)


def test_a_shorter_pause_than_ours_is_not_taken() -> None:
    assert POLICY.pause(3, 1.0, timedelta(seconds=1)) == timedelta(seconds=16)
