"""``queue pace``, ``queue limit`` and ``queue holds``, as an operator gives them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from workers.cli import cli

Command = Callable[..., Result]


@pytest.fixture
def command(database_url: str) -> Command:
    def run(*words: str) -> Result:
        runner = CliRunner(env={"JANITOR_DATABASE_LOCATION": database_url})
        return runner.invoke(cli, ["queue", *words])

    return run


def test_a_campaign_is_paused_and_goes_on(command: Command) -> None:
    assert "no campaign has a pace" in command("holds").output
    assert command("pace", "tidy", "--pause").output == "campaign tidy: weight 1, paused\n"
    assert command("pace", "tidy", "--weight", "2").output == "campaign tidy: weight 2, paused\n"
    assert command("pace", "tidy", "--resume").output == "campaign tidy: weight 2\n"
    assert command("pace", "*", "--weight", "0").output == "all campaigns: weight 0, paused\n"
    assert command("holds").output.splitlines() == [
        "all campaigns: weight 0, paused",
        "campaign tidy: weight 2",
    ]


def test_a_host_is_limited_and_free_again(command: Command) -> None:
    assert command("limit", "one.example", "--most", "4", "--minutes", "90").exit_code == 0
    (line,) = command("holds").output.splitlines()
    assert line.startswith("host one.example may have at most 4 active, has 0; ")
    assert "is rate-limited until" in line
    assert command("limit", "one.example").output == "one.example has no limits\n"
    (host,) = json.loads(command("holds", "--json").output)["hosts"]
    assert host["host"] == "one.example"
    assert host["most_active"] is None


def test_what_says_nothing_changes_nothing(command: Command) -> None:
    for words in ([], ["--weight", "nan"], ["--weight", "-1"]):
        assert command("pace", "tidy", *words).exit_code == 2
    assert command("pace", "Tidy", "--pause").exit_code == 1
    assert command("limit", "no host", "--most", "1").exit_code == 1
    assert "no campaign has a pace" in command("holds").output
