"""What Bazaar says of a file before its hunks.

It does not quote names: of one that contains ``' => '`` a rename cannot be told apart.
"""

from __future__ import annotations

import re

from janitor.vcs.structured.model import ChangedFile, Hunk

BEGINS = b"=== "

_CHANGE = re.compile(
    rb"=== (added|removed|modified|renamed) (\S+) '(.*)'(?: \(properties changed: (.*)\))?",
    re.DOTALL,
)
_TARGET = re.compile(rb"=== target (is|was|changed) '(.*)'", re.DOTALL)
_EXECUTABLE = re.compile(rb"([+-])x to ([+-])x")
_MODES = {b"+": "100755", b"-": "100644"}
_KINDS = {"tree-reference": "submodule"}
_TO = b"' => '"
_NO_END = b"\\ No newline at end of file"


def begun(line: bytes) -> ChangedFile | None:
    """Return the file that a line names, or None if it is not the first one of a file."""
    found = _CHANGE.fullmatch(line)
    if found is None:
        return None
    status, kind, named, properties = found.groups()
    file = ChangedFile(status.decode(), named, named, _kind(kind))
    if status == b"added":
        file.old_path = None
    elif status == b"removed":
        file.new_path = None
    elif status == b"renamed":
        file.old_path, _, file.new_path = named.partition(_TO)
    modes = _EXECUTABLE.search(properties or b"")
    if modes:
        file.old_mode, file.new_mode = (_MODES[sign] for sign in modes.groups())
    return file


def take(file: ChangedFile, line: bytes) -> None:
    """Note what one more line of the head says."""
    target = _TARGET.fullmatch(line)
    if target:
        _take_target(file, *target.groups())


def _take_target(file: ChangedFile, how: bytes, named: bytes) -> None:
    """Write a link's target as Git does: a line without an end."""
    old, new = named, named
    if how == b"changed":
        old, _, new = named.partition(_TO)
    went, came = int(how != b"is"), int(how != b"was")
    lines = [*([b"-" + old, _NO_END] * went), *([b"+" + new, _NO_END] * came)]
    file.hunks.append(Hunk(went, went, came, came, lines=lines))
    file.insertions += came
    file.deletions += went


def _kind(kind: bytes) -> str:
    named = kind.decode(errors="replace")
    return _KINDS.get(named, named)
