"""A few programs that wait for questions; :mod:`.kept_program` is one of them."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from janitor.vcs.programs.kept_program import KeptProgram

MOST_KEPT = 4  # programs of one manager that wait for questions


class KeptPrograms:
    """Programs by what they were started for; safe in threads and after a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._waiting: list[tuple[Hashable, KeptProgram]] = []  # the longest unused first
        weakref.finalize(self, _end_own, self._owner, self._waiting)

    @contextmanager
    def one(
        self, key: Hashable, fresh_as: Hashable, start: Callable[[], KeptProgram]
    ) -> Iterator[KeptProgram]:
        """Lend a program; one whose answer was not read to its end is ended.

        Args:
            key: what kind of program, and for what.
            fresh_as: one that was started with other than this is ended.
            start: starts one.
        """
        program = self._take(key, fresh_as) or start()
        try:
            yield program
        except BaseException:
            program.end()
            raise
        self._put_back(key, program)

    def _take(self, key: Hashable, fresh_as: Hashable) -> KeptProgram | None:
        self._forget_the_parents()
        with self._lock:
            kinds = [kind for kind, _ in self._waiting]
            if key not in kinds:
                return None
            _, program = self._waiting.pop(kinds.index(key))
        if program.fresh_as == fresh_as and not program.ended:
            return program
        program.end()
        return None

    def _put_back(self, key: Hashable, program: KeptProgram) -> None:
        if not program.may_be_kept():
            program.end()
            return
        with self._lock:
            self._waiting.append((key, program))
            superfluous = self._waiting[:-MOST_KEPT]
            del self._waiting[:-MOST_KEPT]
        for _, each in superfluous:
            each.end()

    def _forget_the_parents(self) -> None:
        if self._owner != os.getpid():
            self.__init__()  # type: ignore[misc]  # a fork begins anew; its parent goes on asking


def _end_own(owner: int, waiting: list[tuple[Hashable, KeptProgram]]) -> None:
    for _, program in waiting:
        if owner == os.getpid():
            program.end()
        else:
            program.leave()
    waiting.clear()
