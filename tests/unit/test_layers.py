"""The three storeys: each may import from the ones below it, never from above."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ABOVE = {
    "janitor": {"tasks", "workers", "beat_schedule", "celery", "kombu", "flower"},
    "tasks": {"workers", "beat_schedule", "flower"},
    "beat_schedule.py": {"janitor", "tasks", "workers", "celery", "kombu", "flower"},
}


def modules(storey: str) -> list[Path]:
    place = ROOT / storey
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("storey", ABOVE)
def test_no_storey_imports_from_above(storey: str) -> None:
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in modules(storey)
        for name in imported(path)
        if name in ABOVE[storey]
    }
    assert not found


def test_the_storeys_are_there() -> None:
    assert len(modules("janitor")) > 20
    assert len(modules("tasks")) > 5
    assert len(modules("workers")) > 5
