"""What a pass of :mod:`.recompute` did, or would do, in figures and entry by entry."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Difference:
    """What a pass would do to one entry; a priority is None where there is no entry."""

    codebase: str
    campaign: str
    change_set: str | None
    before: int | None
    after: int | None

    def __str__(self) -> str:
        where = f"{self.campaign} on {self.codebase}"
        where += f" ({self.change_set})" if self.change_set else ""
        if self.before is None:
            return f"+ {where}: at {self.after}"
        if self.after is None:
            return f"- {where}: was at {self.before}"
        if self.before == self.after:
            return f"~ {where}: stays at {self.after}, with another command, context or duration"
        return f"~ {where}: from {self.before} to {self.after}"


@dataclass(frozen=True)
class Recomputation:
    """What a pass did; ``stepped_aside`` means that another one was under way."""

    candidates: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    seconds: float = field(default=0.0, compare=False)
    stepped_aside: bool = False
    differences: tuple[Difference, ...] = ()

    def __add__(self, other: Recomputation) -> Recomputation:
        """Return what two passes over different candidates did together."""
        return Recomputation(
            candidates=self.candidates + other.candidates,
            added=self.added + other.added,
            changed=self.changed + other.changed,
            removed=self.removed + other.removed,
        )

    @property
    def unchanged(self) -> int:
        """How many candidates have an entry that was right already, or that is left alone."""
        return self.candidates - self.added - self.changed

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON says them; differences only where they were asked for."""
        return asdict(self) | {
            "unchanged": self.unchanged,
            "differences": [asdict(difference) for difference in self.differences],
        }

    def __str__(self) -> str:
        if self.stepped_aside:
            return "another recomputation is under way"
        counts = (
            f"{self.candidates} candidates: {self.added} added, {self.changed} changed,"
            f" {self.unchanged} unchanged, {self.removed} removed"
        )
        return "\n".join([counts, *map(str, self.differences)])
