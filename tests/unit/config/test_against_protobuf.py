"""Protobuf's parser and ours take the same files, and read the same in them."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import text_format
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from janitor.config import Config, ConfigError, read_string
from janitor.config.message import Message as OurMessage

# Its way of decoding escapes warns of those that it leaves as they are.
pytestmark = pytest.mark.filterwarnings("ignore:invalid .*escape sequence:DeprecationWarning")

OURS = [name for name, field in Config.FIELDS.items() if field.ours]


def what_we_read(message: Any) -> Any:
    """Return our message as plain values."""
    if isinstance(message, OurMessage):
        names = [name for name in message.FIELDS if name not in OURS]
        return {name: what_we_read(getattr(message, name)) for name in names}
    return [what_we_read(part) for part in message] if isinstance(message, tuple) else message


def what_protobuf_read(message: Any) -> Any:
    """Return protobuf's message as plain values, in our terms of what is unset."""
    if not isinstance(message, Message):
        return message
    return {field.name: _value_of(message, field) for field in message.DESCRIPTOR.fields}


def _value_of(message: Message, field: Any) -> Any:
    value = getattr(message, field.name)
    if field.is_repeated:
        return [what_protobuf_read(part) for part in value]
    if field.type == field.TYPE_BOOL or message.HasField(field.name):
        return what_protobuf_read(value)
    return None


def by_protobuf(text: str, protobuf_config: type[Message]) -> Any:
    """Return what protobuf reads, or None if it refuses."""
    try:
        return what_protobuf_read(text_format.Parse(text, protobuf_config()))
    except (text_format.ParseError, UnicodeError):
        return None


def by_us(text: str) -> Any:
    """Return what we read, or None if we refuse."""
    try:
        return what_we_read(read_string(text))
    except ConfigError:
        return None


# Whole files, every construct that the format has.

PLAIN = st.characters(exclude_categories=["Cs"], exclude_characters="\"'\\\n")
SPELLINGS = r"""\n \t \\ \' \" \a \? \d \x4 \x41 \x41f \0 \101 \1018 \u00e9 \U0001f600 \xc3\xa9
    é 😀 # } '"""
ESCAPES = st.sampled_from(SPELLINGS.split())
BAD_ESCAPES = st.sampled_from([r"\400", r"\x", r"\xg", r"\u12", r"\ud800", r"\U00110000", r"\xff"])
SPACE = st.sampled_from([" ", "\n", "\t", " # a comment: {\n", "\r\n", "\n\n", "\xa0"])


@st.composite
def spelt_string(draw: st.DrawFn, parts: st.SearchStrategy[str] = PLAIN | ESCAPES) -> str:
    pieces = []
    for _ in range(draw(st.integers(1, 2))):
        inside = "".join(draw(st.lists(parts, max_size=6)))
        mark = "'" if "'" not in inside.replace(r"\'", "") else '"'
        pieces.append(mark + inside + mark)
    return draw(st.sampled_from(["", " ", "\n"])).join(pieces)


NUMBERS = st.integers(-(2**31), 2**31 - 1).flatmap(
    lambda number: st.sampled_from([str(number), hex(number), f"{number:_}"])
) | st.sampled_from(["017", "-0", "+5", "0b11", "-2147483649", "2147483648", "1.0", "08", "1e3"])
BOOLS = st.sampled_from(["true", "false", "t", "f", "True", "False", "1", "0", "TRUE", "yes", "2"])
KINDS = st.sampled_from(["gitlab", "debian", "github", "1", "2", "0x3", "4", "launchpad"])


def spelt_value(kind: type, depth: int) -> st.SearchStrategy[str]:
    if issubclass(kind, OurMessage):
        inside = spelt_fields(kind, depth - 1)
        return st.builds(
            lambda marks, text: marks[0] + text + marks[1], st.sampled_from(["{}", "<>"]), inside
        )
    return {str: spelt_string(), bool: BOOLS, int: NUMBERS}.get(kind, KINDS)


@st.composite
def spelt_fields(draw: st.DrawFn, schema: type[OurMessage], depth: int = 3) -> str:
    fields = [field for field in schema.FIELDS.values() if not field.ours]
    known = [field for field in fields if depth > 0 or not field.is_message]
    pieces = []
    # A name drawn twice is twice in the text now and then, which is an error.
    for field in draw(st.lists(st.sampled_from(known), max_size=5)) if known else []:
        value = spelt_value(field.value, depth)
        colon = draw(st.sampled_from([":", ""])) if field.is_message else ":"
        if field.repeated and draw(st.booleans()):
            text = "[" + ",".join(draw(st.lists(value, max_size=3))) + "]"
        else:
            text = draw(value)
        end = draw(st.sampled_from(["", ",", ";"]))
        pieces += [field.name, draw(SPACE), colon, draw(SPACE), text, end, draw(SPACE)]
    return "".join(pieces)


@given(text=spelt_fields(Config))
@settings(deadline=None, max_examples=300)
def test_a_file_means_the_same_to_both(text: str, protobuf_config: type[Message]) -> None:
    assert by_us(text) == by_protobuf(text, protobuf_config)


@given(value=spelt_string(PLAIN | ESCAPES | BAD_ESCAPES))
@settings(deadline=None, max_examples=300)
def test_a_string_means_the_same_to_both(value: str, protobuf_config: type[Message]) -> None:
    text = f"committer: {value}"
    assert by_us(text) == by_protobuf(text, protobuf_config)


WORDS = """committer distribution campaign bugtracker name kind force_build component
    generic_build debian_build unknown : { } < > [ ] , ; "x" 'y' 1 - gitlab true # " é \0 ."""
SOUP = st.lists(st.sampled_from([*WORDS.split(), "\n"]), max_size=14)


@given(words=SOUP, space=st.sampled_from(["", " ", "\n"]))
@settings(deadline=None, max_examples=1000)
def test_nonsense_is_refused_by_both(
    words: list[str], space: str, protobuf_config: type[Message]
) -> None:
    text = space.join(words)
    assert by_us(text) == by_protobuf(text, protobuf_config)


@given(cut=st.integers(0, 400), put=st.sampled_from(["", "}", "{", '"', ":", "x", "\n", "[", "]"]))
@settings(deadline=None, max_examples=300)
def test_a_damaged_file_is_judged_alike(cut: int, put: str, protobuf_config: type[Message]) -> None:
    whole = (
        'logs_location: "/srv/logs"\ndistribution { name: "unstable" component: ["main", "x"] }\n'
        "campaign < name: 'fixes' merge_proposal: { value_threshold: 30 } debian_build {} >\n"
        'bugtracker [ { kind: gitlab }, <kind: 2 url: "u" "v"> ];\n'
        'apt_repository { name: "a" select { campaign: "fixes" } } # done\n'
    )
    text = whole[:cut] + put + whole[cut + 1 :]
    assert by_us(text) == by_protobuf(text, protobuf_config)


@pytest.mark.parametrize(
    "text",
    [
        "campaign { generic_build {} debian_build {} }",
        "campaign { generic_build {} generic_build {} }",
        "campaign { generic_build {} } campaign { debian_build {} }",
        'committer: "a" committer: "b"',
        'committer: ["a"]',
        'component: "main"',
        'distribution { component: ["a",] }',
        "distribution: []",
        "distribution: [{}, <>]",
        'committer "a"',
        'committer: "a",; origin: "b"',
        'committer: "\\xc3" "\\xa9"',
        '5: "logs"',
        '[committer]: "a"',
        'spool_location: "/srv/spool"',
        "lease_seconds: 5",
        "campaign { merge_proposal { value_threshold: - 5 } }",
        'campaign { merge_proposal { value_threshold: "5" } }',
        'Committer: "a"',
        '\ufeffcommitter: "a"',
    ],
)
def test_the_corners_are_judged_alike(text: str, protobuf_config: type[Message]) -> None:
    assert by_us(text) == by_protobuf(text, protobuf_config)


def test_our_schema_is_protobufs(protobuf_config: type[Message]) -> None:
    def names(descriptor: Any) -> dict[str, Any]:
        return {
            field.name: names(field.message_type) if field.message_type else field.is_repeated
            for field in descriptor.fields
        }

    def our_names(schema: type[OurMessage]) -> dict[str, Any]:
        return {
            name: our_names(field.value) if field.is_message else field.repeated
            for name, field in schema.FIELDS.items()
            if not field.ours
        }

    assert our_names(Config) == names(protobuf_config.DESCRIPTOR)
