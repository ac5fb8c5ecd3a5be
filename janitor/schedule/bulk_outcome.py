"""What a request in bulk does to the queue, candidate by candidate and counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Example:
    """One candidate of many, and what becomes of its entry: the name of a count below."""

    codebase: str
    campaign: str
    change_set: str | None
    outcome: str

    def __str__(self) -> str:
        where = f"{self.campaign} on {self.codebase}"
        return f"{where} ({self.change_set})" if self.change_set else where


@dataclass(frozen=True)
class Outcome:
    """What a request in bulk did to the queue, or would do.

    Args:
        bucket: the bucket that was asked for.
        added: how many candidates have a new entry.
        moved: how many had one that waits, which is now as it was asked for.
        claimed: how many are left alone because a worker is at it.
        earlier: how many are left alone because they wait in an earlier bucket.
        inactive: how many are left alone because their codebase is inactive.
        overtaken: how many are left alone because somebody claimed or moved them meanwhile.
        examples: the first candidates, where nothing was changed yet.
    """

    bucket: str
    added: int = 0
    moved: int = 0
    claimed: int = 0
    earlier: int = 0
    inactive: int = 0
    overtaken: int = 0
    examples: tuple[Example, ...] = ()

    @property
    def candidates(self) -> int:
        """How many candidates the selection fits."""
        return self.asked_for + self.left_alone

    @property
    def asked_for(self) -> int:
        """How many of them have an entry as it was asked for."""
        return self.added + self.moved

    @property
    def left_alone(self) -> int:
        """How many of them have not."""
        return self.claimed + self.earlier + self.inactive + self.overtaken

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON says them."""
        return {
            "candidates": self.candidates,
            "asked_for": self.asked_for,
            "left_alone": self.left_alone,
            **asdict(self),
            "examples": [asdict(example) for example in self.examples],
        }

    def __str__(self) -> str:
        reasons = {
            "that a worker has claimed": self.claimed,
            f"in a bucket before {self.bucket}": self.earlier,
            "of inactive codebases": self.inactive,
            "that somebody claimed or moved meanwhile": self.overtaken,
        }
        told = [f"{count} {reason}" for reason, count in reasons.items() if count]
        counts = (
            f"{self.candidates} candidates: {self.added} added to {self.bucket},"
            f" {self.moved} moved, {self.left_alone} left alone"
        )
        listed = [f"  {example}: {example.outcome}" for example in self.examples]
        return "\n".join([counts + (f" ({', '.join(told)})" if told else ""), *listed])
