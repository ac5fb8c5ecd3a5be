"""``janitor-workers diff`` as a person meets it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session

from janitor.vcs import run_diff
from janitor.vcs.errors import RepositoryUnavailable
from janitor.vcs.local_git import LocalGitVcsManager
from janitor.vcs.run_diff import NothingToCompare, diff_of_run, record_diff
from tests.integration.vcs.test_run_diff import store_run
from workers.cli import cli

if TYPE_CHECKING:
    from conftest import GitStore


def diff(*words: str) -> Result:
    result = CliRunner().invoke(cli, ["diff", *words], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result


def janitor_workers(
    *words: str, before: Callable[[], None] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command as a program, with what is done to its output before it starts."""
    return subprocess.run(
        [sys.executable, "-m", "workers", *words],
        env=os.environ | environment,
        preexec_fn=before,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def on_terminal(*words: str, **environment: str) -> tuple[int, bytes, bytes]:
    """The command's status, what it shows on a terminal, and its standard error."""
    ours, terminal = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "workers", *words],
        env=os.environ | {"LESS": "", "TERM": "xterm"} | environment,
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
    )
    os.close(terminal)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # how a terminal ends on Linux
        pass
    os.close(ours)
    _, told = done.communicate()
    return done.returncode, shown, told


def assert_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("janitor-workers: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


@pytest.fixture
def plain(
    session: Session, git_store: GitStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> bytes:
    """The diff of the role ``main`` of the run ``run-1``, which is not kept yet."""
    monkeypatch.setenv("JANITOR_DATABASE_LOCATION", database_url)
    monkeypatch.setenv("JANITOR_GIT_LOCATION", str(git_store.base))
    old = git_store.commit({b"a": b"x\n", b"image": b"\0"})
    new = git_store.commit(
        {b"a": b"y\n\x1b[2Jz\xe9\n", b"image": b"\0\1", b"b": b"1\n"}, parent=old
    )
    store_run(session, "run-1", branches={"main": (old, new), "docs": (old, new)})
    return git_store.manager.get_diff("hello", old, new)


@pytest.fixture
def kept(session: Session, git_store: GitStore, plain: bytes) -> bytes:
    """The same, kept; its repository has gone."""
    run = run_diff.load_run(session, "run-1")
    record_diff(session, diff_of_run(run, "main", {"git": git_store.manager}))
    session.commit()
    git_store.path.rename(git_store.base / "moved")
    return plain


def test_a_kept_diff_is_printed_as_it_is(kept: bytes) -> None:
    assert diff("run-1", "--role", "main").stdout_bytes == kept


def test_another_is_made_by_its_repository(plain: bytes) -> None:
    both = diff("run-1")
    assert both.stdout_bytes == plain * 2
    assert both.stderr == "docs:\nmain:\n"


@pytest.mark.usefixtures("kept")
def test_what_can_not_be_had_is_told() -> None:
    done = diff("run-1", "--role", "docs")
    assert (done.return_value, done.stdout) == (1, "")
    assert done.stderr == (
        "janitor-workers: role docs: hello: there is no Git repository for it yet\n"
    )
    with pytest.raises(NothingToCompare, match="its roles: docs, main"):
        diff("run-1", "--role", "other")
    with pytest.raises(NothingToCompare, match="there is no run run-9"):
        diff("run-9")


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["run-1\x1b[2J\n"], r"there is no run 'run-1\x1b[2J\n'; 'janitor-workers "),
        ([""], "there is no run ''; 'janitor-workers "),
        (["x" * 5000], f"there is no run '{'x' * 60}…'; 'janitor-workers "),
        (["run-1", "--role=\x1b[2J"], r"no branch with role '\x1b[2J'; its roles: docs, main"),
    ],
)
def test_odd_names_are_told_in_quotes(typed: list[str], said: str) -> None:
    assert_sentence(janitor_workers("diff", *typed), said)


@pytest.mark.parametrize("option", ["--stat", "--json", "--role=main"])
def test_a_role_that_can_not_be_had_hides_no_other(kept: bytes, option: str) -> None:
    done = diff("run-1", "--role=docs", "--role=main", option)
    assert done.return_value == 1
    assert "role docs: hello: there is no Git repository" in done.stderr
    if option == "--json":  # of docs there is nothing at all
        assert json.loads(done.stdout)["role"] == "main"
    elif option == "--stat":
        assert done.stdout.endswith("3 files, 3 lines came, 1 went\n")
    else:
        assert done.stdout_bytes == kept


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("option", ["--stat", "--json", "--role=main"])
def test_names_of_roles_are_looked_at_before_anything_is_printed(option: str) -> None:
    done = janitor_workers("diff", "run-1", "--role=main", "--role=nope", option)
    assert_sentence(done, "has no branch with role nope; its roles: docs, main")


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(("options", "patience"), [((), 600), (("--json",), 60)])
def test_json_is_made_within_its_time(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], patience: float
) -> None:
    given: list[float] = []

    def noted(*_: object, patience: float) -> Iterator[bytes]:
        given.append(patience)
        return iter(())

    monkeypatch.setattr(LocalGitVcsManager, "stream_diff", noted)
    diff("run-1", *options)
    assert given == [patience] * 2


def test_what_breaks_off_ends_its_line(plain: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(*_: object, **__: object) -> Iterator[bytes]:
        yield plain[: plain.index(b"diff --git", 1) + 20]
        raise RepositoryUnavailable("it has gone")

    monkeypatch.setattr(LocalGitVcsManager, "stream_diff", broken_off)
    done = diff("run-1", "--json")
    assert done.return_value == 1
    for line, role in zip(done.stdout.splitlines(), ["docs", "main"], strict=True):
        assert line.startswith(
            f'{{"run": "run-1", "role": "{role}", "vcs_type": "git", "files": [{{'
        )
        with pytest.raises(json.JSONDecodeError):
            json.loads(line)
    assert done.stdout.endswith("\n")
    assert done.stderr.splitlines() == [
        f"janitor-workers: role {role}: it has gone" for role in ("docs", "main")
    ]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("/none", "/none is no directory: correct git_location (JANITOR_GIT_LOCATION), or make it"),
        ("", "configured for no kind; set git_location (JANITOR_GIT_LOCATION)"),
        ("http:///x", "git_location (JANITOR_GIT_LOCATION): http:///x"),
        ("http://[::1", "git_location (JANITOR_GIT_LOCATION): "),
        (
            "http://127.0.0.1:1/",
            "; does git_location (JANITOR_GIT_LOCATION) name the store service",
        ),
    ],
)
def test_the_setting_to_mend_is_named(location: str, said: str) -> None:
    done = janitor_workers("diff", "run-1", "--role=docs", JANITOR_GIT_LOCATION=location)
    assert_sentence(done, said)


@pytest.mark.usefixtures("plain")
def test_a_role_of_a_run_without_branches_is_a_mistake(session: Session) -> None:
    store_run(session, "run-2", branches={})
    with pytest.raises(NothingToCompare, match="its roles: none"):
        diff("run-2", "--role", "main")


@pytest.mark.usefixtures("plain")
def test_a_run_without_branches_changed_nothing(session: Session) -> None:
    store_run(session, "run-2", branches={})
    done = diff("run-2")
    assert (done.stdout, done.stderr) == ("", "run run-2 changed no branch\n")


@pytest.mark.usefixtures("kept")
def test_counts() -> None:
    assert diff("run-1", "--role", "main", "--stat").stdout == (
        "modified          +2 -1  a\n"
        "added             +1 -0  b\n"
        "modified         binary  image\n"
        "3 files, 3 lines came, 1 went\n"
    )


@pytest.mark.usefixtures("kept")
def test_json() -> None:
    told = json.loads(diff("run-1", "--role", "main", "--json").stdout)
    assert (told["run"], told["role"], told["vcs_type"]) == ("run-1", "main", "git")
    assert [file["new_path"] for file in told["files"]] == ["a", "b", "image"]
    assert told["truncated"] is None


@pytest.mark.usefixtures("plain")
def test_json_of_every_role_is_a_line_for_each() -> None:
    lines = diff("run-1", "--json").stdout.splitlines()
    assert [json.loads(line)["role"] for line in lines] == ["docs", "main"]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("option", ["--json", "--stat", "--role=main"])
def test_a_closed_output_is_told(option: str) -> None:
    done = janitor_workers("diff", "run-1", option, before=lambda: os.close(1))
    assert_sentence(done, "standard output is closed", "send it to a file")


def test_logs_tell_a_closed_output_too(tmp_path: Path) -> None:
    (tmp_path / "run-1").mkdir()
    (tmp_path / "run-1" / "worker.log").write_text("line\n")
    done = janitor_workers(
        *("logs", "tail", "-f", "run-1", "worker.log"),
        before=lambda: os.close(1),
        JANITOR_SPOOL_LOCATION=str(tmp_path),
    )
    assert_sentence(done, "standard output is closed")


def test_a_terminal_gets_colours_and_nothing_that_it_would_obey(
    kept: bytes, tmp_path: Path
) -> None:
    assert b"\x1b[2J" in kept
    pager = tmp_path / "less"  # which is known to show colours; the real one waits for a key
    pager.write_text("#!/bin/sh\nexec cat\n")
    pager.chmod(0o755)
    status, shown, _ = on_terminal("diff", "run-1", "--role", "main", PAGER=str(pager))
    assert status == 0
    assert b"\x1b[32m+y\r\n" in shown
    assert b"\x1b[31m-x\r\n" in shown
    assert b"\x1b[2J" not in shown


@pytest.mark.usefixtures("kept")
def test_a_pager_that_is_no_command_is_told() -> None:
    status, shown, told = on_terminal("diff", "run-1", "--role", "main", PAGER="less 'x\x1b[2J")
    assert (status, shown) == (1, b"")
    assert told == (
        b'janitor-workers: the variable PAGER is "less \'x\\x1b[2J", which is no command'
        b" (no closing quotation); correct it, or unset it\n"
    )
