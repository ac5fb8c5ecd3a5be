"""How well the chance of success is told: both success models on the same generated histories.

    python benchmarks/success_model.py [--candidates N] [--drift D [D ...]] [--seed N] [--json]

Each candidate has runs over a year, at random times, whose chance of success drifts: its log
odds wander by D (standard deviation) in 30 days. Half of the candidates have a
``success_chance``, which is what it was a year ago, give or take. All runs are stored but the
newest, which the models have to tell beforehand. The score is Brier's: the mean square of told
chance less outcome, small is good. "known" is who knows the true chance: nobody does better.
Candidates have a context that is new, so that the factor for contexts is 1 and what is scored
is the chance of success.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, text

from janitor.schedule import Options
from janitor.schedule.estimates import Scope, with_estimates
from janitor.state import create_pool
from janitor.state.candidate import Candidate
from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase
from janitor.state.publish_policy import BranchPublishPolicy, NamedPublishPolicy
from janitor.state.run import RunRow
from janitor.state.upgrade import upgrade
from workers.embedded import EmbeddedPostgres

DRIFTS = (0.0, 0.5, 1.0)
MODELS = {"parity": Options(), "calibrated": Options(calibrated=True)}
LENGTHS = {"no run": (0, 0), "1 to 3 runs": (1, 3), "4 to 10": (4, 10), "more": (11, 10**9)}


@dataclass(frozen=True)
class History:
    """One candidate: what was said of its chance, its runs, and how the next one ended."""

    name: str
    said: float | None
    runs: tuple[tuple[datetime, bool], ...]
    chance: float
    outcome: bool


def generate(candidates: int, drift: float, seed: int) -> Iterator[History]:
    """Yield histories that end now."""
    dice = random.Random(seed)
    now = datetime.now(UTC)
    for number in range(candidates):
        times = [
            now - timedelta(days=dice.uniform(0, 365))
            for _ in range(dice.choice((0, 1, 2, 3, 5, 8, 13, 21)))
        ]
        odds, before = dice.gauss(0.5, 1.5), now - timedelta(days=365)
        said = _chance(odds + dice.gauss(0, 0.5)) if number % 2 else None
        ended = []
        for moment in [*sorted(times), now]:
            odds += dice.gauss(0, drift) * math.sqrt((moment - before) / timedelta(days=30))
            before = moment
            ended.append((moment, dice.random() < _chance(odds)))
        *runs, (_, outcome) = ended
        yield History(f"codebase-{number}", said, tuple(runs), _chance(odds), outcome)


def _chance(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def store(engine: Engine, histories: list[History]) -> None:
    """Fill an empty database; statistics are counted at the end, at once."""
    propose = [BranchPublishPolicy("main", "propose", None)]
    with engine.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(insert(NamedPublishPolicy).values(name="p", per_branch_policy=propose))
        conn.execute(insert(ChangeSet).values(id="history", campaign="tidy"))
        conn.execute(insert(Codebase), [{"name": one.name} for one in histories])
        conn.execute(insert(Candidate), [_candidate(one) for one in histories])
        runs = [run for one in histories for run in _runs(one)]
        conn.execute(insert(RunRow), runs)
        conn.execute(text("SELECT rebuild_run_statistics()"))


def _candidate(history: History) -> dict[str, Any]:
    return {
        "codebase": history.name,
        "suite": "tidy",
        "command": "tidy",
        "context": "new",
        "success_chance": history.said,
        "publish_policy": "p",
    }


def _runs(history: History) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{history.name}-{number}",
            "codebase": history.name,
            "suite": "tidy",
            "change_set": "history",
            "result_code": "success" if succeeded else "build-failed",
            "start_time": start,
            "finish_time": start + timedelta(minutes=1),
            "logfilenames": [],
        }
        for number, (start, succeeded) in enumerate(history.runs)
    ]


def told(engine: Engine, options: Options) -> dict[str, float]:
    """Return the chance that a model gives each candidate."""
    with engine.connect() as conn:
        rows = conn.execute(
            with_estimates("SELECT codebase, probability FROM estimate", options=options),
            Scope().parameters(conn),
        )
        return {row.codebase: row.probability for row in rows}


def score(histories: list[History], chances: dict[str, float]) -> dict[str, float]:
    """Return Brier's score of all and by the number of runs."""
    squares = {one.name: (chances[one.name] - one.outcome) ** 2 for one in histories}
    scores = {"all": sum(squares.values()) / len(squares)}
    for label, (fewest, most) in LENGTHS.items():
        own = [squares[one.name] for one in histories if fewest <= len(one.runs) <= most]
        scores[label] = sum(own) / len(own)
    return {label: round(value, 4) for label, value in scores.items()}


def measure(candidates: int, drift: float, seed: int) -> dict[str, Any]:
    """Return the scores of both models for one drift, in a database of its own."""
    histories = list(generate(candidates, drift, seed))
    with tempfile.TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory)) as server:
        engine = create_pool(server.url)
        upgrade(engine)
        store(engine, histories)
        scores = {name: score(histories, told(engine, options)) for name, options in MODELS.items()}
        engine.dispose()
    known = score(histories, {one.name: one.chance for one in histories})
    return {"drift": drift, "candidates": candidates, "brier": scores | {"known": known}}


def main() -> None:
    """Measure each drift and print the scores."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--candidates", type=int, default=5000)
    options.add_argument("--drift", type=float, nargs="+", default=DRIFTS)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    figures = [measure(chosen.candidates, drift, chosen.seed) for drift in chosen.drift]
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{'drift':>6}  {'model':12}" + "".join(f"{name:>13}" for name in ("all", *LENGTHS)))
    for figure in figures:
        for model, scores in figure["brier"].items():
            row = "".join(f"{value:13.4f}" for value in scores.values())
            print(f"{figure['drift']:6.1f}  {model:12}{row}")


if __name__ == "__main__":
    main()
