"""Entries that may be in the queue before and after, and the statements in between."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event, insert, text
from sqlalchemy.orm import Session

from janitor.queue.new_entry import BUCKETS
from janitor.state.queue import QueueEntry
from tests.integration.schedule.test_formula import World

Row = dict[str, Any]
Key = tuple[str, str, str | None]

COLUMNS = (
    "command",
    "context",
    "estimated_duration",
    "bucket",
    "base",
    "priority",
    "refresh",
    "requester",
    "claim_id",
)


def some_entries(dice: random.Random, world: World) -> dict[Key, Row]:
    """What may be in the queue already: of us and of others, waiting and claimed."""
    chosen = dice.sample(world.candidates, dice.choice([0, len(world.candidates) // 3]))
    return {
        (one["codebase"], one["suite"], one["change_set"]): {
            "command": "as it was",
            "context": None,
            "estimated_duration": timedelta(seconds=1),
            "bucket": dice.choice(BUCKETS),
            "base": dice.choice([None, -700, 0, 30]),
            "priority": dice.randrange(-800, 5000),
            "refresh": True,
            "requester": dice.choice([None, "ada"]),
            "claim_id": dice.choice([None, None, f"claim-{number}"]),
        }
        for number, one in enumerate(chosen)
    }


def put(session: Session, entries: dict[Key, Row]) -> None:
    for (codebase, campaign, change_set), columns in entries.items():
        names = {"codebase": codebase, "suite": campaign, "change_set": change_set}
        session.execute(insert(QueueEntry).values(names | columns))
    session.commit()


def queued(session: Session) -> dict[Key, Row]:
    """Return the entries by what they are for, in the order of their ids."""
    found = session.execute(text("SELECT * FROM queue ORDER BY id")).mappings()
    return {
        (row["codebase"], row["suite"], row["change_set"]): {name: row[name] for name in COLUMNS}
        for row in found
    }


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def see(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", see)
    yield seen
    event.remove(engine, "before_cursor_execute", see)
