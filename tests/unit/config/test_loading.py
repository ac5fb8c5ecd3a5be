from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from janitor.config import (
    BugTrackerKind,
    Config,
    ConfigError,
    get_campaign_config,
    get_distribution,
    load,
    read_config,
    read_string,
)

# Of the shape that a deployment's file has.
DEPLOYMENT = """\
# A Janitor of ours.
logs_location: "gs://logs/"
artifact_location: 'gs://artifacts/'
database_location: "postgresql://janitor:hunter2@db.example/janitor"
redis_location: "redis://:hunter2@redis.example/"
git_location: "https://janitor.example/git"
committer: "Janitor Bot"
  " <bot@janitor.example>"
bugtracker { kind: gitlab  name: "salsa"  url: "https://salsa.example/" }
distribution {
  name: "unstable"
  archive_mirror_uri: "https://me:hunter2@mirror.example/debian"
  component: ["main", "contrib"]
  component: "non-free"
  lintian_suppress_tag: "a"  lintian_suppress_tag: "b"
}
campaign {
  name: "lintian-fixes"
  branch_name: "fixes"
  command: "lintian-brush"
  debian_build { build_distribution: "fixes"; extra_build_distribution: "base" }
  merge_proposal: < value_threshold: 30, commit_message: "Fix it\\n" >
}
campaign { name: "mia" branch_name: "lintian-fixes" force_build: true generic_build {} }
oauth2_provider { client_id: "janitor" client_secret: "hunter2" }
apt_repository { name: "fixes" select { campaign: "lintian-fixes" } select { campaign: "mia" } }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "janitor.conf"
    path.write_text(DEPLOYMENT)
    return path


def test_a_deployments_file_is_read() -> None:
    config = read_string(DEPLOYMENT)
    assert config.committer == "Janitor Bot <bot@janitor.example>"
    assert config.bugtracker[0].kind is BugTrackerKind.gitlab
    assert config.distribution[0].component == ("main", "contrib", "non-free")
    fixes, mia = config.campaign
    assert fixes.merge_proposal is not None
    assert fixes.merge_proposal.value_threshold == 30
    assert fixes.merge_proposal.commit_message == "Fix it\n"
    assert fixes.debian_build is not None
    assert fixes.debian_build.extra_build_distribution == ("base",)
    assert (fixes.generic_build, fixes.force_build) == (None, False)
    assert (mia.debian_build, mia.force_build) == (None, True)
    assert mia.generic_build is not None
    assert mia.generic_build.chroot is None
    assert [select.campaign for select in config.apt_repository[0].select] == [fixes.name, "mia"]
    assert (config.origin, config.spool_location, config.lease_seconds) == (None, None, 60)


def test_campaigns_and_distributions_are_found_by_name() -> None:
    config = read_string(DEPLOYMENT)
    fixes, mia = config.campaign
    assert config.find_campaign("mia") is mia
    assert config.find_campaign("fixes") is fixes
    assert config.find_campaign("lintian-fixes") is fixes  # before mia, whose branch it is
    assert config.find_campaign("x") is None
    assert config.find_distribution("x") is None
    assert get_campaign_config(config, "lintian-fixes") is fixes
    assert get_distribution(config, "unstable") is config.distribution[0]
    with pytest.raises(KeyError, match="fixes"):
        get_campaign_config(config, "fixes")
    with pytest.raises(KeyError, match="sid"):
        get_distribution(config, "sid")


def test_secrets_are_not_shown_and_what_is_set_is() -> None:
    shown = repr(read_string(DEPLOYMENT))
    assert "hunter2" not in shown
    assert "redis.example" in shown
    assert "client_secret=***" in shown
    assert "user_agent" not in shown
    assert repr(Config()) == "Config()"


def test_text_and_binary_files_are_read(file: Path) -> None:
    expected = read_string(DEPLOYMENT)
    with file.open() as text, file.open("rb") as binary:
        assert read_config(text) == read_config(binary) == load(file, {}) == expected
    assert read_config(io.StringIO(DEPLOYMENT)) == expected
    assert load(str(file), {}) == expected


def test_what_is_not_utf8_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "latin.conf"
    path.write_bytes(b'origin: "a"\ncommitter: "\xe9"')
    told = f"{path}:2:13: the file is not UTF-8"
    with pytest.raises(ConfigError, match=told):
        load(path, {})
    with path.open(encoding="utf-8") as text, pytest.raises(ConfigError, match=told):
        read_config(text)


def test_mistakes_name_the_file(file: Path) -> None:
    file.write_text("x: 1")
    with pytest.raises(ConfigError, match=f"^{file}:1:1: "):
        load(file, {})
    with file.open("rb") as binary, pytest.raises(ConfigError, match=f"^{file}:1:1: "):
        read_config(binary)


def test_the_file_is_the_given_one_else_the_environments(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.conf"
    other.write_text('origin: "other"')
    assert load(None, {"JANITOR_CONFIG": str(other)}).origin == "other"
    assert load(file, {"JANITOR_CONFIG": str(other)}) == read_string(DEPLOYMENT)
    assert load(None, {}) == load(None, {"JANITOR_CONFIG": ""}) == Config()


@pytest.mark.parametrize("name", ["missing.conf", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(ConfigError, match=str(path)):
        load(path, {})
    with pytest.raises(ConfigError, match="JANITOR_CONFIG"):
        load(None, {"JANITOR_CONFIG": str(path)})


def test_the_environment_overrides_and_adds(file: Path) -> None:
    config = load(
        file,
        {
            "JANITOR_LOGS_LOCATION": "/srv/logs",
            "JANITOR_USER_AGENT": "probe",
            "JANITOR_GIT_LOCATION": "",
            "JANITOR_SPOOL_LOCATION": "/srv/spool",
            "JANITOR_LOGS_BACKUP_LOCATION": "/srv/backup",
            "JANITOR_ARTIFACT_BACKUP_LOCATION": "/srv/artifacts",
            "JANITOR_RUNNER_URL": "http://runner.example/",
            "JANITOR_LEASE_SECONDS": "2.5",
            "JANITOR_SUCCESS_MODEL": "calibrated",
            "JANITOR_FAIR_SHARES": "True",
            "JANITOR_COOL_DOWN_SECONDS": "3600",
            "JANITOR_DISTRIBUTION": "not a scalar",
            "JANITOR_OF_SOMEBODY_ELSE": "1",
        },
    )
    assert config.logs_location == "/srv/logs"
    assert config.user_agent == "probe"
    assert config.git_location == "https://janitor.example/git"
    assert config.spool_location == "/srv/spool"
    assert config.logs_backup_location == "/srv/backup"
    assert config.artifact_backup_location == "/srv/artifacts"
    assert config.runner_url == "http://runner.example/"
    assert config.lease_seconds == 2.5
    assert (config.success_model, config.fair_shares) == ("calibrated", True)
    assert config.cool_down_seconds == 3600
    assert config.distribution == read_string(DEPLOYMENT).distribution


def test_the_environment_is_this_process_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "JANITOR_ORIGIN", "ours")
    assert load().origin == "ours"
    assert load(environ={}).origin is None


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e9", "a minute"])
def test_a_lease_that_makes_no_sense_is_refused(seconds: str) -> None:
    with pytest.raises(ConfigError, match="JANITOR_LEASE_SECONDS"):
        load(None, {"JANITOR_LEASE_SECONDS": seconds})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUCCESS_MODEL", "Parity"),
        ("SUCCESS_MODEL", "bayes"),
        ("FAIR_SHARES", "perhaps"),
        ("COOL_DOWN_SECONDS", "-1"),
        ("COOL_DOWN_SECONDS", "inf"),
        ("COOL_DOWN_SECONDS", "an hour"),
    ],
)
def test_a_choice_that_there_is_not_is_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"JANITOR_{name} is '{value}'; it takes "):
        load(None, {f"JANITOR_{name}": value})
