"""A file of JSON lines as checked rows, each with its number; wrong lines with their reason.

A file is read line by line, so its size doesn't matter, and no line can take more memory
than :data:`LONGEST_LINE` bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from janitor.redaction import redact
from janitor.storable import check_storable
from janitor.uploads.report import Refusal
from janitor.wording import nearest

LONGEST_LINE = 100_000  # bytes
# Text that can't be stored comes in by this only; the models refuse odd numbers and depth.
_ESCAPE = rb"\u"
_LONGEST_SHOWN = 60  # characters of a name that nobody knows

Key = tuple[str | None, ...]


class Line(BaseModel):
    """What a line may say; only what it names is stored, so defaults mean "not said"."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @property
    def key(self) -> Key:
        """What it is about: codebase, campaign and change set."""
        raise NotImplementedError

    def fields(self) -> dict[str, Any]:
        """Return what it says, by column."""
        return self.model_dump(by_alias=True, exclude_unset=True)


L = TypeVar("L", bound=Line)


class WrongLine(ValueError):
    """A line that can't be taken; the text is the reason."""


def read_lines(file: BinaryIO, model: type[L]) -> Iterator[tuple[int, L] | Refusal]:
    """Read a file of JSON lines.

    Args:
        file: open for reading; blank lines are passed over.
        model: what a line may say.

    Yields:
        The number of each line with what it says, or why it is refused.
    """
    seen: dict[Key, int] = {}
    for number, text in _numbered(file):
        try:
            line = _read(text, model)
        except WrongLine as error:
            yield Refusal(number, redact(str(error)))
            continue
        first = seen.setdefault(line.key, number)
        if first == number:
            yield number, line
        else:
            yield Refusal(number, f"is about the same as line {first}; keep one of them")


def _numbered(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while text := file.readline(LONGEST_LINE + 1):
        number += 1
        ended = text.endswith(b"\n")
        while not ended and (rest := file.readline(LONGEST_LINE)):
            ended = rest.endswith(b"\n")
        if text.strip():
            yield number, text


def _read(text: bytes, model: type[L]) -> L:
    try:
        if len(text.rstrip(b"\r\n")) > LONGEST_LINE:
            raise WrongLine(f"is longer than {LONGEST_LINE} bytes")
        said = json.loads(text.decode("utf-8-sig"))
        if not isinstance(said, dict):
            raise WrongLine("is JSON, but no object; write {…}, one a line")
        if _ESCAPE in text:
            check_storable(said)
        return model.model_validate(said)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise WrongLine("; ".join(_in_words(problem, model) for problem in problems)) from None
    except UnicodeDecodeError:
        raise WrongLine("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise WrongLine(f"is not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise WrongLine("is not JSON that can be read: it goes too deep") from None
    except ValueError as error:  # ours, and numbers of more digits than Python reads
        raise WrongLine(str(error)) from None


def _in_words(problem: ErrorDetails, model: type[Line]) -> str:
    place = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        shown = place if len(place) <= _LONGEST_SHOWN else f"{place[:_LONGEST_SHOWN]}…"
        return f"there is no field {shown!r}{nearest(shown, list(model.model_fields))}"
    if problem["type"] == "missing":
        return f"{place} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
