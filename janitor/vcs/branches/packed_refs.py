"""References that Git has packed into one file, read without taking it apart.

To look one up in a file of hundreds is to find its name; libraries make a table of all first.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_SHA = 40  # hexadecimal digits
_NO_FILE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}
_LINE = re.compile(rb"^([0-9a-f]{40}) (\S.*)$", re.MULTILINE)


class PackedRefs(Mapping[bytes, bytes]):
    """The packed references of a repository, as they are now: commits by full name.

    Args:
        repository: the bare repository.
    """

    def __init__(self, repository: Path) -> None:
        try:
            self._text = (repository / "packed-refs").read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            self._text = b""

    def __getitem__(self, ref: bytes) -> bytes:
        at = self._text.find(b" %s\n" % ref)
        sha = self._text[max(at - _SHA, 0) : at]
        if at < 0 or len(sha) != _SHA or self._text[at - _SHA - 1 : at - _SHA] not in {b"", b"\n"}:
            raise KeyError(ref)
        return sha

    def __iter__(self) -> Iterator[bytes]:
        return (found[2] for found in _LINE.finditer(self._text))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_ref(repository: Path, ref: bytes) -> bytes | None:
    """Return the commit that a reference is at; None where there is none of that name.

    Args:
        repository: the bare repository.
        ref: its full name; it can't lead out of the repository.
    """
    for _ in range(5):  # a symbolic one names another
        try:
            said = (repository / os.fsdecode(ref)).read_bytes().rstrip()
        except OSError as error:
            if error.errno not in _NO_FILE:
                raise
            return PackedRefs(repository).get(ref)
        if not said.startswith(b"ref: refs/") or b".." in said:
            return said if len(said) == _SHA else None
        ref = said.removeprefix(b"ref: ")
    return None
