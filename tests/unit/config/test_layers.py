"""Files over included files, a profile over them, the environment over all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from janitor.config import Config, ConfigError, explained, load

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files by name (with `_` for `.`), and return the path of janitor.conf."""

    def written(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text)
        return tmp_path / "janitor.conf"

    return written


def told(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(path, environ or {})
    return [line.replace(f"{path.parent}/", "") for line in str(refused.value).splitlines()]


PRODUCTION = {"JANITOR_PROFILE": "production"}


def test_a_profile_is_merged_by_the_stated_rules(write: Write) -> None:
    path = write(
        janitor_conf="""
            committer: "base" origin: "base"
            oauth2_provider { client_id: "base" base_url: "https://base.example/" }
            bugtracker { name: "salsa" kind: gitlab } bugtracker { kind: debian }
            distribution { name: "sid" component: "main" lintian_suppress_tag: "a" vendor: "d" }
            campaign { name: "fix" force_build: true command: "x" generic_build { chroot: "c" }
                       merge_proposal { title: "base" label: "bot" } }
            campaign { name: "mia" }
            apt_repository { name: "r" select { campaign: "fix" } }
        """,
        janitor_production_conf="""
            committer: "over"
            oauth2_provider { client_id: "over" }
            bugtracker { name: "salsa" url: "https://salsa.example/" } bugtracker { kind: github }
            distribution { name: "sid" component: "contrib" lintian_suppress_tag: "b" }
            distribution { name: "new" }
            campaign { name: "fix" force_build: false debian_build { chroot: "d" }
                       merge_proposal { label: "urgent" } }
            apt_repository { name: "r" select { campaign: "mia" } }
        """,
    )
    config = load(path, PRODUCTION)
    assert (config.committer, config.origin) == ("over", "base")
    assert config.oauth2_provider is not None
    assert config.oauth2_provider.client_id == "over"
    assert config.oauth2_provider.base_url == "https://base.example/"
    trackers = [(each.name, each.kind and each.kind.name) for each in config.bugtracker]
    assert trackers == [("salsa", "gitlab"), (None, "debian"), (None, "github")]
    assert config.bugtracker[0].url == "https://salsa.example/"
    sid, new = config.distribution
    assert (sid.component, sid.lintian_suppress_tag) == (("contrib",), ("a", "b"))
    assert (sid.vendor, new.name) == ("d", "new")
    fix, mia = config.campaign
    assert (fix.command, fix.force_build, mia.name) == ("x", False, "mia")
    assert fix.merge_proposal is not None
    assert (fix.merge_proposal.title, fix.merge_proposal.label) == ("base", ("bot", "urgent"))
    assert fix.debian_build is not None
    assert (fix.debian_build.chroot, fix.generic_build) == ("d", None)
    assert [select.campaign for select in config.apt_repository[0].select] == ["fix", "mia"]
    assert explained(path, PRODUCTION) == config


def test_what_is_included_lies_below_the_file_that_names_it(write: Write, tmp_path: Path) -> None:
    path = write(
        janitor_conf="""
            origin: "file"
            #janitor: include: ["one.conf", "d/*.conf"]  include: "two.conf"
        """,
        one_conf='origin: "one" committer: "one" user_agent: "one"',
        two_conf='committer: "two"\n#janitor: include: "three.conf"',
        three_conf='zipkin_address: "/three" committer: "three"',
    )
    (tmp_path / "d").mkdir()
    for name in "ab":
        (tmp_path / "d" / f"{name}.conf").write_text(f'campaign {{ name: "{name}" }}')
    config = load(path, {})
    assert (config.origin, config.committer, config.user_agent) == ("file", "two", "one")
    assert config.zipkin_address == "/three"
    assert [campaign.name for campaign in config.campaign] == ["a", "b"]
    assert config.include == ()


def test_files_that_include_one_another_are_read_once(write: Write) -> None:
    path = write(
        janitor_conf='#janitor: include: "a.conf"',
        a_conf='#janitor: include: "b.conf"\ncampaign { name: "a" }',
        b_conf='#janitor: include: "a.conf"\ndistribution { extra: "x" }',
    )
    config = load(path, {})
    assert (len(config.campaign), len(config.distribution)) == (1, 1)


def test_includes_may_be_patterns_of_whole_paths(write: Write, tmp_path: Path) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    for name in ("d/a", "d/.b", "d/e/c"):
        (tmp_path / f"{name}.conf").write_text(f'campaign {{ name: "{name[-1]}" }}')
    for pattern, names in {"d/*.conf": {"a", "b"}, "d/**/*.conf": {"a", "b", "c"}}.items():
        for written in (pattern, f"{tmp_path}/{pattern}"):
            path = write(janitor_conf=f'#janitor: include: "{written}"')
            assert {campaign.name for campaign in load(path, {}).campaign} == names


@pytest.mark.parametrize("include", ["a\\000b", "loop.conf", "l*p.conf"])
def test_an_include_that_names_no_file_is_told(write: Write, tmp_path: Path, include: str) -> None:
    (tmp_path / "loop.conf").symlink_to("loop.conf")
    (line,) = told(write(janitor_conf=f'#janitor: include: "{include}"'))
    assert line.startswith("janitor.conf:1:20: ")


def test_a_long_chain_of_includes_ends_in_words(write: Write, tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.conf").write_text(f'#janitor: include: "{number + 1}.conf"')
    path = write(janitor_conf='#janitor: include: "0.conf"')
    (line,) = told(path)
    assert line == "19.conf:1:20: more than 20 files include one another"


def test_mistakes_of_all_layers_are_told_together(write: Write) -> None:
    path = write(
        janitor_conf='comitter: "x"\n#janitor: include: ["inc.conf", "none.conf"]',
        inc_conf='campaign { name: "a" } campaign { name: "a" }',
        janitor_production_conf='redis_location: "http://me:hunter2@h/"',
    )
    lines = told(path, PRODUCTION | {"JANITOR_LEASE_SECONDS": "0"})
    assert [line.split(": ")[0] for line in lines] == [
        *("janitor.conf:1:1", "inc.conf:1:41", "janitor.conf:2:33"),
        *("JANITOR_LEASE_SECONDS is '0'; it takes a number from 0.001 to 86400",),
        *("janitor.production.conf:1:17",),
    ]
    assert "already (inc.conf:1:18)" in lines[1]
    assert "none.conf cannot be read: No such file" in lines[2]
    assert "cannot use http://; it takes redis://, rediss://" in lines[4]
    assert "hunter2" not in "".join(lines)


@pytest.mark.parametrize(
    ("profile", "sentence"),
    [
        ("prodction", "'prodction' (JANITOR_PROFILE) has no file janitor.prodction.conf; did you"),
        ("../etc/passwd", "may have letters, digits, '_' and '-' only"),
    ],
)
def test_a_profile_that_there_is_not(write: Write, profile: str, sentence: str) -> None:
    path = write(janitor_conf="", janitor_production_conf="")
    (line,) = told(path, {"JANITOR_PROFILE": profile})
    assert sentence in line


@pytest.mark.parametrize("path", ["/", "."])
def test_a_directory_has_no_profile(path: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(path, {"JANITOR_PROFILE": "production"})


def test_an_overlay_whose_name_is_too_long_is_told(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 200 + ".conf")
    path.touch()
    with pytest.raises(ConfigError, match="cannot be read: File name too long"):
        load(path, {"JANITOR_PROFILE": "p" * 60})


def test_a_profile_needs_a_file() -> None:
    with pytest.raises(ConfigError, match="needs a file that it lies beside"):
        load(None, PRODUCTION)


def test_what_is_ours_needs_its_mark(write: Write) -> None:
    path = write(janitor_conf='#janitor: fair_shares: true\n#janitor:campaign {\nname: "a" }')
    assert load(path, {}) == Config(fair_shares=True, campaign=load(path, {}).campaign)
    write(janitor_conf="#janitor: fair_shares: true\n# janitor: lease_seconds: 5\nlease_seconds: 5")
    (line,) = told(path)
    assert line == (
        "janitor.conf:3:1: other services refuse lease_seconds; begin its line with #janitor:"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('campaign { name: "fix" } apt_repository { select { campaign: "fax" } }', "mean fix?"),
        ('distribution { name: "sid" } apt_repository { base: "sd" }', "did you mean sid?"),
        ('campaign { debian_build { base_distribution: "sid" } }', "add the distribution, or"),
        ('distribution { name: "a" } distribution { name: "a" }', "there is a distribution 'a'"),
        ('logs_location: "ftp://h/"', "logs_location cannot use ftp://; it takes a path, gs://"),
        ('database_location: "/srv/db"', "no URL that can be used; it takes postgresql://"),
        ('git_location: "ssh://me:hunter2@h/"', "git_location cannot use ssh://"),
        ("#janitor: cool_down_seconds: 1e9", "cool_down_seconds takes a number from 0 to"),
        ('#janitor: success_model: "bayes"', "success_model takes one of parity, calibrated"),
        ('campaign { bugtracker { url: "gopher://h" } }', "url cannot use gopher://"),
    ],
)
def test_what_cannot_be_right_as_a_whole(write: Write, text: str, sentence: str) -> None:
    (line,) = told(write(janitor_conf=text))
    assert sentence in line
    assert line.startswith("janitor.conf:1:")
    assert "hunter2" not in line


def test_a_block_without_a_readable_name_may_be_the_one_that_is_meant(write: Write) -> None:
    path = write(
        janitor_conf="distribution { name: sid }"
        'campaign { debian_build { base_distribution: "sid" } }'
    )
    (line,) = told(path)
    assert "name takes a string" in line
