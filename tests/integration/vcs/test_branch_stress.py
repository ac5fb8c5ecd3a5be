"""Processes that change one repository's branches at once, some killed: a small measure of it.

The whole measure, as the documentation has it: ``python -m tests.integration.vcs.branch_stress``.
"""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.vcs.branch_stress import RING, Outcome, lost_updates, whole_stress


@pytest.mark.parametrize("kind", ["git", "bzr"])
def test_no_update_is_lost_and_nothing_is_broken(kind: str, tmp_path: Path) -> None:
    outcome = whole_stress(kind, tmp_path, Namespace(workers=5, seconds=3, pause=0.3))
    assert outcome.killed
    assert outcome.steps.total()


def steps(*made: int) -> Counter[tuple[str, int]]:
    return Counter({("c", at): count for at, count in enumerate(made)})


def test_a_lost_update_would_be_seen() -> None:
    round_and_a_half = steps(*[2] * 12, *[1] * (RING - 12))
    assert lost_updates(Outcome(round_and_a_half), "c", 12) is None
    assert lost_updates(Outcome(round_and_a_half), "c", 11) is not None
    twice = round_and_a_half + steps(0, 0, 0, 1)
    assert lost_updates(Outcome(twice), "c", 12) is not None
    one_less = round_and_a_half - steps(0, 0, 0, 1)
    assert lost_updates(Outcome(one_less), "c", 12) is not None
    assert lost_updates(Outcome(one_less, steps(0, 0, 0, 1)), "c", 12) is None
