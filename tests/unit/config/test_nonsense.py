"""A million bytes of nonsense are refused in words: no traceback, no hang, no flood."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from janitor.config import Config, ConfigError, read_string
from janitor.config.casting import cast
from janitor.config.mistakes import MOST_TOLD
from janitor.config.parser import Parser

SIZE = 1_000_000
PATIENCE = 120  # seconds for what takes two; what is not linear takes hours

# What has to be read without starting over: each is repeated up to SIZE characters.
SHAPES = {
    "open blocks": "{",
    "open known blocks": "campaign {",
    "open unknown blocks": "colour {",
    "open lists": "campaign [",
    "closed blocks": "}",
    "unknown fields": "a:1 ",
    "words": "x ",
    "one word": "x",
    "one number": "9",
    "one octal number": "0",
    "quotes": '"',
    "open quotes in lines": '"\n',
    "backslashes": "\\",
    "escapes": 'committer: "\\',
    "empty strings": '""',
    "adjacent strings": 'committer: "a" "b\\x"',
    "comments": "#\n",
    "our marks": "#janitor:",
    "our fields in a line": 'include: "x" ',
    "our marked fields": '#janitor: include: "x" ',
    "half fields in a line": "= a: ",
    "commas": ",",
    "empty campaigns": "campaign {} ",
    "campaigns of many shapes": "campaign {}\t campaign { } ",
    "zero bytes": "\0",
    "no ascii": "é",
    "windows lines": "\r\n",
}


@pytest.mark.parametrize("what", SHAPES)
def test_a_million_characters_of_a_kind_are_read_to_their_end(what: str, tmp_path: Path) -> None:
    file = tmp_path / "janitor.conf"
    piece = SHAPES[what]
    file.write_text((piece * (SIZE // len(piece) + 1))[:SIZE])
    read = subprocess.run(
        [sys.executable, "-m", "workers", "config", "check", str(file)],
        env={"PATH": ""},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert read.returncode in {0, 1}
    assert "Traceback" not in read.stderr
    lines = read.stderr.splitlines()
    assert len(lines) <= MOST_TOLD + 1
    assert all(line.startswith(f"{file}:") for line in lines)
    assert max(map(len, lines), default=0) < 2000
    assert (read.returncode == 0) == (not lines)


def test_many_shapes_are_read_as_quickly_as_many_pieces() -> None:
    # Each shape often enough to be a usual one, which must not be tried for all others: with
    # thousands of them this would take minutes.
    shapes = (f"{number:b}".replace("0", " ").replace("1", "\t") for number in range(8000))
    text = "".join(f"campaign {{{space}}}\n" * 10 for space in shapes)
    config = cast(Config, text)
    assert config is not None
    assert len(config.campaign) == 80_000


def verdict(text: str) -> Config | None:
    try:
        return read_string(text)
    except ConfigError:
        return None


@given(
    blocks=st.lists(st.binary(max_size=40), min_size=1, max_size=6),
    times=st.sampled_from([1, 2, 50, SIZE]),
)
@settings(deadline=None, max_examples=40)
def test_any_bytes_are_read_or_refused(blocks: list[bytes], times: int) -> None:
    content = b"".join(blocks)
    text = (content * (times // (len(content) or 1) + 1))[: max(times, len(content))]
    verdict(text.decode("latin-1"))


PIECES = r"""campaign distribution { } < > [ ] : , ; name component command "x" 'y' "a\"b"
    "\303\251" "\q" "" "b" # #janitor: include true 1 kind gitlab bugtracker generic_build
    debian_build committer merge_proposal value_threshold label lease_seconds 2.5"""


@given(
    words=st.lists(st.sampled_from([*PIECES.split(), "\n"]), max_size=30),
    space=st.sampled_from(["", " ", "\n"]),
)
@settings(deadline=None, max_examples=500)
def test_what_is_cast_is_what_the_parser_reads(words: list[str], space: str) -> None:
    text = space.join(words)
    parser = Parser(text, "x")
    read = parser.read(Config)
    assert cast(Config, text) in ([None] if parser.mistakes else [read, None])


SPELLINGS = [
    "x",
    "",
    "'",
    "#",
    "#janitor:",
    "{",
    '\\"',
    "\\\\",
    "\\n",
    "\\303\\251",
    "\\q",
    "\\xff",
    "é",
]


@given(
    spellings=st.lists(st.tuples(*[st.sampled_from(SPELLINGS)] * 3), min_size=9, max_size=14),
    other=st.sampled_from(["", "}", '"', "campaign {}", "x", "origin: 'o'", "# no"]),
    at=st.integers(0, 14),
)
@settings(deadline=None, max_examples=300)
def test_usual_shapes_are_cast_as_the_parser_reads_them(
    spellings: list[tuple[str, str, str]], other: str, at: int
) -> None:
    pieces = [
        f'campaign {{ name: "{name}" "{more}"  # {name}\nmerge_proposal {{ label: ["{label}"] }} }}'
        for name, more, label in spellings
    ]
    text = "\n".join([*pieces[:at], other, *pieces[at:]])
    parser = Parser(text, "x")
    read = parser.read(Config)
    assert cast(Config, text) in ([None] if parser.mistakes else [read, None])


def test_usual_shapes_are_cast() -> None:
    pieces = "".join(f'campaign {{ name: "{number}\\"" }}\n' for number in range(20))
    config = cast(Config, pieces)
    assert config is not None
    assert [each.name for each in config.campaign] == [f'{number}"' for number in range(20)]


WHOLE = """\
logs_location: "/srv/logs"  # where "they" are
#janitor: lease_seconds: 2.5 include: "x.conf"
campaign { name: "a" command: "x \\"y\\"" generic_build {} }
campaign { name: 'b' command: "z" generic_build {} }
campaign { name: "c" "d" merge_proposal { label: ["bot", "\\303\\251"] value_threshold: 017 } }
bugtracker [ { kind: gitlab }, < kind: 2 url: "u" "v" > ];
"""


@given(
    cut=st.integers(0, len(WHOLE)),
    put=st.sampled_from(["", "}", "{", '"', ":", "x", "\n", "#", "\\", "campaign { name: 'b' }"]),
)
@settings(deadline=None, max_examples=300)
def test_a_damaged_file_is_cast_as_the_parser_reads_it(cut: int, put: str) -> None:
    text = WHOLE[:cut] + put + WHOLE[cut + 1 :]
    parser = Parser(text, "x")
    read = parser.read(Config)
    assert cast(Config, text) in ([None] if parser.mistakes else [read, None])


def test_usual_files_are_cast() -> None:
    # Or else the tests above would hold for a caster that never casts.
    text = WHOLE.replace(" ];", "\n]")
    assert cast(Config, text) == Parser(text, "x").read(Config) != Config()
