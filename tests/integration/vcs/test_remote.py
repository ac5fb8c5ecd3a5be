"""The remote managers against a real HTTP server that answers as a store service does."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from socketserver import BaseServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import make_server

import pytest

from janitor.errors import JanitorError
from janitor.vcs import (
    BranchOpenFailure,
    RemoteBzrVcsManager,
    RemoteGitVcsManager,
    RevisionInfo,
    get_branch_vcs_type,
    manager,
    store_client,
)
from janitor.vcs.errors import (
    DiffTimedOut,
    DiffTooLarge,
    InvalidRevision,
    RepositoryUnavailable,
    RevisionMissing,
    StoreRefused,
)
from tests.integration.vcs.store import files_of

if TYPE_CHECKING:
    from conftest import BzrStore, GitStore, Server

OLD = b"git-v1:" + b"1" * 40
NEW = b"git-v1:" + b"2" * 40
NULL = b"null:"
BZR_NEW = b"ada+tag@example.com-20200101000000-0123456789abcdef"


def asked(server: Server) -> tuple[str, dict[str, list[str]]]:
    url = urlsplit(server.requests[-1].path)
    return url.path, parse_qs(url.query)


def test_a_git_diff_is_asked_for_by_commits(server: Server) -> None:
    server.answer(200, b"diff --git a/a b/a\n")
    manager = RemoteGitVcsManager(f"{server.url}/git/")
    assert manager.get_diff("hello", OLD, NEW) == b"diff --git a/a b/a\n"
    assert asked(server) == ("/git/hello/diff", {"old": ["1" * 40], "new": ["2" * 40]})
    assert manager.get_diff_url("hello", OLD, NEW) == server.url + server.requests[-1].path


def test_the_null_revision_of_git(server: Server) -> None:
    server.answer(200, b"[]")
    manager = RemoteGitVcsManager(server.url)
    manager.get_diff("hello", NULL, NEW)
    assert asked(server)[1]["old"] == ["4b825dc642cb6eb9a060e54bf8d69288fbee4904"]
    manager.get_revision_info("hello", NULL, NEW)
    assert asked(server)[1]["old"] == ["0" * 40]


def test_a_bzr_diff_is_asked_for_by_revision_ids(server: Server) -> None:
    server.answer(200, b"=== added file 'a'\n")
    manager = RemoteBzrVcsManager(server.url)
    assert manager.get_diff("hello", NULL, BZR_NEW) == b"=== added file 'a'\n"
    assert asked(server) == ("/hello/diff", {"old": ["null:"], "new": [BZR_NEW.decode()]})


def test_equal_revisions_are_not_asked_about(server: Server) -> None:
    manager = RemoteGitVcsManager(server.url)
    assert manager.get_diff("hello", NEW, NEW) == b""
    assert manager.get_revision_info("hello", NEW, NEW) == []
    assert server.requests == []


def test_revision_info_of_both_kinds(server: Server) -> None:
    commit = {
        "commit-id": "2" * 40,
        "revision-id": NEW.decode(),
        "link": "https://x.example/2",
        "message": "Hällo",
    }
    server.answer(200, json.dumps([commit]).encode())
    assert RemoteGitVcsManager(server.url).get_revision_info("hello", OLD, NEW) == [
        RevisionInfo(b"2" * 40, NEW, "Hällo", "https://x.example/2")
    ]
    server.answer(200, b'[{"revision-id": "r", "link": null, "message": "m"}]')
    assert RemoteBzrVcsManager(server.url).get_revision_info("hello", NULL, BZR_NEW) == [
        RevisionInfo(None, b"r", "m", None)
    ]
    assert asked(server)[0] == "/hello/revision-info"


def test_the_names_of_repositories(server: Server) -> None:
    server.answer(200, b'["a1", "b2"]')
    assert list(RemoteGitVcsManager(server.url).list_repositories()) == ["a1", "b2"]
    assert server.requests[-1].headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidRevision),
        (403, StoreRefused),
        (404, RevisionMissing),
        (408, DiffTimedOut),
        (500, RepositoryUnavailable),
        (502, RepositoryUnavailable),
        (503, RepositoryUnavailable),
    ],
)
def test_what_a_status_means(server: Server, status: int, error: type[JanitorError]) -> None:
    server.answer(status, b"no")
    with pytest.raises(error) as caught:
        RemoteGitVcsManager(server.url).get_diff("hello", OLD, NEW)
    assert "hello" in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "pause"), [("7", timedelta(seconds=7)), ("9" * 30, timedelta(days=1))]
)
def test_a_store_may_say_when_to_come_back(server: Server, asked: str, pause: timedelta) -> None:
    server.answer(503, b"", {"Retry-After": asked})
    with pytest.raises(RepositoryUnavailable) as caught:
        RemoteGitVcsManager(server.url).get_diff("hello", OLD, NEW)
    assert caught.value.retry_after == pause


def test_a_store_that_is_away_is_unavailable(server: Server) -> None:
    url = server.url
    server.close()
    with pytest.raises(RepositoryUnavailable):
        RemoteGitVcsManager(url).get_diff("hello", OLD, NEW)


@pytest.mark.parametrize("body", [b"<html>", b'{"a": 1}', b'[{"message": "m"}]'])
def test_an_answer_that_is_none_is_refused(server: Server, body: bytes) -> None:
    server.answer(200, body)
    with pytest.raises(StoreRefused):
        RemoteGitVcsManager(server.url).get_revision_info("hello", OLD, NEW)


def test_a_diff_beyond_all_reading_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "LONGEST_DIFF", 10)
    monkeypatch.setattr(store_client, "LONGEST_DIFF", 10)
    server.answer(200, b"x" * 11)
    with pytest.raises(DiffTooLarge):
        RemoteGitVcsManager(server.url).get_diff("hello", OLD, NEW)
    with pytest.raises(DiffTooLarge):
        RemoteGitVcsManager(server.url).get_revision_info("hello", OLD, NEW)


def test_a_diff_comes_as_it_is_of_any_length(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "LONGEST_DIFF", 10)
    monkeypatch.setattr(store_client, "LONGEST_DIFF", 10)
    body = b"a line of a diff\n" * 10_000
    server.answer(200, body)
    pieces = list(RemoteGitVcsManager(server.url).stream_diff("hello", OLD, NEW))
    assert b"".join(pieces) == body
    assert len(pieces) > 1


@pytest.mark.parametrize("sent", [0, 10, 70_000])
@pytest.mark.parametrize("how", ["length", "chunks"])
def test_an_answer_that_breaks_off_is_none(server: Server, sent: int, how: str) -> None:
    body = b"x" * sent
    if how == "length":
        server.answer(200, body, {"Content-Length": "80000"})
    else:
        server.answer(200, b"%x\r\n%b" % (80_000, body), {"Transfer-Encoding": "chunked"})
    with pytest.raises(RepositoryUnavailable):
        RemoteGitVcsManager(server.url).get_diff("hello", OLD, NEW)


def test_a_web_page_is_no_diff(server: Server) -> None:
    server.answer(200, b"<html>Log in</html>", {"Content-Type": "text/html; charset=utf-8"})
    with pytest.raises(StoreRefused, match="web page"):
        RemoteGitVcsManager(server.url).get_diff("hello", OLD, NEW)


def test_a_password_is_used_and_never_told(server: Server) -> None:
    server.answer(403, b"")
    url = server.url.replace("http://", "http://ada:hu%40sh@")
    with pytest.raises(StoreRefused) as caught:
        RemoteGitVcsManager(url).get_diff("hello", OLD, NEW)
    login = base64.b64encode(b"ada:hu@sh").decode()
    assert server.requests[-1].headers["Authorization"] == f"Basic {login}"
    assert "hu%40sh" not in str(caught.value)


def test_a_password_is_for_the_store_alone(server: Server, elsewhere: Server) -> None:
    server.answer(302, b"", {"Location": f"{elsewhere.url}/there"})
    elsewhere.answer(200, b"a diff")
    url = server.url.replace("http://", "http://ada:hush@")
    assert RemoteGitVcsManager(url).get_diff("hello", OLD, NEW) == b"a diff"
    assert "Authorization" in server.requests[-1].headers
    assert "Authorization" not in elsewhere.requests[-1].headers


@contextmanager
def served_git(store: GitStore) -> Iterator[str]:
    """A real Git server (dulwich's) of the store's repository; gives its base URL."""
    from dulwich.repo import Repo
    from dulwich.server import DictBackend
    from dulwich.web import WSGIRequestHandlerLogger, WSGIServerLogger, make_wsgi_chain

    class Quiet(WSGIRequestHandlerLogger):
        def log_message(self, *arguments: object) -> None:
            pass

    with Repo(str(store.path)) as repository:
        application = make_wsgi_chain(DictBackend({"/hello": repository}))
        http = make_server("127.0.0.1", 0, application, WSGIServerLogger, Quiet)
        with http, running(http):
            yield f"http://127.0.0.1:{http.server_port}"


@contextmanager
def running(http: BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        http.shutdown()
        thread.join()


def test_a_branch_of_a_git_server(git_store: GitStore) -> None:
    revision = git_store.commit({b"a": b"x"})
    git_store.git("branch", "fix/main", "main")
    with served_git(git_store) as url:
        manager = RemoteGitVcsManager(url)
        branch = manager.get_branch("hello", "fix/main")
        assert branch is not None
        assert branch.last_revision() == revision
        assert get_branch_vcs_type(branch) == "git"
        assert manager.get_branch("hello", "other") is None
        assert manager.get_branch("absent", "main") is None
        assert manager.get_repository("hello") is not None
        assert manager.get_repository("absent") is None


def test_a_branch_of_a_bazaar_server(bzr_store: BzrStore) -> None:
    revision = bzr_store.commit({"a": b"x"})
    with files_of(bzr_store.base) as url:
        manager = RemoteBzrVcsManager(url)
        branch = manager.get_branch("hello", "main")
        assert branch is not None
        assert branch.last_revision() == revision
        assert manager.get_branch("hello", "other") is None
        assert manager.get_repository("absent") is None


def test_a_branch_of_a_store_that_is_away_is_not_absent(server: Server) -> None:
    server.answer(503, b"")
    with pytest.raises(BranchOpenFailure, match="temporarily"):
        RemoteGitVcsManager(server.url).get_branch("hello", "main")
