"""Looking for text in stored logs, one after the other."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from janitor.errors import JanitorError
from janitor.files.records import Recorded, recorded
from janitor.files.shelf import Shelf
from janitor.logs.following import lines_of
from janitor.redaction import redact
from janitor.state.run import RunRow

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """Whose logs to look into; None is any."""

    campaign: str | None = None
    codebase: str | None = None
    result_code: str | None = None
    run_id: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Hit:
    """A line that matches."""

    run_id: str
    name: str
    number: int
    line: bytes


def logs_to_search(conn: Connection, shelf: Shelf, wanted: Wanted, limit: int) -> list[Recorded]:
    """Return the recorded logs of the newest runs that are wanted."""
    chosen = (
        (RunRow.suite, wanted.campaign),
        (RunRow.codebase, wanted.codebase),
        (RunRow.result_code, wanted.result_code),
        (RunRow.id, wanted.run_id),
        (shelf.table.name, wanted.name),
    )
    rows = conn.execute(
        recorded(shelf)
        .where(*(column == value for column, value in chosen if value is not None))
        .order_by(RunRow.start_time.desc().nulls_last(), RunRow.id, shelf.table.name)
        .limit(limit)
    )
    return [Recorded(**row) for row in rows.mappings()]


def search(shelf: Shelf, file: Recorded, pattern: re.Pattern[bytes]) -> Iterator[Hit]:
    """Yield the lines of a log that match; one that can't be read is told in the log."""
    try:
        with shelf.open(file.location, file.place) as text:
            for number, line in enumerate(lines_of(text), start=1):
                if pattern.search(line):
                    yield Hit(file.run_id, file.name, number, line.rstrip(b"\r\n"))
    except JanitorError as error:
        logger.warning("%s can't be searched: %s", file.place, redact(str(error)))
