from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from janitor.errors import Failure
from janitor.vcs import BranchOpenFailure, open_branch_ext

if TYPE_CHECKING:
    from conftest import GitStore, Server


def failure_of(url: str) -> BranchOpenFailure:
    with pytest.raises(BranchOpenFailure) as caught:
        open_branch_ext(url)
    return caught.value


def test_a_branch_opens(git_store: GitStore) -> None:
    revision = git_store.commit({b"a": b"x"})
    url = git_store.manager.get_branch_url("hello", "main")
    assert open_branch_ext(url).last_revision() == revision


@pytest.mark.parametrize(
    ("status", "code", "final"),
    [
        (401, "401-unauthorized", True),
        (403, "branch-unavailable", False),
        (404, "branch-missing", True),
        (429, "too-many-requests", False),
        (500, "branch-unavailable", False),
        (502, "502-bad-gateway", False),
        (503, "branch-temporarily-unavailable", False),
    ],
)
def test_what_a_host_answers(server: Server, status: int, code: str, *, final: bool) -> None:
    server.answer(status, b"")
    failure = failure_of(f"{server.url}/a")
    assert failure.code == code
    assert isinstance(failure, Failure) is final


def test_a_host_may_say_when_to_come_back(server: Server) -> None:
    server.answer(429, b"", {"Retry-After": "30"})
    assert failure_of(f"{server.url}/a").retry_after == 30


def test_a_host_that_is_away(server: Server) -> None:
    url = server.url
    server.close()
    assert failure_of(url).code == "branch-unavailable"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/nowhere/at/all", "branch-missing"),
        ("odd://x.example/a", "unsupported-vcs-protocol"),
        ("svn://x.example/a", "unsupported-vcs-protocol"),
    ],
)
def test_urls_that_lead_nowhere(url: str, code: str) -> None:
    failure = failure_of(url)
    assert failure.code == code
    assert isinstance(failure, Failure)


@pytest.mark.parametrize(
    ("kind", "trace"),
    [
        ("svn", ".svn/entries"),
        ("hg", ".hg/requires"),
        ("darcs", "_darcs/format"),
        ("cvs", "CVS/Repository"),
    ],
)
def test_other_version_control_is_named(tmp_path: Path, kind: str, trace: str) -> None:
    there = tmp_path / kind / trace
    there.parent.mkdir(parents=True)
    there.write_text("")
    assert failure_of(str(tmp_path / kind)).code == f"unsupported-vcs-{kind}"


def test_alioth_is_gone_whatever_it_answers(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A proxy is how a request for that host ends up at our server.
    monkeypatch.setenv("http_proxy", server.url)
    server.answer(404, b"")
    failure = failure_of("http://anonscm.debian.org/git/a")
    assert failure.code == "hosted-on-alioth"
    assert server.requests


def test_a_password_is_not_told(server: Server) -> None:
    server.answer(500, b"")
    failure = failure_of(server.url.replace("http://", "http://ada:hush@"))
    assert "hush" not in str(failure)
    assert failure.description.startswith("http://ada:***@")
