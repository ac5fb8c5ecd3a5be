"""Breezy in a process of its own, for what Bazaar repositories say of revisions.

Its differ cannot be interrupted, and it reads settings and plugins of whoever runs it. So it has an
empty home without plugins, and can be ended. :mod:`.breezy_program` is what runs there.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from janitor.errors import PassingError
from janitor.vcs.errors import (
    DiffTimedOut,
    DiffTooLarge,
    RepositoryUnavailable,
    RevisionMissing,
)
from janitor.vcs.programs.child_process import PATIENCE, ChildProcess
from janitor.vcs.programs.kept_program import KeptProgram, ProgramEnded, first_line
from janitor.vcs.programs.kept_programs import KeptPrograms

_PROGRAM = Path(__file__).with_name("breezy_program.py")
_GRACE = 5.0  # seconds for us to end it before it ends itself


class BreezyFailed(PassingError):
    """Breezy could not do it; where the repository is damaged, a repair helps."""


class SealedBreezy:
    """Bazaar repositories in directories, as a Breezy of their own reads them."""

    def __init__(self) -> None:
        self._programs = KeptPrograms()

    def diff(self, repository: Path, old: bytes, new: bytes, patience: float) -> Iterator[bytes]:
        """Yield what ``brz diff`` prints between two revisions.

        Raises:
            RepositoryUnavailable: there is no repository.
            RevisionMissing: it does not have one of them.
            BreezyFailed: it could not be read.
            DiffTimedOut: it took longer.
        """
        return self._asked("diff", repository, old, new, patience)

    def only_in(self, repository: Path, new: bytes, old: bytes) -> list[tuple[bytes, str]]:
        """Return the revisions that one has and another has not, newest first, with messages.

        Raises:
            RepositoryUnavailable: there is no repository.
            RevisionMissing: it does not have one of them.
            BreezyFailed: it could not be read.
        """
        told = json.loads(b"".join(self._asked("info", repository, old, new, PATIENCE)))
        return [(revision.encode("latin-1"), message) for revision, message in told]

    def _asked(
        self, what: str, repository: Path, old: bytes, new: bytes, patience: float
    ) -> Iterator[bytes]:
        question = {
            "what": what,
            "repository": str(repository),
            "old": old.decode("latin-1"),
            "new": new.decode("latin-1"),
            "seconds": patience + _GRACE,
        }
        named = f"Breezy's {what} in {repository}"
        try:
            with self._programs.one("breezy", None, _start) as program:
                said = program.ask(json.dumps(question).encode(), patience)
                head, rest = first_line(said)
                if rest:
                    yield rest
                yield from said
        except ProgramEnded as error:
            raise BreezyFailed(f"{named}: {error}") from None
        except DiffTooLarge as error:
            raise DiffTooLarge(f"{named}: {error}") from None
        except DiffTimedOut:
            raise DiffTimedOut(f"{named} was ended after {patience:g} s") from None
        _raise_what(json.loads(head), repository.name)


def _raise_what(head: dict[str, Any], codebase: str) -> None:
    if head.get("absent"):
        raise RepositoryUnavailable(f"{codebase}: there is no Bazaar repository for it yet")
    if missing := head.get("missing"):
        raise RevisionMissing(codebase, *(revision.encode("latin-1") for revision in missing))


def _start() -> KeptProgram:
    with tempfile.TemporaryDirectory(prefix="janitor-breezy-") as home:
        command = [sys.executable, "-P", str(_PROGRAM)]
        program = KeptProgram(ChildProcess(command, Path(home), _environment(home), asked=True))
        try:
            for _ in program.ask(b"hello", PATIENCE):  # it has loaded then, and needs no home
                pass
        except BaseException:
            program.end()
            raise
    return program


def _environment(home: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "LC_ALL": "C.UTF-8",
        "HOME": home,
        "BRZ_HOME": home,
        "XDG_CONFIG_HOME": home,
        "BRZ_LOG": os.devnull,
        "BRZ_PLUGIN_PATH": "-user:-core:-site",
    }
