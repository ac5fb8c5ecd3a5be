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
    if stat.S_ISLNK(os.lstat(path, dir_fd=directory).st_mode):
        raise NotRegular(f"{os.fspath(path)} is a symbolic link; those are not followed")
    file = os.fdopen(os.open(path, _FLAGS, dir_fd=directory), "rb")
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        file.close()
        raise NotRegular(f"{os.fspath(path)} is no regular file")
    return file, status
