"""Every scalar and list can be said by a variable, a file that one names, or a credential."""

from __future__ import annotations

from pathlib import Path

import pytest

from janitor.config import Campaign, Config, ConfigError, explained, load
from janitor.config.message import Message
from janitor.config.variables import misspelt, variable

BASE = """
distribution { name: "unstable" component: "main" lintian_suppress_tag: "a" }
campaign { name: "fix" } campaign { name: "fix-it.all" merge_proposal { title: "t" } }
campaign { name: "a-b" } campaign { name: "a.b" }
bugtracker { kind: debian }
apt_repository { name: "r" select { campaign: "fix" } select { campaign: "a-b" } }
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "janitor.conf"
    path.write_text(BASE)
    return path


def test_fields_of_blocks_have_variables(base: Path) -> None:
    config = load(
        base,
        {
            "JANITOR_OAUTH2_PROVIDER__CLIENT_ID": "me",
            "JANITOR_DISTRIBUTION__UNSTABLE__COMPONENT": "main, contrib",
            "JANITOR_DISTRIBUTION__UNSTABLE__LINTIAN_SUPPRESS_TAG": '["b, c", "d"]',
            "JANITOR_CAMPAIGN__FIX__FORCE_BUILD": "TRUE",
            "JANITOR_CAMPAIGN__FIX__DEBIAN_BUILD__CHROOT": "c",
            "JANITOR_CAMPAIGN__FIX_IT_ALL__MERGE_PROPOSAL__VALUE_THRESHOLD": "30",
            "JANITOR_BUGTRACKER__0__KIND": "github",
            "JANITOR_APT_REPOSITORY__R__SELECT__1__CAMPAIGN": "fix",
        },
    )
    assert config.oauth2_provider is not None
    assert config.oauth2_provider.client_id == "me"
    (unstable,) = config.distribution
    assert unstable.component == ("main", "contrib")
    assert unstable.lintian_suppress_tag == ("b, c", "d")
    fix, all_of_it, *_ = config.campaign
    assert fix.force_build
    assert fix.debian_build is not None
    assert fix.debian_build.chroot == "c"
    assert all_of_it.merge_proposal is not None
    assert (all_of_it.merge_proposal.title, all_of_it.merge_proposal.value_threshold) == ("t", 30)
    assert config.bugtracker[0].kind is not None
    assert config.bugtracker[0].kind.name == "github"
    assert [select.campaign for select in config.apt_repository[0].select] == ["fix", "fix"]


def scalars(message: type[Message], *above: str) -> list[tuple[str, ...]]:
    """Return the names around and of each field that is no block; repeated blocks are first."""
    found = []
    for name, known in message.FIELDS.items():
        if known.is_message:
            found += scalars(known.value, *above, name, *(["0"] if known.repeated else []))
        elif name != "include":
            found.append((*above, name))
    return found


EVERYTHING = """
distribution {} bugtracker {} apt_repository { select {} }
campaign { bugtracker {} }
"""
VALUES = {str: "a", int: "7", float: "7", bool: "true"}


@pytest.mark.parametrize("names", scalars(Config), ids="__".join)
def test_every_scalar_and_list_has_a_variable(names: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "janitor.conf").write_text(EVERYTHING)
    message: type[Message] = Config
    for name in names[:-1]:
        message = message.FIELDS[name].value if not name.isdigit() else message
    known = message.FIELDS[names[-1]]
    text = known.choices[-1] if known.choices else VALUES.get(known.value, "github")
    if known.schemes:
        text = f"{known.schemes[-1]}://host/"
    try:
        config = load(tmp_path / "janitor.conf", {variable(*names): text})
    except ConfigError as error:  # it was read, and there is no such thing
        assert known.refers
        assert variable(*names) in str(error)  # noqa: PT017 - both outcomes are fine
        return
    value: object = config
    for name in names:
        value = value[int(name)] if isinstance(value, tuple) else getattr(value, name)
    assert value not in {None, known.default}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CAMPAIGN__FXI__COMMAND", "x", "there is no campaign of that name; did you mean FIX?"),
        ("CAMPAIGN__FIX__COMAND", "x", "Campaign has no field 'comand'; did you mean command?"),
        ("CAMPAIGN__A_B__COMMAND", "x", "it could mean more than one campaign"),
        ("CAMPAIGN__FIX", "x", "campaign is a block; set the fields"),
        ("CAMPAIGN__FIX__MERGE_PROPOSAL", "x", "merge_proposal is a block"),
        ("BUGTRACKER__1__URL", "x", "there is no bugtracker of that name"),
        ("COMMITTER__NAME", "x", "committer is no block"),
        ("CAMPAIGN__FIX__FORCE_BUILD", "maybe", " is 'maybe'; it takes true or false"),
        ("DISTRIBUTION__UNSTABLE__COMPONENT", "[a", 'component takes a list like ["a", "b"]'),
        ("OAUTH2_PROVIDER__CLIENT_SECRET_FILE", "/none", "/none cannot be read: No such file"),
        ("APT_REPOSITORY__R__SELECT__0__CAMPAIGN", "fxi", "names a campaign that is not there"),
    ],
)
def test_a_variable_that_cannot_be_meant_so(
    base: Path, name: str, value: str, sentence: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(base, {f"JANITOR_{name}": value})
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"JANITOR_{name}")
    assert sentence in line


def test_secrets_come_from_files(base: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    name = "JANITOR_OAUTH2_PROVIDER__CLIENT_SECRET"
    config = load(base, {f"{name}_FILE": str(secret)})
    assert config.oauth2_provider is not None
    assert config.oauth2_provider.client_secret == "hunter2"
    with pytest.raises(ConfigError, match=f"{name}_FILE: {name} is given, too"):
        load(base, {f"{name}_FILE": str(secret), name: "x"})
    secret.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="it is no text"):
        load(base, {f"{name}_FILE": str(secret)})
    secret.write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        load(base, {f"{name}_FILE": str(secret)})


def test_credentials_lie_below_variables(base: Path, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "JANITOR_DATABASE_LOCATION").write_text("postgresql://a:hunter2@h/x\n")
    (credentials / "JANITOR_COMMITTER").write_text("credential")
    (credentials / "of-somebody-else").write_bytes(b"\xff")
    environ = {"CREDENTIALS_DIRECTORY": str(credentials), "JANITOR_COMMITTER": "variable"}
    config = explained(base, environ)
    assert config.database_location == "postgresql://a:hunter2@h/x"
    assert config.origin_of("database_location") == "credential JANITOR_DATABASE_LOCATION"
    assert config.committer == "variable"
    with pytest.raises(ConfigError, match=r"CREDENTIALS_DIRECTORY: .*/none cannot be read"):
        load(base, {"CREDENTIALS_DIRECTORY": str(tmp_path / "none")})


def test_files_of_others_are_left_alone(base: Path) -> None:
    environ = {"JANITOR_LOCK_FILE": "/none", "JANITOR_SITE__NAME": "x", "JANITOR_NOTIFY_OPS": "x"}
    assert load(base, environ) == load(base, {})
    assert list(misspelt(environ)) == []
    (line,) = misspelt({"JANITOR_LOGS_LOCATON": "x", "JANITOR_LOGS_LOCATION": "x"})
    assert line == "JANITOR_LOGS_LOCATON means nothing here; did you mean JANITOR_LOGS_LOCATION?"


def test_a_value_knows_its_variable(base: Path) -> None:
    config = explained(base, {"JANITOR_CAMPAIGN__FIX__COMMAND": "x"})
    fix: Campaign = config.campaign[0]
    assert fix.origin_of("command") == "JANITOR_CAMPAIGN__FIX__COMMAND"
    assert fix.origin_of("name") == f"{base}:3:18"


def test_a_wrong_file_of_a_number_is_not_quoted(base: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    with pytest.raises(ConfigError) as refused:
        load(base, {"JANITOR_LEASE_SECONDS_FILE": str(tmp_path / "secret")})
    assert "holds something else; it takes a number" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_variable_gives_no_name_again(tmp_path: Path) -> None:
    path = tmp_path / "janitor.conf"
    path.write_text('campaign { name: "a" }\ncampaign { name: "b" }\n')
    with pytest.raises(ConfigError, match=r"JANITOR_CAMPAIGN__A__NAME.* 'b' already|'b' already"):
        load(path, {"JANITOR_CAMPAIGN__A__NAME": "b"})
