"""What became of an upload, and of each line that was refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from janitor.redaction import redact

MOST_REFUSALS = 1000  # listed; what is refused beyond them is counted


@dataclass(frozen=True, order=True)
class Refusal:
    """One line that is not taken.

    Args:
        line: its number, from 1.
        reason: what is wrong with it and what is expected.
    """

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True)
class Report:
    """What an upload did; what it did to the queue follows in ``queue_…``.

    Args:
        subject: ``codebases`` or ``candidates``.
        lines: how many there were, blank ones left out.
        stored: False if lines were refused and so nothing was stored, as asked.
        refused: how many lines were refused.
        refusals: the first of them, by line.
        change_sets: how many change sets were made for the candidates that name them.
    """

    subject: str
    lines: int = 0
    stored: bool = True
    added: int = 0
    changed: int = 0
    removed: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
    change_sets: int = 0
    queue_added: int = 0
    queue_changed: int = 0
    queue_removed: int = 0
    seconds: float = field(default=0.0, compare=False)

    @property
    def unchanged(self) -> int:
        """How many lines said what was so already; none if nothing was stored."""
        if not self.stored:
            return 0
        return self.lines - self.refused - self.added - self.changed - self.removed

    def as_json(self) -> dict[str, Any]:
        """Return the figures and refusals as JSON says them."""
        return asdict(self) | {
            "unchanged": self.unchanged,
            "refusals": [asdict(refusal) for refusal in self.refusals],
        }

    def __str__(self) -> str:
        return self.in_words(MOST_REFUSALS)

    def in_words(self, most: int) -> str:
        """Return a sentence and the first refusals, each on a line of its own.

        Args:
            most: how many refusals to list.
        """
        listed = [str(refusal) for refusal in self.refusals[:most]]
        more = self.refused - len(listed)
        return "\n".join([self._outcome(), *listed, *([f"and {more} more"] if more else [])])

    def _outcome(self) -> str:
        if not self.stored:
            return f"nothing is stored: {self.refused} of {self.lines} {self.subject} refused"
        return (
            f"{self.lines} {self.subject}: {self.added} added, {self.changed} changed,"
            f" {self.unchanged} unchanged, {self.removed} removed, {self.refused} refused;"
            f" queue: {self.queue_added} added, {self.queue_changed} changed,"
            f" {self.queue_removed} removed"
        )


def refusals_of(found: Iterable[tuple[int, str]]) -> list[Refusal]:
    """Return one refusal a line, in their order, of what was found wrong with lines.

    Args:
        found: numbers of lines and reasons; a line may come more than once.
    """
    reasons: dict[int, list[str]] = {}
    for line, reason in found:
        reasons.setdefault(line, []).append(redact(reason))
    return [Refusal(line, "; ".join(reasons[line])) for line in sorted(reasons)]
