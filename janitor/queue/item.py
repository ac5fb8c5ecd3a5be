"""An entry of the queue as callers see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import total_ordering
from typing import Any

from sqlalchemy import Row

from janitor.state.queue import QueueEntry

VcsInfo = dict[str, str]

ENTRY = QueueEntry.__table__.c


@total_ordering
@dataclass(frozen=True, eq=False)
class QueueItem:
    """A run to do; equal and ordered by id."""

    id: int
    context: str | None
    command: str | None
    estimated_duration: timedelta | None
    campaign: str
    refresh: bool | None
    requester: str | None
    change_set: str | None
    codebase: str

    @classmethod
    def from_row(cls, row: Row[Any] | Mapping[str, Any]) -> QueueItem:
        """Return the item that a row of the table ``queue`` says."""
        values = row._mapping if isinstance(row, Row) else row  # noqa: SLF001 - documented name
        return cls(
            id=values["id"],
            context=values["context"],
            command=values["command"],
            estimated_duration=values["estimated_duration"],
            campaign=values["suite"],
            refresh=values["refresh"],
            requester=values["requester"],
            change_set=values["change_set"],
            codebase=values["codebase"],
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QueueItem) and self.id == other.id

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, QueueItem):
            return NotImplemented
        return self.id < other.id

    def __hash__(self) -> int:
        return hash(self.id)


def vcs_info(row: Row[Any]) -> VcsInfo:
    """Return what a row of :mod:`janitor.queue.choice` knows of the codebase's place."""
    values = row._mapping  # noqa: SLF001 - documented name
    known = {name: values[f"codebase_{name}"] for name in ("branch_url", "subpath", "vcs_type")}
    return {name: value for name, value in known.items() if value is not None}
