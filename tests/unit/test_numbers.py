"""Numbers that commands take can be counted with."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from workers.cli import cli


def commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            for option in command.params:
                if isinstance(option.type, click.types.FloatParamType) and option.opts:
                    yield (*words, name, option.opts[0])


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("words", list(commands(cli)), ids=" ".join)
def test_what_is_no_number_is_a_usage_error(words: tuple[str, ...], number: str) -> None:
    done = CliRunner().invoke(cli, [*words, number])
    assert done.exit_code == 2
    assert "not a number to count with" in done.output or "is not in the range" in done.output
