"""What is printed loads to what was printed, and shows no secret that nobody asked for."""

from __future__ import annotations

import enum
from pathlib import Path

import pytest
from google.protobuf import text_format
from google.protobuf.message import Message as ProtobufMessage
from hypothesis import given, settings
from hypothesis import strategies as st

from janitor.config import Config, explained, load, read_string
from janitor.config.message import Field, Message
from janitor.config.printing import as_text, masked
from janitor.config.template import template

TEXT = st.text(max_size=8) | st.sampled_from(["\"'\\\n\t\r\0\x7f", "http://a:hunter2@b/", "é😀#"])


def values(known: Field) -> st.SearchStrategy[object]:
    if known.is_message:
        return messages(known.value)
    if known.choices:
        return st.sampled_from(known.choices)
    if issubclass(known.value, enum.IntEnum):
        return st.sampled_from(list(known.value))
    numbers = st.integers(-(2**31), 2**31 - 1)
    return {
        str: TEXT,
        bool: st.booleans(),
        int: numbers,
        float: st.floats(allow_nan=False, allow_infinity=False),
    }[known.value]


def messages(message: type[Message]) -> st.SearchStrategy[Message]:
    @st.composite
    def drawn(draw: st.DrawFn) -> Message:
        given: dict[str, object] = {}
        groups: set[str] = set()
        for name in draw(st.lists(st.sampled_from(list(message.FIELDS)), max_size=4, unique=True)):
            known = message.FIELDS[name]
            if known.one_of in groups:
                continue
            groups |= {known.one_of} if known.one_of else set()
            value = values(known)
            given[name] = draw(st.lists(value, max_size=2).map(tuple) if known.repeated else value)
        return message(**given)

    return drawn()


@given(config=messages(Config))
@settings(deadline=None, max_examples=300)
def test_what_is_printed_is_read_as_the_same(config: Config) -> None:
    assert read_string(as_text(config, secrets=True)) == config


@given(config=messages(Config))
@settings(deadline=None, max_examples=200)
def test_other_services_can_read_what_is_printed(
    config: Config, protobuf_config: type[ProtobufMessage]
) -> None:
    text_format.Parse(as_text(config, secrets=True), protobuf_config())


SECRETS = """
database_location: "postgresql://me:hunter2@h/d"
committer: "me"
distribution { extra: "deb http://me:hunter2@h/ sid main" extra: "deb http://h/ sid main" }
oauth2_provider { client_id: "me" client_secret: "hunter2" }
"""


def test_secrets_are_comments(tmp_path: Path) -> None:
    path = tmp_path / "janitor.conf"
    path.write_text(SECRETS)
    config = explained(path, {})
    text = as_text(config, secrets=False, tell=str)
    assert "hunter2" not in text
    assert masked(config)
    again = read_string(text)
    assert again.committer == "me"
    assert again.database_location is None
    assert again.oauth2_provider is not None
    assert (again.oauth2_provider.client_id, again.oauth2_provider.client_secret) == ("me", None)
    assert again.distribution[0].extra == ("deb http://h/ sid main",)
    assert text.count("is masked") == 3
    whole = as_text(config, secrets=True)
    assert read_string(whole) == config
    assert not masked(again)


def test_a_printed_configuration_loads_under_the_same_environment(tmp_path: Path) -> None:
    path, printed = tmp_path / "janitor.conf", tmp_path / "printed.conf"
    path.write_text('committer: "me"\n#janitor: spool_location: "/srv/spool" lease_seconds: 0.5')
    environ = {"JANITOR_OAUTH2_PROVIDER__CLIENT_SECRET": "hunter2", "JANITOR_FAIR_SHARES": "true"}
    config = load(path, environ)
    printed.write_text(as_text(config, secrets=False))
    assert load(printed, environ) == config
    assert config.spool_location == "/srv/spool"


def test_each_value_says_where_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "janitor.conf"
    path.write_text('distribution {\n  component: ["a", "b"] }')
    text = as_text(explained(path, {"JANITOR_ORIGIN": "o"}), secrets=False, tell=str)
    assert text == (
        "distribution {\n"
        f'  component: "a"  # {path}:2:15\n'
        f'  component: "b"  # {path}:2:20\n'
        "}\n"
        'origin: "o"  # JANITOR_ORIGIN\n'
    )


def test_the_template_says_nothing_as_it_is() -> None:
    assert read_string(template()) == Config()


def test_the_template_has_every_field_once_it_is_uncommented() -> None:
    lines = [line for line in template().splitlines() if not line.startswith("##")]
    said = "\n".join(line.removeprefix("# ") for line in lines[lines.index("") :])
    # Of a group only one may be given.
    said = said.replace('  generic_build {\n    chroot: ""\n  }\n', "")
    config = read_string(said)
    missing = []

    def look(message: Message, where: str) -> None:
        for name, known in message.FIELDS.items():
            if name not in vars(message):
                missing.append(f"{where}{name}")
            elif known.is_message:
                value = getattr(message, name)
                look(value[0] if known.repeated else value, f"{where}{name}.")

    look(config, "")
    assert missing == ["campaign.generic_build"]


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "\x1f", "\0"])
def test_control_characters_stay_on_their_line(value: str) -> None:
    text = as_text(Config(committer=value), secrets=True)
    assert text.count("\n") == 1
    assert read_string(text).committer == value


@pytest.mark.parametrize("password", ["hunter2", 'hun"ter2', "hun\\ter2", "hun\tter2"])
def test_a_password_is_masked_however_it_is_spelt(password: str) -> None:
    config = Config(logs_location=f"https://me:{password}@example.org/")
    text = as_text(config, secrets=False)
    assert "ter2" not in text
    assert "hun" not in text
    assert masked(config)
