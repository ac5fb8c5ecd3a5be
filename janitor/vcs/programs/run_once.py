"""A program that runs to its end, within a time and with files of a bounded size.

For what changes a repository: :mod:`.git_program` says how Git is run so. What only reads, and
stays to be asked again, is a :mod:`.child_process`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LIMIT_UNIT = 512  # bytes; of the shell's limit of a file
_LIMITED = 'ulimit -f "$1" && shift && exec "$@"'
_MOST_COMPLAINTS = 2000  # bytes


class TookTooLong(Exception):
    """A program was ended because its time was over."""


@dataclass(frozen=True)
class Outcome:
    """What came of a program; a code below zero is the signal that ended it."""

    code: int
    printed: bytes
    complaints: str

    def __str__(self) -> str:
        """Say what it complained of, or else how it ended."""
        if self.complaints:
            return self.complaints
        by_signal = self.code < 0
        return f"ended by {signal.Signals(-self.code).name}" if by_signal else f"code {self.code}"


def run_once(
    words: Sequence[str],
    home: Path,
    environment: Mapping[str, str],
    *,
    patience: float,
    told: bytes = b"",
    inherits: tuple[int, ...] = (),
    largest_file: int | None = None,
) -> Outcome:
    """Run a program.

    Args:
        words: the program and its arguments; nothing from outside is unchecked in them.
        home: the directory that it runs in.
        environment: all of its environment.
        patience: seconds after which it is ended, and all that it started.
        told: what it reads from its standard input.
        inherits: file descriptors that it keeps open.
        largest_file: bytes of a file that it writes; the kernel ends it at more.

    Raises:
        TookTooLong: it was ended.
    """
    if largest_file is not None:
        blocks = str(max(1, largest_file // LIMIT_UNIT))
        words = ["/bin/sh", "-c", _LIMITED, "sh", blocks, *words]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603 - no shell reads the arguments
            words,
            cwd=home,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            pass_fds=inherits,
            process_group=0,  # so that whatever it starts ends with it
        )
        try:
            printed, _ = process.communicate(told, patience)
        except BaseException as error:  # a worker's time limit ends the program too
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise TookTooLong from None
            raise
        complaints.seek(0)
        said = complaints.read().decode(errors="replace").strip()
    return Outcome(process.returncode, printed, said[-_MOST_COMPLAINTS:])


def _end(process: subprocess.Popen[bytes]) -> None:
    # Before it is waited for, the group is its own, even if it has ended: its children are in it.
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
