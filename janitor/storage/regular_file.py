"""Opening files that somebody else left: regular ones, and no way around by a link."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from janitor.errors import Failure

# A FIFO would keep us waiting for its writer.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotRegular(Failure):
    """A link, directory, device or pipe where a file was expected."""


def open_regular(
    path: str | os.PathLike[str], *, directory: int | None = None
) -> tuple[BinaryIO, os.stat_result]:
    """Open a file for reading and say what it is.

    Args:
        path: which one.
        directory: an open directory that ``path`` is relative to.

    Returns:
        The file, and its status as opened.

    Raises:
        NotRegular: it is no regular file; a symbolic link is none.
        OSError: it is missing or can't be read.
    """
    _check(path, os.lstat(path, dir_fd=directory))
    descriptor = os.open(path, _FLAGS, dir_fd=directory)
    try:
        status = os.fstat(descriptor)
        _check(path, status)  # it may have been replaced since
    except NotRegular:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb"), status


def _check(path: str | os.PathLike[str], status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotRegular(f"{os.fspath(path)} is no regular file; links are not followed")
