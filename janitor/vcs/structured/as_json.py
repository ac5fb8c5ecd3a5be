"""A structured diff as JSON, a file at a time; the reference of its fields is in the docs.

JSON knows text only. What is not UTF-8 gets replacement characters there; a path has its bytes
beside it then, in base64.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from janitor.vcs.structured.model import ChangedFile, Hunk
from janitor.vcs.structured.reading import StructuredDiff


def as_json(diff: StructuredDiff, about: Mapping[str, object]) -> Iterator[str]:
    """Yield one JSON object in pieces.

    Args:
        diff: not gone through yet.
        about: what else the object is to say, such as ``vcs_type``.
    """
    yield json.dumps(dict(about))[:-1] + (", " if about else "") + '"files": ['
    separator = ""
    for file in diff:
        yield separator + json.dumps(_file(file))
        separator = ", "
    ended = diff.truncated
    last = {
        "counts": vars(diff.counts),
        "truncated": None if ended is None else vars(ended),
    }
    yield "], " + json.dumps(last)[1:] + "\n"


def _file(file: ChangedFile) -> dict[str, Any]:
    return {
        "status": file.status,
        **_path("old_path", file.old_path),
        **_path("new_path", file.new_path),
        "kind": file.kind,
        "old_mode": file.old_mode,
        "new_mode": file.new_mode,
        "similarity": file.similarity,
        "binary": file.binary,
        "insertions": file.insertions,
        "deletions": file.deletions,
        "hunks": [_hunk(hunk) for hunk in file.hunks],
        "truncated": file.truncated,
    }


def _hunk(hunk: Hunk) -> dict[str, Any]:
    return {
        "old_start": hunk.old_start,
        "old_lines": hunk.old_lines,
        "new_start": hunk.new_start,
        "new_lines": hunk.new_lines,
        "section": _text(hunk.section),
        "lines": [_text(line) for line in hunk.lines],
    }


def _path(name: str, path: bytes | None) -> dict[str, str | None]:
    if path is None:
        return {name: None}
    try:
        return {name: path.decode()}
    except UnicodeDecodeError:
        return {name: _text(path), f"{name}_base64": base64.b64encode(path).decode()}


def _text(text: bytes) -> str:
    return text.decode(errors="replace")
