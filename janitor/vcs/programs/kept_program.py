"""A program that answers one question after the other, so that not every diff starts a process.

A question is a line. Behind it we send a line that nobody can foresee, which the program gives
back once it is through: the answer ends there. It has one question at a time;
:mod:`.kept_programs` has a few of them.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Hashable, Iterator
from contextlib import suppress

import psutil

from janitor.errors import JanitorError, PassingError
from janitor.vcs.errors import DiffTooLarge
from janitor.vcs.programs import child_process
from janitor.vcs.programs.child_process import ChildProcess

MOST_QUESTIONS = 1000  # that one program is asked; they remember what they have read
MOST_KEPT_MEMORY = 256 * 1024 * 1024  # bytes of its own, after which a program is not kept
LOOK_EVERY = 32  # questions: how often its memory is looked at, which takes a part of a diff's time
LONG = 0.1  # seconds: likewise after each answer that took so long


class ProgramEnded(PassingError):
    """A program ended in the middle of an answer, and said why."""


class KeptProgram:
    """A program with its standard input and output.

    Args:
        child: started for being asked.
        end: what it makes of a line that it does not know; ``%b`` is the line.
        fresh_as: what must be the same for it to be asked again, such as the state of a
            directory that it has read.
    """

    def __init__(
        self, child: ChildProcess, *, end: bytes = b"%b", fresh_as: Hashable = None
    ) -> None:
        self._child = child
        self._end = end
        self._asked = 0
        self._took = 0.0
        self._answering = False
        self.fresh_as = fresh_as

    def ask(self, question: bytes, patience: float) -> Iterator[bytes]:
        """Yield the answer as it comes.

        Args:
            question: a line, without its end.
            patience: seconds that it may take, without those that the reader takes.

        Raises:
            ProgramEnded: it could not answer.
            DiffTooLarge: it would have needed more memory than it may have.
            DiffTimedOut: it took longer, and was ended.
        """
        deadline = time.monotonic() + patience
        stop = f"end_{secrets.token_hex(16)}".encode()  # the name of no object
        end = self._end % stop + b"\n"
        self._asked += 1
        self._answering = True
        with suppress(BrokenPipeError):  # it says why
            self._child.write(b"%b\n%b\n" % (question, stop))
        held = b""
        while not held.endswith(end):
            # What may be a part of the end is held back.
            if len(held) > len(end):
                given = time.monotonic()
                yield held[: -len(end)]
                deadline += time.monotonic() - given  # whoever reads may take the time
                held = held[-len(end) :]
            came = self._child.read(deadline)
            if not came:
                raise _ending(self._child.said())
            held += came
        self._answering = False
        self._took = time.monotonic() + patience - deadline
        if len(held) > len(end):
            yield held[: -len(end)]

    @property
    def ended(self) -> bool:
        """Whether it ended while nobody asked it."""
        return self._child.ended

    def may_be_kept(self) -> bool:
        """Return whether it can be asked again."""
        if self._answering or self._asked >= MOST_QUESTIONS:
            return False
        if self._took < LONG and self._asked % LOOK_EVERY:
            return True
        try:
            memory = psutil.Process(self._child.pid).memory_info()
        except psutil.NoSuchProcess:
            return False
        own: int = memory.rss - getattr(memory, "shared", 0)  # files that it maps are nobody's
        return own < MOST_KEPT_MEMORY

    def end(self) -> None:
        """End it."""
        self._child.end()

    def leave(self) -> None:
        """Let go of it without ending it."""
        self._child.leave()


def first_line(answer: Iterator[bytes]) -> tuple[bytes, bytes]:
    """Return the first line of an answer without its end, and what came along with it.

    Both are empty if there is none.
    """
    came = b""
    while b"\n" not in came:
        piece = next(answer, None)
        if piece is None:
            return b"", b""
        came += piece
    line, _, rest = came.partition(b"\n")
    return line, rest


def _ending(said: str) -> JanitorError:
    if re.search("out of memory|MemoryError", said, re.IGNORECASE):
        return DiffTooLarge(
            f"it needs more than {child_process.MOST_MEMORY} bytes of memory: {said}"
        )
    return ProgramEnded(said)
