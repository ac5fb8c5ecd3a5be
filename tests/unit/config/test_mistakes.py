"""Every mistake of a file is told at once, with its place and without its secrets."""

from __future__ import annotations

import pytest

from janitor.config import ConfigError, read_string
from janitor.errors import Failure


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read_string(text)
    return str(refused.value).splitlines()


def places(text: str) -> list[str]:
    """Return where the mistakes are, as LINE:COLUMN."""
    return [":".join(line.split(":")[1:3]) for line in mistakes(text)]


def test_all_mistakes_are_told_in_their_order() -> None:
    text = """\
commiter: "A"
git_location "x"
distribution {
  name: unstable
  component: ["main", 5, "x"]
}
campaign {
  generic_build { chroot: "c" }
  debian_build { build_sufix: "~j" }
  force_build: yes
  merge_proposal { value_threshold: 4294967296 }
  name: "a" name: "b"
}
bugtracker { kind: launchpad url: "\\400" }
committer: "never closed
"""
    assert places(text) == [
        *("1:1", "2:14", "4:9", "5:23", "9:3", "9:18", "10:16", "11:37", "12:13"),
        *("14:20", "14:35", "15:12"),
    ]


def test_it_is_a_failure_that_trying_again_does_not_mend() -> None:
    with pytest.raises(Failure):
        read_string("x")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('commiter: "A"', "Config has no field 'commiter'; did you mean committer? known: "),
        ('colour: "red"', "Config has no field 'colour'; known: logs_location, database_"),
        ('committer: "a"\ncommitter: "b"', "committer is given twice, first in line 1"),
        (
            "campaign {\ngeneric_build {}\ndebian_build {} }",
            "debian_build cannot be given beside generic_build (line 2): each is a build",
        ),
        ("distribution {\n\n>", "expected '}' for the '{' of line 1"),
        ("distribution {", "this '{' is never closed"),
        ("}", "this '}' closes nothing"),
        ('committer: ["a"]', "committer takes one value, no list"),
        ('distribution: "a"', "distribution takes a block: distribution { … }"),
        ("bugtracker { kind: 7 }", "kind takes one of gitlab (1), debian (2), github (3)"),
        ('committer: "\\u12"', "committer: \\u needs four hexadecimal digits behind it"),
        ('committer: "\\N{SPACE}"', "committer: \\N is no escape here"),
        ('committer: "\\xff"', "committer: the escapes are not valid UTF-8"),
        ("campaign { force_build: maybe }", "force_build takes true or false"),
        ('distribution { component: ["a" "b" 5] }', "expected ',' or ']' in the list of component"),
        ("= 5", "expected the name of a field of Config"),
    ],
)
def test_a_mistake_says_what_is_expected(text: str, told: str) -> None:
    (line,) = mistakes(text)
    assert told in line


@pytest.mark.parametrize(
    "text",
    [
        "colour: [1, { a: [2] }, 'x'] committer: 5",
        "colour { a < b: [1] > } committer: 5",
        "colour: 'a' \"b\" committer: 5",
        "colour: committer: 5",
        "distribution { name: } committer: 5",
        "distribution {\n name: unstable or testing }\ncommitter: 5",
    ],
)
def test_one_mistake_hides_none_behind_it(text: str) -> None:
    found = mistakes(text)
    assert len(found) == 2
    assert found[-1].endswith("committer takes a string in quotes")


@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        "hunter2 hunter2",
        "\n  hunter2",
        '"hunter2',
        '"a"hunter2',
        '"hunter2\\xff"',
        '"hunter2\\400"',
        "{ hunter2 }",
        "[hunter2]",
    ],
)
def test_what_may_be_a_secret_is_not_repeated(value: str) -> None:
    assert "hunter2" not in "\n".join(
        mistakes(f"oauth2_provider {{\n client_secret: {value}\n}}}}")
    )


def test_a_file_in_any_state_is_read_in_linear_time() -> None:
    # Neither nesting nor junk may recurse or start over; this would not end otherwise.
    assert mistakes("colour {" * 20_000 + '"' * 20_001)
    assert mistakes("{" * 50_000)
    assert mistakes("# " + " \t" * 50_000 + "\n" + "\\" * 500)
