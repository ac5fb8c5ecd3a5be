"""An upload as a job: the message names a file that waits in the spool (:mod:`tasks.schedule`)."""

from __future__ import annotations

import json
from typing import Literal

from janitor.errors import Failure
from janitor.jobs import JobKind, Payload
from janitor.names import FileName
from janitor.schedule.options import PARITY, Options
from janitor.spool import Spool
from janitor.state import Conn
from janitor.uploads.report import Report
from janitor.uploads.storing import upload

_MOST_IN_ERROR = 20  # refusals; the report in the spool has them all


class UploadRefused(Failure):
    """An upload of which nothing is stored, because lines of it are wrong."""


class UploadLines(Payload):
    """Which file of the spool's directory of uploads, and what to do with its lines.

    Its name is the request's key: another upload needs another name.
    """

    file: FileName
    subject: Literal["codebases", "candidates"]
    remove: bool = False
    all_or_nothing: bool = True


UPLOAD_LINES = JobKind("janitor.schedule.upload", UploadLines, key=lambda ask: ask.file)


def upload_from_spool(
    conn: Conn, spool: Spool, ask: UploadLines, *, options: Options = PARITY
) -> Report:
    """Store what a spooled file says, and leave a report beside it.

    Args:
        conn: the caller's transaction.
        spool: where the file waits; the report is ``FILE.report.json``.
        ask: which file, and how.
        options: how places are given.

    Raises:
        UploadRefused: lines are wrong, and all or nothing was asked for.
        NotInSpool: there is no such file.
    """
    with spool.open_upload(ask.file) as file:
        report = upload(
            conn,
            ask.subject,
            file,
            remove=ask.remove,
            all_or_nothing=ask.all_or_nothing,
            options=options,
        )
    spool.leave_report(ask.file, json.dumps(report.as_json(), indent=2).encode())
    if not report.stored:
        raise UploadRefused(f"{ask.file}: {report.in_words(_MOST_IN_ERROR)}")
    return report
