"""A program that we started: what it prints within a time, what it complained of, its end.

:mod:`.sealed_git` and :mod:`.sealed_breezy` say which program; :mod:`.kept_program` keeps one.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from janitor.vcs.errors import DiffTimedOut

PATIENCE = 600.0  # seconds; well within what a vcs worker allows a task

MOST_MEMORY = 1024 * 1024 * 1024  # bytes, without the files that it maps
_MOST_AT_ONCE = 64 * 1024  # bytes, as many as a pipe holds; a larger buffer is mapped for each read


class ChildProcess:
    """A child process in a group of its own, so that whatever it starts ends with it.

    Args:
        command: the program and its arguments; nothing from outside unchecked.
        home: the directory that it runs in.
        environment: all of its environment.
        asked: it is going to be asked things on standard input.
    """

    def __init__(
        self, command: list[str], home: Path, environment: Mapping[str, str], *, asked: bool = False
    ) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._process = subprocess.Popen(  # noqa: S603 - no shell, checked arguments
            command,
            cwd=home,
            env=environment,
            stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            bufsize=0,
            process_group=0,
        )
        _bound_memory(self._process.pid)
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self._output = self._process.stdout.fileno()
        self._ready = select.poll()
        self._ready.register(self._output, select.POLLIN)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself, or by somebody else."""
        return self._process.poll() is not None

    def write(self, question: bytes) -> None:
        """Send it a few lines, fewer than a pipe holds.

        Raises:
            BrokenPipeError: it has ended.
        """
        assert self._process.stdin is not None  # noqa: S101 - the caller said ``asked``
        self._process.stdin.write(question)

    def read(self, deadline: float) -> bytes:
        """Return what it printed; nothing once it has closed its output.

        Args:
            deadline: until when to wait, by the monotonic clock.

        Raises:
            DiffTimedOut: it printed nothing until then, and was ended.
        """
        left = deadline - time.monotonic()
        if left <= 0 or not self._ready.poll(left * 1000):
            self.end()
            raise DiffTimedOut("it was ended because it took too long")
        return os.read(self._output, _MOST_AT_ONCE)

    def wait(self) -> int:
        """Wait for its end, which is near; returns the exit code."""
        return self._process.wait()

    def end(self) -> None:
        """End it, if it has not ended; its pipes are closed."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self.leave()
        self._process.wait()

    def leave(self) -> None:
        """Close what leads to it, without waiting: for a fork that has it from its parent."""
        for pipe in (self._process.stdin, self._process.stdout, self._complaints):
            if pipe is not None:
                pipe.close()

    def said(self) -> str:
        """Return what it complained of, or how it ended; before its pipes are closed."""
        code = self._process.wait()
        self._complaints.seek(0)
        words = self._complaints.read(2000).decode(errors="replace").strip()
        if code < 0:
            return f"ended by {signal.Signals(-code).name} {words}".rstrip()
        return words or f"exit code {code}"


def _bound_memory(pid: int) -> None:
    if hasattr(resource, "prlimit"):  # Linux has it
        with suppress(ProcessLookupError):  # it has ended already, and says why
            _, allowed = resource.prlimit(pid, resource.RLIMIT_DATA)
            most = MOST_MEMORY if allowed == resource.RLIM_INFINITY else min(MOST_MEMORY, allowed)
            resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))
