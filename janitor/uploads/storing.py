"""One upload, whole or without its wrong lines, in one transaction with the queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

from psycopg2 import errorcodes
from sqlalchemy.exc import DBAPIError

from janitor.errors import PassingError
from janitor.schedule.options import PARITY, Options
from janitor.schedule.recomputation import Recomputation
from janitor.schedule.recompute import keep_passes_aside, place
from janitor.state import Conn
from janitor.uploads import candidates, codebases
from janitor.uploads.lines import Line, read_lines
from janitor.uploads.report import MOST_REFUSALS, Refusal, Report
from janitor.uploads.staging import Changes, stage, unstage

_DISTURBANCES = {
    errorcodes.UNIQUE_VIOLATION,
    errorcodes.FOREIGN_KEY_VIOLATION,
    errorcodes.DEADLOCK_DETECTED,
    errorcodes.SERIALIZATION_FAILURE,
}


class UploadDisturbed(PassingError):
    """Somebody else changed the same rows at the same moment; nothing is stored."""


@dataclass(frozen=True)
class Subject:
    """What can be uploaded.

    Args:
        line: what a line may say.
        check: finds staged lines that can't be stored.
        store: adds and changes what the others say.
        check_removal: finds staged lines whose thing must stay.
        remove: removes what the others name.
    """

    line: type[Line]
    check: Callable[[Conn], list[Refusal]]
    store: Callable[[Conn], Changes]
    check_removal: Callable[[Conn], list[Refusal]]
    remove: Callable[[Conn], Changes]


SUBJECTS = {
    "codebases": Subject(
        codebases.CodebaseLine,
        codebases.check,
        codebases.store,
        codebases.check_removal,
        codebases.remove,
    ),
    "candidates": Subject(
        candidates.CandidateLine,
        candidates.check,
        candidates.store,
        candidates.check_removal,
        candidates.remove,
    ),
}


def upload(
    conn: Conn,
    subject: str,
    file: BinaryIO,
    *,
    remove: bool = False,
    all_or_nothing: bool = True,
    options: Options = PARITY,
) -> Report:
    """Store what a file of JSON lines says, and give what it concerns its places in the queue.

    Args:
        conn: the caller's transaction; another upload waits until it ends.
        subject: ``codebases`` or ``candidates``.
        file: open for reading.
        remove: the lines name what is to go away instead.
        all_or_nothing: with one wrong line nothing is stored; without this, the others are.
        options: how places are given.

    Returns:
        What was done, and each line that was refused.

    Raises:
        UploadDisturbed: another service wrote the same rows meanwhile; roll back, try again.
    """
    began = time.perf_counter()
    rules = SUBJECTS[subject]
    refusals: list[Refusal] = []
    accepted = stage(conn, _set_aside(file, rules, refusals))
    # Not before all is read, which may take as long as whoever writes it. From here on no other
    # upload changes what the lines are compared with, and no pass writes the same entries.
    with _undisturbed():
        keep_passes_aside(conn)
        found = rules.check_removal(conn) if remove else rules.check(conn)
    lines = accepted + len(refusals)
    refusals = sorted(refusals + found)
    report = Report(subject, lines, refused=len(refusals), refusals=tuple(refusals[:MOST_REFUSALS]))
    if refusals and all_or_nothing:
        report = replace(report, stored=False)
    else:
        unstage(conn, found)
        with _undisturbed():
            report = _stored(conn, report, rules.remove if remove else rules.store, options)
    return replace(report, seconds=round(time.perf_counter() - began, 3))


def _set_aside(
    file: BinaryIO, rules: Subject, refusals: list[Refusal]
) -> Iterator[tuple[int, Line]]:
    for read in read_lines(file, rules.line):
        if isinstance(read, Refusal):
            refusals.append(read)
        else:
            yield read


def _stored(
    conn: Conn, report: Report, write: Callable[[Conn], Changes], options: Options
) -> Report:
    changes = write(conn)
    queue = Recomputation()
    if changes.concerned:
        queue = place(conn, changes.concerned, options=options)
    return replace(
        report,
        added=changes.added,
        changed=changes.changed,
        removed=changes.removed,
        change_sets=changes.change_sets,
        queue_added=queue.added,
        queue_changed=queue.changed,
        queue_removed=queue.removed + changes.queue_removed,
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        # All that a line can break was checked; somebody came in between.
        if getattr(error.orig, "pgcode", None) not in _DISTURBANCES:
            raise
        reason = str(error.orig).splitlines()[0]
        raise UploadDisturbed(
            f"somebody else changed the same rows at the same moment ({reason}); nothing is"
            " stored, upload again"
        ) from error
