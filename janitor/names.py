"""Names that come from outside, and what each of them may contain.

A codebase, campaign, run, role or file name ends up in storage keys, in paths and in
messages. Each type here refuses what could leave its place (separators, ``..``, NUL,
control characters); job payloads (:mod:`janitor.jobs`) use them as field types, and code
that builds a path calls the check itself.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from janitor.errors import Failure

LONGEST_NAME = 255  # bytes; what common file systems take for one path component

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# The domains codebase_name, campaign_name and suite_name in PostgreSQL say the same; the
# comma is in because their "+-." is a range.
_SLUG = re.compile(r"[a-z0-9][a-z0-9+,\-.]+")


class UnsafeName(Failure, ValueError):
    """A name that could reach something it must not reach."""


def checked_component(name: str, what: str = "name") -> str:
    """Return ``name`` if it is safe as one component of a path or key.

    Args:
        name: the name as it came from outside.
        what: what it names, for the message ("log file", "role").

    Raises:
        UnsafeName: it is empty, too long, ``.`` or ``..``, or has a separator or a
            control character.
    """
    if not name:
        raise UnsafeName(f"the {what} is empty")
    if name in {".", ".."} or "/" in name or "\\" in name or _CONTROL.search(name):
        raise UnsafeName(
            f"{what} {name!r} is refused: '/', '\\', '..' and control characters are not allowed"
        )
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise UnsafeName(f"{what} {name!r} is refused: it is not UTF-8") from error
    if size > LONGEST_NAME:
        raise UnsafeName(f"{what} {name[:40]!r}… is {size} bytes long; {LONGEST_NAME} is the most")
    return name


def checked_slug(name: str, what: str) -> str:
    """Return ``name`` if the database would take it as a codebase or campaign name."""
    checked_component(name, what)
    if not _SLUG.fullmatch(name):
        raise UnsafeName(
            f"{what} {name!r} is refused: lower-case letters, digits and '+,-.', at least"
            " two of them, beginning with a letter or digit"
        )
    return name


CodebaseName = Annotated[str, AfterValidator(lambda name: checked_slug(name, "codebase"))]
CampaignName = Annotated[str, AfterValidator(lambda name: checked_slug(name, "campaign"))]
RunId = Annotated[str, AfterValidator(lambda name: checked_component(name, "run id"))]
FileName = Annotated[str, AfterValidator(lambda name: checked_component(name, "file name"))]
RoleName = Annotated[str, AfterValidator(lambda name: checked_component(name, "role"))]
