"""A small store service: the protocol of the field, and the repositories themselves.

Git's by dulwich's smart HTTP, Bazaar's by Breezy's smart server; diffs and revisions by our
local managers. ``BASE/git`` and ``BASE/bzr`` are the stores.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs, quote, unquote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from janitor.names import UnsafeName
from janitor.vcs import LocalBzrVcsManager, LocalGitVcsManager, VcsManager
from janitor.vcs.errors import InvalidRevision, RepositoryUnavailable, RevisionMissing

NULL = {"4b825dc642cb6eb9a060e54bf8d69288fbee4904", "0" * 40, "null:"}

Environ = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], object]


class _Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


class Store:
    """The WSGI application; ``asked`` has the path and query of each request.

    Args:
        git: where Git repositories are.
        bzr: where Bazaar's are.
    """

    def __init__(self, git: Path, bzr: Path) -> None:
        self.asked: list[str] = []
        self._managers: dict[str, VcsManager] = {
            "git": LocalGitVcsManager(str(git)),
            "bzr": LocalBzrVcsManager(str(bzr)),
        }
        self._git, self._bzr = _git_application(git), _bzr_application(bzr)
        self._bzr_base = bzr

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer one request."""
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        self.asked.append(f"{path}?{query}" if query else path)
        _, kind, *rest = path.split("/")
        environ["PATH_INFO"] = "/" + "/".join(rest)
        manager = self._managers[kind]
        if rest in ([], [""]) or rest[1:] in (["diff"], ["revision-info"]):
            return _answer(start, *_said(manager, rest, parse_qs(query)))
        if kind == "git":
            return self._git(environ, start)
        if environ["REQUEST_METHOD"] == "POST" and path.endswith("/.bzr/smart"):
            environ["janitor.path"] = quote(environ["PATH_INFO"].encode("latin-1"))
            return self._bzr(environ, start)
        return _answer(start, "404 Not Found")


@contextmanager
def served(application: Callable[[Environ, Start], Iterable[bytes]]) -> Iterator[str]:
    """Serve an application on loopback and give its URL."""
    with make_server("127.0.0.1", 0, application, _Threading, _Quiet) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


class Files(SimpleHTTPRequestHandler):
    """Answers with files, and knows nothing of version control."""

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def files_of(directory: Path, handler: type[Files] = Files) -> Iterator[str]:
    """Serve the files of a directory on loopback and give its URL."""
    answering = partial(handler, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), answering) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


def _said(manager: VcsManager, words: list[str], query: dict[str, list[str]]) -> tuple[str, bytes]:
    try:
        if len(words) == 1:
            return "200 OK", _json(sorted(manager.list_repositories()))
        return "200 OK", _ask(manager, words[0], words[1], query)
    except (InvalidRevision, UnsafeName) as refusal:
        return "400 Bad Request", str(refusal).encode()
    except RevisionMissing as refusal:
        return "404 Not Found", str(refusal).encode()
    except RepositoryUnavailable as refusal:
        return "503 Service Unavailable", str(refusal).encode()


def _ask(manager: VcsManager, codebase: str, what: str, query: dict[str, list[str]]) -> bytes:
    old, new = (_revision(manager, query[name][0]) for name in ("old", "new"))
    if what == "diff":
        return manager.get_diff(codebase, old, new)
    return _json(
        [
            {"revision-id": info.revision_id.decode(), "link": info.link, "message": info.message}
            | ({"commit-id": info.commit_id.decode()} if info.commit_id else {})
            for info in manager.get_revision_info(codebase, old, new)
        ]
    )


def _revision(manager: VcsManager, asked: str) -> bytes:
    if asked in NULL:
        return b"null:"
    return (f"git-v1:{asked}" if manager.vcs_type == "git" else asked).encode()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _answer(start: Start, status: str, body: bytes = b"") -> list[bytes]:
    start(status, [("Content-Length", str(len(body)))])
    return [body]


def _git_application(base: Path) -> Any:
    from dulwich.errors import NotGitRepository
    from dulwich.repo import Repo
    from dulwich.server import Backend
    from dulwich.web import make_wsgi_chain

    class Directory(Backend):
        def open_repository(self, path: str) -> Repo:
            name = unquote(path).strip("/")
            if not name or "/" in name or not (base / name / "objects").is_dir():
                raise NotGitRepository(path)
            return Repo(str(base / name))

    return make_wsgi_chain(Directory())


def _bzr_application(base: Path) -> Any:
    from breezy.transport.http.wsgi import make_app

    base.mkdir(exist_ok=True)
    return make_app(
        str(base), "", path_var="janitor.path", load_plugins=False, enable_logging=False
    )
