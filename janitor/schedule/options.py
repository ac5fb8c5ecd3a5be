"""What a deployment chooses about its schedule; the defaults are how a Janitor always did it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Options:
    """How places are given.

    Args:
        calibrated: the candidate's ``success_chance`` counts as one earlier run with that
            outcome, and recent runs weigh more than old ones; otherwise every run counts alike.
        fair_shares: each campaign has a line of its own, and the lines take turns by weight.
        cool_down: how long a codebase and campaign rest between one run and the next.
    """

    calibrated: bool = False
    fair_shares: bool = False
    cool_down: timedelta = timedelta()

    def parameters(self) -> dict[str, Any]:
        """Return what ``estimates.sql`` takes of them."""
        return {"calibrated": self.calibrated, "cool_down": self.cool_down}


PARITY = Options()
