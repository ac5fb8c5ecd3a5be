"""What a log says, in whichever form builders write it."""

from __future__ import annotations

import io
import sys

import pytest

from janitor.analysis import consulting
from janitor.analysis.consulting import (
    NOTHING,
    Finding,
    NoConsultant,
    NotUnderstood,
    consult,
    consultant,
)
from tests.unit.analysis.build_logs import NO_HEADER, UNMET, failed_build, sbuild_log


def asked(text: bytes, name: str = "build.log") -> Finding:
    return consult(io.BytesIO(text), name)


def line_of(text: bytes, number: int) -> str:
    return text.decode(errors="replace").splitlines()[number - 1]


def test_a_build_that_misses_a_header() -> None:
    log = failed_build()
    found = asked(log)
    assert (found.result_code, found.stage) == ("build-missing-c-header", "build")
    assert (found.description, found.details) == (NO_HEADER, {"header": "foo.h"})
    (line,) = found.lines
    assert line_of(log, line.number) == line.text == NO_HEADER


def test_dependencies_that_are_not_met() -> None:
    said = f"The following packages have unmet dependencies:\n{UNMET}\n"
    said += "E: Unable to correct problems, you have held broken packages.\n"
    log = sbuild_log("install-deps", Install_package_build_dependencies=said)
    found = asked(log)
    assert found.result_code == "install-deps-apt-broken-packages"
    assert found.description == "Broken apt packages: ['libfoo-dev (>= 2)']"
    assert [line_of(log, line.number) for line in found.lines] == [x.text for x in found.lines]
    assert found.lines[0].text == UNMET


def test_what_is_wrong_with_the_machine_has_no_stage() -> None:
    assert asked(failed_build("cp: x: No space left on device")).result_code == "no-space-on-device"


@pytest.mark.parametrize("stage", ["build", "arch-check", "fetch-src", "unpack", "autopkgtest"])
def test_a_stage_of_which_nothing_is_known_is_all_that_is_said(stage: str) -> None:
    found = asked(sbuild_log(stage))
    assert found == Finding(f"build-failed-stage-{stage}", stage, f"build failed in stage {stage}")
    assert not found.is_clear


def test_a_stage_that_nobody_knows() -> None:
    assert asked(sbuild_log("teleport")).result_code == "build-failed-stage-teleport"


def test_a_log_without_sections() -> None:
    found = asked(b"ok\n" * 5 + b"ImportError: No module named foo\nmake: *** [all] Error 1\n")
    assert (found.result_code, found.stage, found.lines[0].number) == (
        "missing-python-module",
        None,
        6,
    )


def test_a_log_of_making_a_tarball() -> None:
    missing = asked(b"x\nImportError: No module named foo\n", "dist.log")
    assert missing.result_code == "dist-missing-python-module"
    vague = asked(b"setup.py: error: no commands supplied\n", "dist.log")
    assert (vague.result_code, vague.is_clear) == ("dist-command-failed", False)


@pytest.mark.parametrize("text", [b"", b"\n", b"all is well\n" * 1000])
def test_a_log_that_says_nothing(text: bytes) -> None:
    assert asked(text) == asked(text, "dist.log") == NOTHING


def test_bytes_that_are_no_text() -> None:
    log = failed_build().replace(b"cc -c", b"\xff\xfe\x00\x00 cc \x1b[31m")
    found = asked(log)
    assert found.result_code == "build-missing-c-header"
    noise = asked(bytes(range(256)) * 1000)
    assert noise == NOTHING
    named = asked(b"ImportError: No module named f\x00\xffoo\n")
    assert "\x00" not in str(named)


def test_of_a_long_log_the_end_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consulting, "MOST_TEXT", 10_000)
    log = b"cc -c file.c\n" * 100_000 + b"ImportError: No module named foo\n"
    (line,) = asked(log).lines
    assert line_of(log, line.number) == line.text


def test_a_line_without_an_end_is_cut() -> None:
    log = b"x" * 3_000_000 + b"\nImportError: No module named " + b"y" * 100_000 + b"\n"
    (line,) = asked(log).lines
    assert len(line.text) == consulting.LONGEST_QUOTE


def test_passwords_are_masked() -> None:
    found = asked(b"ImportError: No module named https://me:battery@example.com/x\n")
    assert "battery" not in str(found)
    assert "example.com" in str(found)


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "buildlog_consultant", None)
    for asking in (consultant, lambda: asked(b"")):
        with pytest.raises(NoConsultant, match=r"janitor-workers\[analysis\]"):
            asking()


class PanicException(BaseException):
    pass


@pytest.mark.parametrize("error", [PanicException("index out of bounds"), ValueError("x")])
def test_a_library_that_breaks_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def breaking(_lines: list[str]) -> None:
        raise error

    monkeypatch.setattr("buildlog_consultant.sbuild.find_build_failure_description", breaking)
    with pytest.raises(NotUnderstood, match=r"build\.log can't be analysed"):
        asked(b"text\n")
