"""What Git says of a file before its hunks."""

from __future__ import annotations

import re

from janitor.vcs.structured.model import SUBMODULE, SYMLINK, ChangedFile

BEGINS = b"diff --git "

_ESCAPED = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPES = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
}
_KINDS = {SYMLINK: "symlink", SUBMODULE: "submodule"}


def begun(line: bytes) -> ChangedFile:
    """Return the file that a first line names.

    Both names in it are the same; a file that was renamed has lines of its own for them.
    """
    both = line.removeprefix(BEGINS)
    path = _unquoted(both[: len(both) // 2])[len("a/") :]
    return ChangedFile(old_path=path, new_path=path)


def take(file: ChangedFile, line: bytes) -> None:
    """Note what one more line of the head says."""
    for begin, note in _NOTES:
        if line.startswith(begin):
            note(file, line[len(begin) :])
            return


def _old_mode(file: ChangedFile, rest: bytes) -> None:
    file.old_mode = rest.decode(errors="replace")


def _new_mode(file: ChangedFile, rest: bytes) -> None:
    file.new_mode = rest.decode(errors="replace")
    file.kind = _KINDS.get(file.new_mode, "file")


def _removed(file: ChangedFile, rest: bytes) -> None:
    _new_mode(file, rest)
    file.status, file.new_path = "removed", None
    file.old_mode, file.new_mode = file.new_mode, None


def _added(file: ChangedFile, rest: bytes) -> None:
    _new_mode(file, rest)
    file.status, file.old_path = "added", None


def _index(file: ChangedFile, rest: bytes) -> None:
    _, _, mode = rest.partition(b" ")
    if mode:  # the same before and after
        _new_mode(file, mode)
        file.old_mode = file.new_mode


def _similarity(file: ChangedFile, rest: bytes) -> None:
    percent = rest.removesuffix(b"%")
    file.similarity = int(percent) if percent.isdigit() else None


def _renamed_from(file: ChangedFile, rest: bytes) -> None:
    file.status, file.old_path = "renamed", _unquoted(rest)


def _copied_from(file: ChangedFile, rest: bytes) -> None:
    file.status, file.old_path = "copied", _unquoted(rest)


def _moved_to(file: ChangedFile, rest: bytes) -> None:
    file.new_path = _unquoted(rest)


def _binary(file: ChangedFile, _rest: bytes) -> None:
    file.binary = True


_NOTES = (
    (b"old mode ", _old_mode),
    (b"new mode ", _new_mode),
    (b"deleted file mode ", _removed),
    (b"new file mode ", _added),
    (b"index ", _index),
    (b"similarity index ", _similarity),
    (b"rename from ", _renamed_from),
    (b"rename to ", _moved_to),
    (b"copy from ", _copied_from),
    (b"copy to ", _moved_to),
    (b"Binary files ", _binary),
)


def _unquoted(name: bytes) -> bytes:
    if not name.startswith(b'"'):
        return name
    return _ESCAPED.sub(_unescaped, name[1:-1])


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    if len(code) > 1:
        return bytes([int(code, 8) & 0xFF])
    return _ESCAPES.get(code, code)
