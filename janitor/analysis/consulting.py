"""What a log of a failed build says, as ``buildlog-consultant`` reads it; needs ``analysis``.

The library knows some hundred kinds of mistakes and names each (``missing-c-header``); the code of
a run is put together from stage and kind as services in the field do. Its own way through a log
of sbuild is not taken: in release 0.0.39 it looks for the sections by names in small letters,
which they do not have, and panics over ``Space: n/a``. So the sections are found by
:mod:`.sections`, and the library's searches are asked of those.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, BinaryIO

from janitor.analysis.sections import Sections
from janitor.errors import Failure
from janitor.logs.following import lines_of
from janitor.storable import storable_text

logger = logging.getLogger(__name__)

DIST_LOG = "dist.log"
BUILD_LOG = "build.log"

# Of a log's end, where what failed stands.
MOST_TEXT = 8 * 1024 * 1024  # bytes
MOST_LINES = 100_000
LONGEST_LINE = 1000  # characters that are looked at; the library's patterns give up on long ones
LONGEST_QUOTE = 500  # characters of a line that are kept
LONGEST_DETAILS = 64 * 1024  # characters of JSON


class NoConsultant(Failure):
    """The library is not installed."""


class NotUnderstood(Failure):
    """A log that the library breaks on."""


@dataclass(frozen=True)
class FailingLine:
    """A line that tells of the failure; numbers count from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class Finding:
    """What a log says.

    Args:
        result_code: the code of a run with such a log; None where the log says nothing.
        stage: of the build, where the log has stages.
        description: in a sentence, or the line.
        details: of the problem, as JSON; None where no problem was recognised, and the code is
            then a vague one.
        lines: that tell of it.
    """

    result_code: str | None = None
    stage: str | None = None
    description: str | None = None
    details: dict[str, Any] | None = None
    lines: tuple[FailingLine, ...] = ()

    @property
    def is_clear(self) -> bool:
        """Whether a problem was recognised, and not only where it was."""
        return self.details is not None


NOTHING = Finding()


def consultant() -> str:
    """Return which release of the library there is.

    Raises:
        NoConsultant: none.
    """
    _library()
    return version("buildlog-consultant")


def consult(log: BinaryIO, name: str) -> Finding:
    """Return what a log says of a failure.

    Args:
        log: its plain text, read to the end; memory is bounded however long it is.
        name: the log's.

    Raises:
        NoConsultant: the library is not installed.
        NotUnderstood: the library broke on it.
    """
    _library()
    left_out, lines = _end_of(log)
    try:
        return _in_dist(lines, left_out) if name == DIST_LOG else _in_build(lines, left_out)
    except Exception as error:
        raise NotUnderstood(f"{name} can't be analysed: {type(error).__name__}: {error}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how its half in Rust fails
            raise
        raise NotUnderstood(f"{name} can't be analysed: the library panicked") from None


def _library() -> Any:  # noqa: ANN401 - half of it is without types
    try:
        # Here and not above: it is an extra, and slow to import.
        from buildlog_consultant import sbuild  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise NoConsultant(
            "logs are analysed by a library that is not installed; install"
            " janitor-workers[analysis]"
        ) from error
    return sbuild


def _end_of(log: BinaryIO) -> tuple[int, list[str]]:
    """Return how many lines were left out, and those at the end as the library wants them."""
    kept: deque[bytes] = deque()
    size = left_out = 0
    for line in lines_of(log):
        kept.append(line)
        size += len(line)
        while size > MOST_TEXT or len(kept) > MOST_LINES:
            size -= len(kept.popleft())
            left_out += 1
    return left_out, [_as_text(line) for line in kept]


def _as_text(line: bytes) -> str:
    text = line.decode(errors="replace").rstrip("\r\n")
    return f"{text[:LONGEST_LINE]}\n"


def _in_dist(lines: list[str], left_out: int) -> Finding:
    match, problem = _library().find_build_failure_description(lines)
    code = "dist-command-failed" if problem is None else _code("dist", problem)
    return _finding(code, None, match, problem, left_out)


def _in_build(lines: list[str], left_out: int) -> Finding:
    sections = Sections(lines, left_out)
    stage = sections.failed_stage
    if stage is None:
        match, problem = _library().find_build_failure_description(lines)
        code = "build-failed" if problem is None else problem.kind
        return _finding(code, None, match, problem, left_out)
    vague = f"build-failed-stage-{stage}"
    failure = _failure_in(sections, stage)
    if failure is None:
        return _finding(vague, stage, None, None, left_out)
    code = vague if failure.error is None else _code(failure.stage, failure.error)
    before = failure.section.offsets[0] if failure.section else left_out
    return _finding(code, failure.stage, failure.match, failure.error, before)


def _failure_in(sections: Sections, stage: str) -> Any:  # noqa: ANN401
    """What the library finds in a stage; None if it does not know the stage, or finds nothing."""
    try:
        return _library().FAILED_STAGE_FAIL_FINDERS[stage](sections, stage)
    except (KeyError, AttributeError, IndexError) as error:  # how it misses a section
        logger.info("of stage %s nothing more is known: %s", stage, type(error).__name__)
        return None


def _code(stage: str, problem: Any) -> str:  # noqa: ANN401 - the library has two types of them
    """The code of a run as services name it; a problem of the machine is one in any stage."""
    from buildlog_consultant import problem_clses  # noqa: PLC0415

    kind: str = problem.kind
    # Problems that its half in Rust finds don't say it themselves.
    known = problem_clses.get(kind)
    return kind if known is not None and known.is_global else f"{stage}-{kind}"


def _finding(
    code: str,
    stage: str | None,
    match: Any,  # noqa: ANN401 - the library has three types of them
    problem: Any,  # noqa: ANN401
    before: int,
) -> Finding:
    """Put together what was found; ``before`` lines came before the ones that were searched."""
    if match is None and problem is None and stage is None:
        return NOTHING
    lines = () if match is None else _quoted(match, before)
    said = lines[-1].text if lines else f"build failed in stage {stage}"
    if _speaks(problem):
        said = str(problem)
    return Finding(code, stage, storable_text(said), _details(problem), lines)


def _speaks(problem: Any) -> bool:  # noqa: ANN401
    """Whether a problem has a sentence for people; what others say is for programmers."""
    return any("__str__" in vars(kind) for kind in type(problem).__mro__[:-1])


def _quoted(match: Any, before: int) -> tuple[FailingLine, ...]:  # noqa: ANN401
    numbers = getattr(match, "linenos", None) or [match.lineno]
    texts = getattr(match, "lines", None) or [match.line]
    return tuple(
        FailingLine(before + number, storable_text(text.rstrip("\n"), longest=LONGEST_QUOTE))
        for number, text in zip(numbers, texts, strict=True)
    )


def _details(problem: Any) -> dict[str, Any] | None:  # noqa: ANN401
    if problem is None:
        return None
    try:
        said = json.dumps(problem.json(), default=str)
    except NotImplementedError:
        return {}
    kept: dict[str, Any] = json.loads(storable_text(said, longest=None))
    return kept if len(said) <= LONGEST_DETAILS else {}
