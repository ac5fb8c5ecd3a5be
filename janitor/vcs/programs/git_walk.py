"""Which commits one has and another has not, where few of them need be read.

A row of commits is known by its ends. Else it goes as Git itself goes through history: by date, the
newest first, and a little further once all that is left belongs to the other (dates may be wrong).
:mod:`.git_objects` reads commits for it, and asks ``git log`` where this gives up.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

MOST_READ = 200  # commits; a process for ``git log`` takes about as long as reading so many
_SLOP = 5  # commits, as in Git

_PARENT = re.compile(rb"^parent ([0-9a-f]{40})$", re.MULTILINE)
_DATE = re.compile(rb"^committer .* (\d+) [+-]\d{4}$", re.MULTILINE)


class GivenUp(Exception):
    """Something is here that only Git knows what to do with."""


@dataclass
class Commit:
    """What is known of a commit."""

    sha: str
    date: int
    parents: list[str]
    message: bytes
    usual: bool
    old: bool = False
    queued: bool = False


@dataclass
class Walk:
    """One way through history.

    Args:
        read: returns a commit as it is stored, or None if it is not there.
    """

    read: Callable[[str], bytes | None]
    _known: dict[str, Commit] = field(default_factory=dict)
    _queue: list[tuple[int, int, Commit]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)  # of equal dates, the first that came

    def only_in(self, new: str, old: str) -> list[tuple[str, bytes]]:
        """Return the commits that ``new`` has and ``old`` has not, newest first, with messages.

        Raises:
            GivenUp: it takes too many commits, or one of them is unusual.
        """
        found = self._row(new, old) or self._by_date(new, old)
        if not all(commit.usual for commit in found):
            raise GivenUp
        return [(commit.sha, commit.message) for commit in found]

    def _row(self, new: str, old: str) -> list[Commit]:
        """Commits with one parent each down to ``old``; nothing if there is no such row."""
        row: list[Commit] = []
        while new != old:
            commit = self._commit(new)
            if len(commit.parents) != 1:
                return []
            row.append(commit)
            (new,) = commit.parents
        return row

    def _by_date(self, new: str, old: str) -> list[Commit]:
        self._commit(old).old = True
        for sha in (new, old):
            self._enqueue(self._commit(sha))
        found: list[Commit] = []
        slop = _SLOP
        while self._queue:
            commit = heapq.heappop(self._queue)[2]
            for parent in map(self._commit, commit.parents):
                if commit.old:
                    self._mark_old(parent)
                self._enqueue(parent)
            if not commit.old:
                found.append(commit)
            elif self._may_go_on(found):
                slop = _SLOP
            else:
                slop -= 1
                if slop == 0:
                    break
        return [commit for commit in found if not commit.old]

    def _may_go_on(self, found: list[Commit]) -> bool:
        """Return whether what was found may turn out to be the other's, or more is to be found."""
        if not self._queue:
            return False
        next_date = -self._queue[0][0]
        return bool(found and found[-1].date <= next_date) or not all(
            commit.old for _, _, commit in self._queue
        )

    def _mark_old(self, commit: Commit) -> None:
        ahead = [commit]
        while ahead:
            each = ahead.pop()
            if not each.old:
                each.old = True
                ahead += [self._known[sha] for sha in each.parents if sha in self._known]

    def _enqueue(self, commit: Commit) -> None:
        if not commit.queued:
            commit.queued = True
            heapq.heappush(self._queue, (-commit.date, next(self._order), commit))

    def _commit(self, sha: str) -> Commit:
        if sha not in self._known:
            self._known[sha] = self._parsed(sha)
        return self._known[sha]

    def _parsed(self, sha: str) -> Commit:
        stored = self.read(sha) if len(self._known) < MOST_READ else None
        if stored is None:
            raise GivenUp
        head, _, message = stored.partition(b"\n\n")
        date = _DATE.search(head)
        if date is None:
            raise GivenUp
        parents = [parent.decode() for parent in _PARENT.findall(head)]
        usual = b"\nencoding " not in head and b"\0" not in stored
        return Commit(sha, int(date[1]), parents, message, usual)
