"""What a person is told of what goes wrong, whatever it was that they typed."""

from __future__ import annotations

import re
from collections.abc import Callable

import click
import pytest

from janitor.config import ConfigError
from janitor.errors import Failure, LongFailure
from janitor.wording import named, no_run
from workers import cli
from workers.complaints import told_in_a_sentence
from workers.embedded.server import ServerNotStarted
from workers.stack import ProgramFailed

Told = Callable[[Exception], str]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    def tell(error: Exception) -> str:
        with pytest.raises(SystemExit, match="1"), told_in_a_sentence("program"):
            raise error
        return capsys.readouterr().err

    return tell


def test_a_sentence_is_one_line_that_no_terminal_obeys(told: Told) -> None:
    assert told(Failure("there is no \x1b[2Ja\nb\r\x9b\u202e; look")) == (
        "program: there is no \\x1b[2Ja\\nb\\r\\x9b\\u202e; look\n"
    )


def test_of_a_long_sentence_beginning_and_end_are_told(told: Told) -> None:
    said = told(Failure(f"there is no {'x' * 5000}; look elsewhere"))
    assert said.startswith("program: there is no xxx")
    assert said.endswith("xxx; look elsewhere\n")
    assert len(said) < 1100


@pytest.mark.parametrize("kind", [ConfigError, ServerNotStarted, ProgramFailed])
def test_what_has_lines_keeps_them(kind: type[LongFailure], told: Told) -> None:
    assert told(kind("a:1:1: x\x1b\nb:2:2: y")) == "program: a:1:1: x\\x1b\nb:2:2: y\n"


def test_what_click_refuses_does_not_reach_the_terminal_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "sys.argv", ["janitor-workers", "diff", "a", "b\x1b[2J\x9b\x07" + "x" * 5000]
    )
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    said = capsys.readouterr().err
    assert "Got unexpected extra argument (b\\x9b\\x07xxx" in said  # Click takes colours out
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) <= 1000


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("run-1", "run-1"),
        ("", "''"),
        ("a b", "'a b'"),
        ("a\n\x1b", r"'a\n\x1b'"),
        ("caf\udce9", r"'caf\udce9'"),
        ("x" * 5000, f"'{'x' * 60}…'"),
    ],
)
def test_names_in_sentences(name: str, said: str) -> None:
    assert named(name) == said
    assert no_run(name).startswith(f"there is no run {said}; ")


def test_the_commands_that_say_the_ids_of_runs_are_there() -> None:
    calls = re.findall(r"'janitor-workers ([a-z ]+)'", no_run("x"))
    assert calls
    for call in calls:
        command: click.Command = cli.cli
        for word in call.split():
            assert isinstance(command, click.Group)
            command = command.commands[word]
