"""The ``git`` program, let at a repository's objects and at nothing else of it.

Whoever can push into a repository may also have written its configuration, and Git runs
what a configuration names (diff drivers, filters, lazy fetches). So Git gets an empty
repository of our own that borrows the object directory: no configuration, attributes, hooks
or references of the repository are read, and it does not matter whose directory it is.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from janitor.errors import PassingError
from janitor.vcs.errors import DiffTimedOut, DiffTooLarge
from janitor.vcs.manager import LONGEST_DIFF

PATIENCE = 600.0  # seconds; well within what a vcs worker allows a task


class GitMissing(PassingError):
    """There is no ``git`` program on this host."""


class GitFailed(PassingError):
    """The ``git`` program could not do it; where the repository is damaged, a repair helps."""


def run_git(objects: Path, *arguments: str, patience: float = PATIENCE) -> bytes:
    """Return what Git prints.

    Args:
        objects: the object directory of a repository.
        arguments: a Git command that reads objects, and nothing from outside unchecked.
        patience: seconds after which it is ended.

    Raises:
        GitMissing: there is no such program.
        GitFailed: it ended with an error.
        DiffTimedOut: it did not end in time.
        DiffTooLarge: it printed more than a diff may have.
    """
    with _empty_repository() as home, tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603 - no shell, checked arguments
            [_program(), "--git-dir", str(home), *arguments],
            cwd=home,
            env=_environment(home, objects),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            process_group=0,  # so that whatever it starts ends with it
        )
        output, timed_out = _read(process, patience)
        if timed_out:
            raise DiffTimedOut(f"git {arguments[0]} in {objects} was ended after {patience:g} s")
        if len(output) > LONGEST_DIFF:
            raise DiffTooLarge(
                f"git {arguments[0]} in {objects} printed more than {LONGEST_DIFF} bytes"
            )
        if process.returncode:
            raise GitFailed(f"git {arguments[0]} in {objects}: {_said(complaints, process)}")
        return output


def _read(process: subprocess.Popen[bytes], patience: float) -> tuple[bytes, bool]:
    """Read what a process prints, up to a byte more than is allowed; it has ended then."""
    late = threading.Event()

    def end_late() -> None:
        late.set()
        _end(process)

    alarm = threading.Timer(patience, end_late)
    alarm.start()
    with process:  # closes the pipe and waits
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            output = process.stdout.read(LONGEST_DIFF + 1)
            if len(output) > LONGEST_DIFF:
                _end(process)
            process.wait()
        except BaseException:  # a worker's time limit ends the program too
            _end(process)
            raise
        finally:
            alarm.cancel()
    return output, late.is_set()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def _empty_repository() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="janitor-git-") as directory:
        home = Path(directory)
        (home / "refs").mkdir()
        (home / "objects").mkdir()
        (home / "HEAD").write_text("ref: refs/heads/none\n")
        yield home


def _environment(home: Path, objects: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
    }


def _program() -> str:
    found = shutil.which("git")
    if found is None:
        raise GitMissing("the program git is not on PATH: install it where vcs workers run")
    return found


def _said(complaints: IO[bytes], process: subprocess.Popen[bytes]) -> str:
    complaints.seek(0)
    words = complaints.read(2000).decode(errors="replace").strip()
    if process.returncode < 0:
        return f"ended by {signal.Signals(-process.returncode).name} {words}".rstrip()
    return words or f"exit code {process.returncode}"
