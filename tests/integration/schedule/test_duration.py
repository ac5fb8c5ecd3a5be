"""How long a run may take, told from the sums that are kept, is what the history says."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from janitor.schedule import estimate_duration

CODEBASES = ("ash", "birch", "cedar")
CAMPAIGNS = ("tidy", "modernise", "declare")

# The reference: means over the runs themselves, by the database's own average.
OWN = """
SELECT avg(duration) FROM run
WHERE failure_transient IS NOT TRUE AND codebase = :codebase AND suite = :campaign
    AND (result_code <> 'worker-failure' OR start_time >= now() - interval '1 day')
"""
OF_CODEBASE = """
SELECT avg(duration) FROM run WHERE failure_transient IS NOT TRUE AND codebase = :codebase
"""
OF_CAMPAIGN = """
SELECT avg(duration) FROM run WHERE failure_transient IS NOT TRUE AND suite = :campaign
"""


def reference(session: Session, codebase: str, campaign: str) -> timedelta:
    for mean in (OWN, OF_CODEBASE, OF_CAMPAIGN):
        asked = {"codebase": codebase, "campaign": campaign}
        found: timedelta | None = session.execute(text(mean), asked).scalar_one()
        if found is not None:
            return found
    return timedelta(seconds=15)


def some_runs(field: Any, dice: random.Random) -> list[str]:
    """Runs of most places: with and without an end, transient or not, of workers that failed."""
    seconds = [0, 0.25, 59.999999, 61, 3600, 90_000.5, 200_000]
    return [
        field.run(
            codebase,
            campaign,
            age=timedelta(hours=dice.choice([2, 23, 25, 4000])),
            duration=dice.choice([None, *(timedelta(seconds=length) for length in seconds)]),
            result_code=dice.choice(["success", "worker-failure", "worker-failure", "failed"]),
            failure_transient=dice.choice([None, None, False, True]),
        )
        for codebase, campaign in itertools.product(CODEBASES[:2], CAMPAIGNS[:2])
        if dice.random() < 0.8
        for _ in range(dice.randrange(16))
    ]


@pytest.mark.parametrize("seed", range(6))
def test_the_kept_sums_say_what_the_runs_say(field: Any, session: Session, seed: int) -> None:
    dice = random.Random(seed)
    for name in CODEBASES:
        field.codebase(name)
    runs = some_runs(field, dice)
    for run_id in dice.sample(runs, len(runs) // 4):
        session.execute(text("DELETE FROM run WHERE id = :id"), {"id": run_id})
    # Of some runs it turns out later that only their worker failed.
    session.execute(text("UPDATE run SET result_code = 'worker-failure' WHERE id LIKE '%7'"))
    places = list(itertools.product([*CODEBASES, "unheard-of"], [*CAMPAIGNS, "Not A Name"]))
    for codebase, campaign in places:
        expected = reference(session, codebase, campaign)
        assert estimate_duration(session, codebase, campaign) == expected, (codebase, campaign)


def test_the_history_is_not_read_again(field: Any, session: Session) -> None:
    field.codebase("ash")
    field.run("ash", duration=timedelta(minutes=9))
    session.execute(text("UPDATE run_statistics SET duration = interval '4 minutes'"))
    assert estimate_duration(session, "ash", "tidy") == timedelta(minutes=4)
