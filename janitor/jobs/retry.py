"""When a job whose error may pass is tried again: a pure value, no clock and no dice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class RetryPolicy:
    """How often a job is tried, and how long it waits in between.

    Args:
        max_attempts: leases before the job ends as failed; a lease that was lost counts.
        first_pause: the pause after the first attempt; it doubles with each further one.
        longest_pause: where the doubling stops.
    """

    max_attempts: int = 5
    first_pause: timedelta = timedelta(seconds=5)
    longest_pause: timedelta = timedelta(minutes=15)

    def pause(self, attempt: int, dice: float, asked: timedelta | None = None) -> timedelta:
        """Return how long to wait after an attempt.

        Args:
            attempt: which attempt just ended, from 1.
            dice: a number from 0 to 1; spreads jobs that failed together over the second
                half of the pause, so that they do not all come back at once.
            asked: the least pause that the other side asked for, if it did.
        """
        doubled: timedelta = self.first_pause * 2 ** min(attempt - 1, 30)
        pause = min(doubled, self.longest_pause) * (0.5 + dice / 2)
        return max(pause, asked) if asked else pause


# What waits for a store outlasts a weekend: some three days, and an hour at most too late.
UNTIL_STORED = RetryPolicy(max_attempts=100, longest_pause=timedelta(hours=1))
