"""The programs of a demo or of ``make up``: started, watched, restarted and ended together.

Every program runs in a session of its own, so that Ctrl-C in a terminal reaches only the
stack, which ends them in order. What a killed stack left running is ended by the next
one (:mod:`workers.left_over`). Which programs there are is the caller's business.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import psutil

from janitor.errors import LongFailure
from workers.left_over import MARK, PROGRAM_MARK, ProcessFile, Record, marked, recorded
from workers.ownership import Ownership
from workers.processes import end
from workers.signals import leaving_in_order, undisturbed

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
GRACE_SECONDS = 20.0  # a worker takes half of it to hand back what it is at
_STEADY_SECONDS = 30  # who lives that long came up well; its earlier ends are forgiven
_WATCH_SECONDS = 0.5
_LOG_TAIL_LINES = 20


class ProgramFailed(LongFailure):
    """A program of the stack cannot be started, or does not stay up."""


@dataclass(frozen=True)
class Program:
    """One program of a stack.

    Args:
        name: what its log file and messages call it; unique in the stack.
        argv: its command line; secrets belong into the environment.
    """

    name: str
    argv: Sequence[str]


@dataclass
class _Child:
    """A program while the stack is up."""

    program: Program
    log: Path
    process: subprocess.Popen[bytes] | None = None
    record: Record | None = None
    quick_ends: int = 0
    at: float = 0
    """When it was started or, while it is down, is to be started again (monotonic)."""


class Stack:
    """A set of programs that live and end together.

    Args:
        data_directory: logs go to ``log/NAME.log`` in it, the record of what runs to
            ``processes.json``; made if missing.
        environment: the programs' environment, all of it.
        pauses: how many seconds to wait before each restart of a program that does not
            stay up; after the last it is given up.
        grace_seconds: how long programs have to end after SIGTERM, before SIGKILL.
    """

    def __init__(
        self,
        data_directory: Path,
        environment: Mapping[str, str],
        *,
        pauses: Sequence[float] = PAUSES,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._home = data_directory.resolve()
        self._environment = dict(environment)
        self._pauses = pauses
        self._grace = grace_seconds
        self._ownership = Ownership(self._home / "stack.lock")
        self._file = ProcessFile(self._home / "processes.json")
        self._children: list[_Child] = []
        self._signals = ExitStack()

    def __enter__(self) -> Self:
        """Take the data directory, and end what a killed stack left running in it.

        Until the end of the block SIGTERM and SIGHUP end this process as Ctrl-C does:
        by an exception, so that every ``with`` block on the way is left in order.

        Raises:
            DataDirectoryInUse: a living stack has the directory.
            DataDirectoryUnusable: it cannot be written to.
        """
        self._ownership.take()
        try:
            (self._home / "log").mkdir(exist_ok=True)
            self._end_all()
            self._signals.enter_context(leaving_in_order())
        except BaseException:
            self._ownership.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, programs: Sequence[Program]) -> None:
        """Start programs, in this order; they come up at the same time.

        Raises:
            ProgramFailed: one cannot be started at all.
        """
        for program in programs:
            log = self._home / "log" / f"{program.name}.log"
            if log.exists():
                log.replace(log.with_suffix(".log.1"))
            child = _Child(program, log)
            self._children.append(child)
            self._run(child)

    def tend(self) -> None:
        """Look after all programs once: restart what ended and has paused long enough.

        Raises:
            ProgramFailed: a program does not stay up; the message ends with its log.
        """
        now = time.monotonic()
        for child in self._children:
            if child.process is None:
                if now >= child.at:
                    self._run(child)
            elif (status := child.process.poll()) is not None:
                self._note_end(child, status, now)

    def watch(self) -> NoReturn:
        """Look after the programs until a signal ends us.

        Raises:
            ProgramFailed: a program does not stay up.
        """
        while True:
            self.tend()
            time.sleep(_WATCH_SECONDS)

    def stop(self) -> None:
        """End all programs and what they started; harmless when nothing runs.

        Ctrl-C and the like are ignored meanwhile: ending is bounded by the grace.
        """
        if not self._ownership.held:
            return
        with undisturbed():
            self._end_all()
            for child in self._children:
                if child.process is not None:
                    child.process.wait()
            self._children.clear()
            self._ownership.release()
        self._signals.close()

    def _run(self, child: _Child) -> None:
        program = child.program
        marks = {MARK: str(self._home), PROGRAM_MARK: program.name}
        with child.log.open("ab") as log:
            try:
                child.process = subprocess.Popen(  # noqa: S603 - the caller's own programs, no shell
                    program.argv,
                    env=self._environment | marks,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise ProgramFailed(f"{program.name} cannot be started: {error}") from error
        child.at = time.monotonic()
        child.record = Record.of(program.name, child.process.pid)
        self._file.write(child.record for child in self._children if child.record)

    def _note_end(self, child: _Child, status: int, now: float) -> None:
        """Plan the restart of a program that ended, or give it up."""
        child.process = child.record = None
        # Its children, if it left any, must not work beside its successor's.
        self._end(lambda: marked(self._home, child.program.name))
        if now - child.at > _STEADY_SECONDS:
            child.quick_ends = 0
        if child.quick_ends == len(self._pauses):
            raise ProgramFailed(
                f"{child.program.name} does not stay up: it {_how(status)} after"
                f" {now - child.at:.0f} s, as it did {child.quick_ends} times before."
                f" The end of {child.log}:\n{_tail(child.log)}"
            )
        child.at = now + self._pauses[child.quick_ends]
        child.quick_ends += 1

    def _end_all(self) -> None:
        self._end(lambda: marked(self._home) | recorded(self._file.read()))
        self._file.remove()

    def _end(self, find: Callable[[], set[psutil.Process]]) -> None:
        us = {psutil.Process(), *psutil.Process().parents()}
        end(lambda: find() - us, (signal.SIGTERM, signal.SIGKILL), self._grace)


def _how(status: int) -> str:
    if status >= 0:
        return f"exited with {status}"
    return f"was ended by {signal.Signals(-status).name}"


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])


def end_left_over(data_directory: Path) -> None:
    """End what a killed stack left running, before its servers are started again.

    Raises:
        DataDirectoryInUse: the stack of this directory lives.
    """
    with Stack(data_directory, {}):
        pass
