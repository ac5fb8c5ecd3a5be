from __future__ import annotations

import pytest

from janitor import splitout_env
from janitor.errors import Failure


@pytest.mark.parametrize(
    ("command", "variables", "rest"),
    [
        ("brz up --quiet", {}, "brz up --quiet"),
        ("A=1 brz up", {"A": "1"}, "brz up"),
        ("A=1 B=2 A=3 brz", {"A": "3", "B": "2"}, "brz"),
        ("DEBFULLNAME='A B' X=\"c \\\" d\" Y=e\\ f'g' brz", None, "brz"),
        ("A= brz", {"A": ""}, "brz"),
        ("A=b=c brz", {"A": "b=c"}, "brz"),
        ("A=1", {"A": "1"}, ""),
        ("", {}, ""),
        ("brz A=1", {}, "brz A=1"),
        ("--option=1 brz", {}, "--option=1 brz"),
        ("'A=1' brz", {}, "'A=1' brz"),
    ],
)
def test_leading_assignments_are_split_out(
    command: str, variables: dict[str, str] | None, rest: str
) -> None:
    expected = {"DEBFULLNAME": "A B", "X": 'c " d', "Y": "e fg"} if variables is None else variables
    assert splitout_env(command) == (expected, rest)


def test_the_rest_stays_what_the_shell_was_to_see() -> None:
    rest = "sh -c \"echo  $HOME\" && true | cat > 'a b'"
    assert splitout_env(f"A=1   {rest} ") == ({"A": "1"}, rest)


@pytest.mark.parametrize(
    "command", ["A=$HOME/x brz", 'A="$(date)" brz', "A=`date` brz", "A=1; brz"]
)
def test_what_only_a_shell_can_work_out_is_left_to_it(command: str) -> None:
    assert splitout_env(command) == ({}, command)
    assert splitout_env("A='$HOME' brz") == ({"A": "$HOME"}, "brz")


def test_an_open_quote_is_refused_without_telling_secrets() -> None:
    with pytest.raises(Failure, match="No closing quotation") as refused:
        splitout_env("TOKEN='hunter2 brz up")
    assert "hunter2" not in str(refused.value)
