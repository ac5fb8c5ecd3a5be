"""Log files of runs: key scheme and policy over :mod:`janitor.storage`.

:mod:`janitor.logs.ingest` is the job that brings them there from the spool.
"""

from janitor.logs.compression import LogRetrievalError
from janitor.logs.importing import import_log, import_logs
from janitor.logs.manager import FileSystemLogFileManager, LogFileManager
from janitor.logs.places import GCSLogFileManager, S3LogFileManager, get_log_manager
from janitor.storage import ServiceUnavailable

__all__ = [
    "FileSystemLogFileManager",
    "GCSLogFileManager",
    "LogFileManager",
    "LogRetrievalError",
    "S3LogFileManager",
    "ServiceUnavailable",
    "get_log_manager",
    "import_log",
    "import_logs",
]
