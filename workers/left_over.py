"""What a stack started, remembered so that a later start can end it.

A killed stack cannot tidy up. Its programs are known again in two ways: by the record
(``processes.json``: process id and time of creation, since the system gives the same ids
to strangers later), and by a mark in their environment, which their children inherit and
which survives the death of a parent. :mod:`workers.stack` writes and asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import psutil
from pydantic import BaseModel, TypeAdapter, ValidationError

from workers.private_file import write_private

MARK = "JANITOR_STACK"
"""Environment variable of everything a stack starts: the stack's data directory."""
PROGRAM_MARK = "JANITOR_STACK_PROGRAM"
"""Likewise, the name of the program within the stack."""
# The system counts creation times from a clock that may be set a little meanwhile.
_CLOCK_TOLERANCE_SECONDS = 2


class Record(BaseModel):
    """One program of a stack, as it stands in ``processes.json``."""

    name: str
    pid: int
    created: float  # seconds since the epoch, as the system tells it

    @classmethod
    def of(cls, name: str, pid: int) -> Record | None:
        """Record a process that we have just started; None if it has gone already."""
        try:
            return cls(name=name, pid=pid, created=psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def process(self) -> psutil.Process | None:
        """Find the process again; None if it has gone, or a stranger has its id."""
        try:
            process = psutil.Process(self.pid)
            age_difference = abs(process.create_time() - self.created)
        except psutil.NoSuchProcess:
            return None
        return process if age_difference < _CLOCK_TOLERANCE_SECONDS else None


_RECORDS = TypeAdapter(list[Record])


class ProcessFile:
    """The record of a stack's programs.

    Args:
        path: ``processes.json`` in the stack's data directory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, records: Iterable[Record]) -> None:
        """Replace the record in one step."""
        write_private(self._path, json.dumps([record.model_dump() for record in records]))

    def read(self) -> list[Record]:
        """Return the record; nothing if there is none, or none that can be read."""
        try:
            return _RECORDS.validate_json(self._path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return []

    def remove(self) -> None:
        """Forget: everything has ended."""
        self._path.unlink(missing_ok=True)


def recorded(records: Iterable[Record]) -> set[psutil.Process]:
    """Find the recorded processes that still exist, with all their children."""
    found: set[psutil.Process] = set()
    for record in records:
        process = record.process()
        if process is not None:
            found |= {process, *_children(process)}
    return found


def marked(data_directory: Path, program: str | None = None) -> set[psutil.Process]:
    """Find the processes that carry the mark of the stack in ``data_directory``.

    Args:
        data_directory: the stack's, resolved.
        program: only those of this program; all without.
    """
    return {
        process
        for process in psutil.process_iter()
        if (environment := _environment(process)).get(MARK) == str(data_directory)
        and (program is None or environment.get(PROGRAM_MARK) == program)
    }


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):  # gone, or not ours to look at
        return {}
