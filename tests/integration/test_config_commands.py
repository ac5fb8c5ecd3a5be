"""`janitor-workers config` and `--set`, as a person calls them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "janitor.prod.conf").write_text('origin: "prod"')
    path = tmp_path / "janitor.conf"
    path.write_text('origin: "base"\noauth2_provider { client_secret: "hunter2" }')
    return path


def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers", *words],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_without_mistakes_passes(file: Path) -> None:
    done = call("config", "check", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "no mistakes\n", "")


def test_mistakes_are_named_and_the_exit_code_is_one(file: Path) -> None:
    file.write_text('orgin: "x"\nredis_location: "ftp://h"')
    done = call("config", "check", JANITOR_CONFIG=str(file), JANITOR_ORIGN="x")
    assert done.returncode == 1
    slip, *mistakes = done.stderr.splitlines()
    assert slip == "JANITOR_ORIGN means nothing here; did you mean JANITOR_ORIGIN?"
    assert [line.removeprefix(f"{file}:").split(" ")[0] for line in mistakes] == ["1:1:", "2:17:"]
    assert done.stdout == ""


def test_other_commands_tell_the_mistakes_too(file: Path) -> None:
    file.write_text('orgin: "x"')
    done = call("--config", str(file), "config", "show")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"janitor-workers: {file}:1:1: Config has no field 'orgin'")


def test_show_masks_and_says_so(file: Path) -> None:
    done = call("--config", str(file), "config", "show")
    assert "hunter2" not in done.stdout
    assert done.stdout.startswith("# Masked values are missing here; --secrets prints them.\n")
    assert (
        'client_secret: "hunter2"'
        in call("--config", str(file), "config", "show", "--secrets").stdout
    )


def test_the_command_line_has_the_last_word(file: Path) -> None:
    done = call(
        *("--config", str(file), "--set", "origin=said", "--set", "committer=c"),
        *("config", "show", "--origin"),
        JANITOR_PROFILE="prod",
        JANITOR_ORIGIN_FILE="/none",
    )
    assert 'origin: "said"  # --set origin\n' in done.stdout
    assert 'committer: "c"  # --set committer\n' in done.stdout


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("orgin=hunter2", "--set names no field: 'orgin'; did you mean origin?"),
        ("hunter2", "--set takes NAME=VALUE"),
        ("lease_seconds=x", "JANITOR_LEASE_SECONDS is 'x'; it takes a number"),
    ],
)
def test_what_cannot_be_set(setting: str, sentence: str) -> None:
    done = call("--set", setting, "config", "show")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "hunter2" not in done.stderr


def test_a_profile_is_compared(file: Path) -> None:
    done = call("--config", str(file), "config", "show", "--diff", "prod")
    assert done.stdout.splitlines()[:2] == ["--- no profile", "+++ prod"]
    assert '-origin: "base"\n+origin: "prod"\n' in done.stdout
    other = file.with_name("janitor.other.conf")
    other.write_text('oauth2_provider { client_secret: "hunter3" }')
    done = call("--config", str(file), "config", "show", "--diff", "other")
    assert done.stdout == "Masked values differ; --secrets shows them.\n"


def test_a_masked_difference_is_told_beside_others(file: Path) -> None:
    other = file.with_name("janitor.other.conf")
    other.write_text('origin: "x"\noauth2_provider { client_secret: "hunter3" }')
    done = call("--config", str(file), "config", "show", "--diff", "other")
    assert '+origin: "x"\n' in done.stdout
    assert done.stdout.endswith("\nMasked values differ; --secrets shows them.\n")
    assert "hunter" not in done.stdout


def test_a_comparison_says_where_values_come_from(file: Path) -> None:
    done = call("--config", str(file), "config", "show", "--origin", "--diff", "prod")
    prod = file.with_name("janitor.prod.conf")
    assert f'+origin: "prod"  # {prod}:1:9\n' in done.stdout


def test_the_template_needs_nothing() -> None:
    done = call("config", "template")
    assert "# #janitor: lease_seconds: 60.0\n" in done.stdout


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ('git_location: "http://[::1"', "1:15", "git_location (JANITOR_GIT_LOCATION): "),
        ('bzr_location: "https:///x"', "1:15", "bzr_location (JANITOR_BZR_LOCATION): "),
        ('git_location: "/dev/null"', "1:15", "/dev/null is no directory"),
        ('#janitor: vcs_logins: "/none"', "1:23", "vcs_logins: /none: No such file"),
    ],
)
def test_settings_of_repositories_are_checked(
    file: Path, line: str, place: str, words: str
) -> None:
    file.write_text(line)
    done = call("config", "check", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{file}:{place}: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"machine h login hunter2 passwd", "line 1: not in the form of .netrc"),
        (b"machine h login \xff password hunter2", "vcs_logins"),
    ],
)
def test_a_file_of_logins_is_read_and_not_told(tmp_path: Path, content: bytes, words: str) -> None:
    logins = tmp_path / "logins"
    logins.write_bytes(content)
    done = call("config", "check", JANITOR_VCS_LOGINS=str(logins), PYTHONUTF8="1")
    assert done.returncode == 1
    assert done.stderr.startswith("JANITOR_VCS_LOGINS: vcs_logins: ")
    assert words in done.stderr
    assert "hunter2" not in done.stderr


def test_settings_of_repositories_that_can_be_used_pass(tmp_path: Path) -> None:
    logins = tmp_path / "logins"
    logins.write_text("machine h login me password hunter2")
    done = call(
        *("config", "check"),
        JANITOR_VCS_LOGINS=str(logins),
        JANITOR_GIT_LOCATION="https://store.example/git",
        JANITOR_BZR_LOCATION=str(tmp_path / "not-yet"),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "no mistakes\n", "")
