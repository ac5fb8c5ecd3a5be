"""Real repositories (Git's by dulwich, Bazaar's by Breezy) and a store service's stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from janitor.vcs import LocalBzrVcsManager, LocalGitVcsManager

CODEBASE = "hello"
AUTHOR = "Ada <ada@example.com>"
WHEN = 1_700_000_000

Files = Mapping[bytes, bytes]


@dataclass
class GitStore:
    """A directory with one bare Git repository; each commit is a whole tree."""

    base: Path
    commits: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        from dulwich.repo import Repo

        self.path.mkdir(parents=True)
        Repo.init_bare(str(self.path)).close()

    @property
    def path(self) -> Path:
        return self.base / CODEBASE

    @property
    def manager(self) -> LocalGitVcsManager:
        return LocalGitVcsManager(str(self.base))

    def commit(
        self, files: Files, message: str = "A change.\n", parent: bytes | None = None
    ) -> bytes:
        """Commit to the branch ``main``; returns the revision id."""
        from dulwich.index import commit_tree
        from dulwich.objects import Blob, Commit
        from dulwich.repo import Repo

        with Repo(str(self.path)) as repository:
            entries = []
            for path, content in files.items():
                blob = Blob.from_string(content)
                repository.object_store.add_object(blob)
                entries.append((path, blob.id, 0o100644))
            commit = Commit()
            commit.tree = commit_tree(repository.object_store, entries)
            commit.parents = [parent.removeprefix(b"git-v1:")] if parent else []
            commit.author = commit.committer = AUTHOR.encode()
            commit.author_time = commit.commit_time = WHEN + self.commits
            commit.author_timezone = commit.commit_timezone = 0
            commit.message = message.encode()
            repository.object_store.add_object(commit)
            repository.refs[b"refs/heads/main"] = commit.id
        self.commits += 1
        return b"git-v1:" + commit.id

    def git(self, *arguments: str) -> bytes:
        """Ask the program itself, with everything of the repository in force."""
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "--git-dir", str(self.path), *arguments],
            check=False,
            capture_output=True,
        )
        return done.stdout


@dataclass
class BzrStore:
    """A directory with one shared Bazaar repository and the branch ``main`` in it."""

    base: Path
    trees: Path

    def __post_init__(self) -> None:
        import breezy.bzr.bzrdir  # noqa: F401 - sets the default format
        from breezy.controldir import ControlDir

        repository = self.base / CODEBASE
        repository.mkdir(parents=True)
        ControlDir.create(str(repository)).create_repository(shared=True)
        branch = repository / "main"
        branch.mkdir()
        ControlDir.create_branch_convenience(str(branch), force_new_tree=False)
        self.tree: Any = ControlDir.open(str(branch)).open_branch().create_checkout(str(self.trees))

    @property
    def manager(self) -> LocalBzrVcsManager:
        return LocalBzrVcsManager(str(self.base))

    def commit(self, files: Mapping[str, bytes], message: str = "A change.") -> bytes:
        """Commit files; returns the revision id."""
        for path, content in files.items():
            (self.trees / path).write_bytes(content)
        self.tree.smart_add([str(self.trees)])
        return self._commit(message)

    def rename(self, old: str, new: str) -> bytes:
        self.tree.rename_one(old, new)
        return self._commit("Renamed.")

    def brz(self, *arguments: str) -> bytes:
        """Ask the program itself."""
        done = subprocess.run(
            [sys.executable, "-m", "breezy", *arguments],
            cwd=self.trees,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            check=False,
            capture_output=True,
        )
        return done.stdout

    def _commit(self, message: str) -> bytes:
        revision = self.tree.commit(message, committer=AUTHOR, timestamp=WHEN, timezone=0)
        assert isinstance(revision, bytes)
        return revision


@dataclass(frozen=True)
class Request:
    """What a server was asked."""

    path: str
    headers: Mapping[str, str]


class Server:
    """An HTTP server on the loopback interface that gives every request the same answer."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer(200, b"")
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._answer = status, body, headers or {}

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, headers = server._answer
                server.requests.append(Request(self.path, dict(self.headers)))
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_OPTIONS = do_POST = do_GET  # noqa: N815 - names that http.server looks for

            def log_message(self, *arguments: object) -> None:
                pass

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    with closing(Server()) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRZ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


@pytest.fixture
def git_store(tmp_path: Path) -> GitStore:
    return GitStore(tmp_path / "git")


@pytest.fixture
def bzr_store(tmp_path: Path) -> BzrStore:
    return BzrStore(tmp_path / "bzr", tmp_path / "trees")
