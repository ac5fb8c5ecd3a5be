"""Codebases and candidates added, changed and removed in bulk, from files of JSON lines.

:mod:`.lines` reads a file, :mod:`.codebases` and :mod:`.candidates` say what a line may hold
and what becomes of it, :mod:`.storing` does it in one transaction with the queue, and
:mod:`.asking` is the job for files that wait in the spool.
"""

from janitor.uploads.asking import UPLOAD_LINES, UploadLines, UploadRefused, upload_from_spool
from janitor.uploads.report import Refusal, Report
from janitor.uploads.storing import SUBJECTS, UploadDisturbed, upload

__all__ = [
    "SUBJECTS",
    "UPLOAD_LINES",
    "Refusal",
    "Report",
    "UploadDisturbed",
    "UploadLines",
    "UploadRefused",
    "upload",
    "upload_from_spool",
]
