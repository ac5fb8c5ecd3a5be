"""Looking where branches are, with real servers; every failure code by a real answer."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from janitor.errors import Failure
from janitor.vcs import BranchOpenFailure, open_branch_ext
from janitor.vcs.outside.border import Outside, is_public
from janitor.vcs.outside.credentials import Credentials, UnreadableCredentials
from janitor.vcs.outside.visitor import Visitor
from tests.integration.vcs.store import Environ, Start, Store, files_of, served

if TYPE_CHECKING:
    from conftest import BzrStore, GitStore, Server

INSIDE = Visitor(Outside(local=True), Credentials(), "janitor-test", patience=5)


def seen(url: str) -> object:
    return INSIDE.find(url, "git")


WAYS = pytest.mark.parametrize("ask", [open_branch_ext, seen], ids=["open", "look"])
Ask = Callable[[str], object]


def failure_of(ask: Ask, url: str) -> BranchOpenFailure:
    with pytest.raises(BranchOpenFailure) as caught:
        ask(url)
    return caught.value


@WAYS
@pytest.mark.parametrize(
    ("status", "code", "final"),
    [
        (401, "401-unauthorized", True),
        (403, "branch-unavailable", False),
        (404, "branch-missing", True),
        (410, "branch-missing", True),
        (429, "too-many-requests", False),
        (500, "branch-unavailable", False),
        (502, "502-bad-gateway", False),
        (503, "branch-temporarily-unavailable", False),
        (504, "branch-temporarily-unavailable", False),
    ],
)
def test_what_a_status_means(
    server: Server, ask: Ask, status: int, code: str, *, final: bool
) -> None:
    server.answer(status, b"no")
    failure = failure_of(ask, f"{server.url}/a")
    assert failure.code == code
    assert isinstance(failure, Failure) is final


@WAYS
def test_a_host_says_when_to_come_back(server: Server, ask: Ask) -> None:
    server.answer(429, b"", {"Retry-After": "30"})
    assert failure_of(ask, f"{server.url}/a").retry_after == 30
    then = datetime.now(UTC) + timedelta(seconds=120)
    server.answer(429, b"", {"Retry-After": format_datetime(then, usegmt=True)})
    assert 60 < (failure_of(ask, f"{server.url}/a").retry_after or 0) <= 120
    server.answer(429, b"", {"Retry-After": "soon"})
    assert failure_of(ask, f"{server.url}/a").retry_after is None


@WAYS
def test_a_host_that_is_not_there(server: Server, ask: Ask) -> None:
    url = server.url
    server.close()
    assert failure_of(ask, f"{url}/a").code == "branch-unavailable"


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that says always the same, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/a"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@WAYS
def test_a_host_that_says_nothing(ask: Ask) -> None:
    with answering(b"") as url:
        assert failure_of(ask, url).code in {"branch-unavailable", "branch-temporarily-unavailable"}


@WAYS
def test_a_host_that_talks_nonsense(ask: Ask) -> None:
    with answering(b"\x00\xff nonsense\r\n\r\n") as url:
        assert failure_of(ask, url).code in {
            "branch-unavailable",
            "branch-temporarily-unavailable",
            "unknown",
        }


def test_what_is_no_answer_of_git(server: Server) -> None:
    for body, kind in (
        (b"<html>log in</html>", "text/html"),
        (b"zzzz", "application/x-git-upload-pack-advertisement"),
        (b"\xff\x00" * 100, "application/x-git-upload-pack-advertisement"),
    ):
        server.answer(200, body, {"Content-Type": kind})
        code = failure_of(seen, f"{server.url}/a").code
        assert code in {"branch-missing", "branch-unavailable", "unknown"}, body


@WAYS
@pytest.mark.parametrize("url", ["odd://x.example/a", "svn://x.example/a", "cvs+pserver://x/a"])
def test_protocols_that_we_do_not_speak(ask: Ask, url: str) -> None:
    failure = failure_of(ask, url)
    assert failure.code == "unsupported-vcs-protocol"
    assert isinstance(failure, Failure)


@WAYS
def test_alioth_is_gone_whatever_happens(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    def no_network(*_arguments: object, **_options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    for host in ("svn", "bzr", "anonscm", "hg", "git", "alioth"):
        assert failure_of(ask, f"http://{host}.debian.org/a").code == "hosted-on-alioth"


def test_what_breezy_has_no_better_name_for_is_unknown(bzr_store: BzrStore) -> None:
    branch = bzr_store.base / "hello" / "main"
    (branch / ".bzr" / "branch" / "branch.conf").write_text("[[[\n")
    failure = failure_of(open_branch_ext, str(branch))
    assert failure.code == "unknown"
    assert "Invalid line" in failure.description


@pytest.mark.parametrize(
    ("trace", "code"),
    [
        (".svn/entries", "unsupported-vcs-svn"),
        (".hg/requires", "unsupported-vcs-hg"),
        ("_darcs/format", "unsupported-vcs-darcs"),
        ("CVS/Repository", "unsupported-vcs-cvs"),
    ],
)
def test_other_version_control_is_named(tmp_path: Path, trace: str, code: str) -> None:
    there = tmp_path / "x" / trace
    there.parent.mkdir(parents=True)
    there.write_text("")
    assert failure_of(open_branch_ext, str(tmp_path / "x")).code == code


def test_fossil_is_named() -> None:
    def application(environ: Environ, start: Start) -> list[bytes]:
        fossil = environ.get("CONTENT_TYPE") == "application/x-fossil"
        start("200 OK" if fossil else "404 Not Found", [("Content-Type", "application/x-fossil")])
        return [b""]

    with served(application) as url:
        assert failure_of(open_branch_ext, f"{url}/a").code == "unsupported-vcs-fossil"


def test_a_format_that_nobody_knows(tmp_path: Path) -> None:
    there = tmp_path / ".bzr"
    there.mkdir()
    (there / "branch-format").write_text("Bazaar of the year 3000\n")
    assert failure_of(open_branch_ext, str(tmp_path)).code == "unsupported-vcs"


@pytest.fixture
def store_url(tmp_path: Path) -> Iterator[str]:
    with served(Store(tmp_path / "git", tmp_path / "bzr")) as url:
        yield url


def test_where_a_branch_is(git_store: GitStore, bzr_store: BzrStore, store_url: str) -> None:
    git, bzr = git_store.commit({b"a": b"x"}), bzr_store.commit({"a": b"x"})
    empty = git_store.base / "empty"
    git_store.manager.make_repository("empty")
    git_store.git("branch", "fix/main", "main")
    git_store.git("symbolic-ref", "HEAD", "refs/heads/main")
    for url in (
        f"{store_url}/git/hello",
        f"{store_url}/git/hello,branch=main",
        f"{store_url}/git/hello,branch=fix%2Fmain",
        git_store.manager.get_branch_url("hello", "fix/main"),
        git_store.manager.get_repository_url("hello"),
    ):
        for kind in ("git", None):
            assert INSIDE.find(url, kind).revision == git
    assert INSIDE.find(bzr_store.manager.get_branch_url("hello", "main"), None).revision == bzr
    for url in (
        f"{store_url}/git/hello,branch=absent",
        f"{store_url}/git/absent",
        git_store.manager.get_branch_url("hello", "absent"),
        (git_store.base / "absent").as_uri(),
        empty.as_uri(),
    ):
        with pytest.raises(BranchOpenFailure, match="branch-missing"):
            INSIDE.find(url, "git")


def test_where_a_bazaar_branch_is_by_http(server: Server) -> None:
    server.answer(200, b"7 ada@example.com-20200101000000-0123456789abcdef\n")
    place = INSIDE.find(f"{server.url}/b/", "bzr")
    assert place.revision == b"ada@example.com-20200101000000-0123456789abcdef"
    assert place.url == f"{server.url}/b"
    assert [asked.path for asked in server.requests] == ["/b/.bzr/branch/last-revision"]
    server.answer(200, b"<html>")
    with pytest.raises(BranchOpenFailure, match="branch-unavailable"):
        INSIDE.find(f"{server.url}/b/", "bzr")


PRIVATE = [
    "http://127.0.0.1/a",
    "http://localhost:8080/a",
    "http://2130706433/a",
    "http://0x7f.1/a",
    "http://[::1]/a",
    "http://[::ffff:127.0.0.1]/a",
    "http://[64:ff9b::10.0.0.1]/a",
    "http://[64:ff9b:1::127.0.0.1]/a",
    "http://[::127.0.0.1]/a",
    "http://[::ffff:0:127.0.0.1]/a",
    "http://[fec0::1]/a",
    "http://[fd00::1]/a",
    "http://10.1.2.3/a",
    "http://192.168.0.1/a",
    "http://169.254.169.254/latest",
    "http://0.0.0.0/a",
    "http://192.0.0.8/a",
    "http://192.88.99.1/a",
    "http://[3fff::1]/a",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_addresses_of_our_own_network_are_refused(url: str) -> None:
    with pytest.raises(BranchOpenFailure, match="no public one"):
        Outside().check(url)


@pytest.mark.parametrize(
    "host",
    [
        *("bücher.example", "①②⑦.⓪.⓪.①", "127。0。0。1", "127%2e0.0.1", "a b", "a\tb"),
        *("evil.example?@git.example", "evil.example#@git.example", "evil.example\\@git.example"),
    ],
)
def test_a_host_is_written_as_it_is_looked_up(host: str) -> None:
    with pytest.raises(BranchOpenFailure, match="as it is looked up"):
        Outside(local=True).check(f"http://{host}/a")


def test_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BranchOpenFailure, match="unsupported-vcs-protocol"):
        Outside().check(tmp_path.as_uri())
    assert Outside(local=True).check(tmp_path.as_uri()) == ()


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::8.8.8.8"])
def test_addresses_of_everybody_are_not(address: str) -> None:
    assert is_public(address)


class _OneDoor(Outside):
    """A border with one door: what the test's own server needs to be gone to at all."""

    def __init__(self, port: int) -> None:
        object.__setattr__(self, "local", False)
        object.__setattr__(self, "port", port)

    def check(self, url: str) -> tuple[str, ...]:
        return () if f":{self.port}/" in url else super().check(url)  # type: ignore[attr-defined]

    def check_address(self, address: str, url: str) -> None:
        if not url.endswith(f":{self.port}"):  # type: ignore[attr-defined]
            super().check_address(address, url)


def test_a_redirect_does_not_lead_inside(server: Server, elsewhere: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    visitor = Visitor(_OneDoor(port), Credentials(), "janitor-test")
    elsewhere.answer(200, b"1 a\n")
    server.answer(302, b"", {"Location": f"{elsewhere.url}/b/.bzr/branch/last-revision"})
    with pytest.raises(BranchOpenFailure, match="no public one"):
        visitor.find(f"{server.url}/b", "bzr")
    assert server.requests
    assert not elsewhere.requests
    server.answer(302, b"", {"Location": "file:///etc/passwd"})
    with pytest.raises(BranchOpenFailure, match="unsupported-vcs-protocol"):
        visitor.find(f"{server.url}/b", "bzr")
    server.answer(302, b"", {"Location": f"{server.url}/again"})
    with pytest.raises(BranchOpenFailure, match="redirects"):
        visitor.find(f"{server.url}/b", "bzr")


def test_a_name_that_changes_does_not_lead_inside(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name has a public address when it is asked for first, and ours when it is gone to."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def changing(host: str, port: int, *rest: object, **options: object) -> object:
        if host != "changing.example":
            return real(host, port, *rest, **options)  # type: ignore[arg-type]
        asked.append(host)
        address = "8.8.8.8" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    url = server.url.replace("127.0.0.1", "changing.example")
    visitor = Visitor(Outside(), Credentials(), "janitor-test")
    with pytest.raises(BranchOpenFailure, match="no public one"):
        visitor.find(f"{url}/b", "bzr")
    assert len(asked) > 1
    assert not server.requests


def test_a_login_is_for_its_host_alone(server: Server, elsewhere: Server) -> None:
    elsewhere.answer(200, b"1 ada@example.com-1\n")
    server.answer(302, b"", {"Location": f"{elsewhere.url}/b/.bzr/branch/last-revision"})
    INSIDE.find(server.url.replace("http://", "http://ada:hu%40sh@") + "/b", "bzr")
    assert server.requests[-1].headers["Authorization"] == "Basic YWRhOmh1QHNo"
    assert "Authorization" not in elsewhere.requests[-1].headers
    server.answer(403, b"")
    with pytest.raises(BranchOpenFailure) as caught:
        INSIDE.find(server.url.replace("http://", "http://ada:hu%40sh@") + "/b", "git")
    assert "hu%40sh" not in str(caught.value)
    assert "hu@sh" not in str(caught.value)


def test_logins_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "logins"
    file.write_text("machine git.example login ada password hush\n")
    logins = Credentials.read(str(file))
    assert logins.header_for("https://git.example/a") == "Basic YWRhOmh1c2g="
    for other in ("http://git.example/a", "https://git.example:8443/a", "https://x.example/"):
        assert logins.header_for(other) is None
    assert "hush" not in repr(logins)
    file.write_text("machine git.example login ada hush\n")
    with pytest.raises(UnreadableCredentials) as caught:
        Credentials.read(str(file))
    assert "hush" not in str(caught.value)
    with pytest.raises(UnreadableCredentials):
        Credentials.read(str(tmp_path / "absent"))
    assert Credentials.read(None).header_for("https://git.example/a") is None


@contextmanager
def dripping(begin: bytes, drop: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that never comes to an end; the list has what it could say until it was left."""
    said: list[bytes] = []

    def drip() -> None:
        with closing(listener), closing(listener.accept()[0]) as connection:
            connection.recv(65536)
            with suppress(OSError):  # it is left
                connection.sendall(begin)
                for _ in range(200):
                    connection.sendall(drop)
                    said.append(drop)
                    time.sleep(0.05)

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/b", said
    finally:
        thread.join()


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b"1"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"1"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 200 OK\r\n\r\n1 ada@example.com-", b"1"),  # which might be a whole answer
    ],
    ids=["body", "header", "continue", "chunk", "until it ends"],
)
def test_a_host_that_drips_is_left_in_time(begin: bytes, drop: bytes) -> None:
    visitor = Visitor(Outside(local=True), Credentials(), "janitor-test", patience=0.5)
    in_time = pytest.raises(BranchOpenFailure, match=r"temporarily-unavailable.*in time")
    with dripping(begin, drop) as (url, said), in_time:
        visitor.find(url, "bzr")
    assert 0 < len(said) < 200


def test_a_packed_answer_is_not_unpacked(server: Server) -> None:
    """A few bytes of it can be very many."""
    server.answer(200, gzip.compress(b"0004" * 100), {"Content-Encoding": "gzip"})
    for kind in ("git", "bzr"):
        with pytest.raises(BranchOpenFailure, match=r"branch-unavailable.*packed"):
            INSIDE.find(f"{server.url}/b", kind)
        assert server.requests[-1].headers["Accept-Encoding"] == "identity"


def advertised(*lines: bytes) -> bytes:
    """What a Git server of the first protocol says it has."""
    packets = [b"# service=git-upload-pack\n", b"", *lines, b""]
    return b"".join(b"%04x%b" % (len(line) + 4, line) if line else b"0000" for line in packets)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"f" * 64 + b" HEAD\0object-format=sha256\n", "unsupported-vcs"),
        (b"f" * 39 + b" HEAD\0x\n", "branch-unavailable"),
        (b"F" * 40 + b" HEAD\0x\n", "branch-unavailable"),
        (b"ERR a\0b\n", "branch-unavailable"),
    ],
)
def test_what_is_no_commit_is_none(server: Server, line: bytes, code: str) -> None:
    kind = "application/x-git-upload-pack-advertisement"
    server.answer(200, advertised(line), {"Content-Type": kind})
    failure = failure_of(seen, f"{server.url}/a")
    assert failure.code == code
    assert failure.description.isprintable()


def test_a_reason_of_control_characters() -> None:
    with answering(b"HTTP/1.1 404 a\0b\x1b[31m\r\nContent-Length: 0\r\n\r\n") as url:
        failure = failure_of(seen, url)
    assert failure.code == "branch-missing"
    assert failure.description.isprintable()


def test_a_page_of_a_website_is_no_repository(server: Server) -> None:
    server.answer(200, b"<html>\nWelcome\n</html>\n", {"Content-Type": "text/html"})
    assert failure_of(seen, f"{server.url}/a").code == "branch-missing"
    with pytest.raises(BranchOpenFailure):  # it may be one of Bazaar's
        INSIDE.find(f"{server.url}/a", None)
    assert server.requests[-1].path == "/a/.bzr/branch/last-revision"


def test_where_a_branch_is_by_files(git_store: GitStore) -> None:
    made = git_store.commit({b"a": b"x"})
    git_store.git("branch", "trunk", "main")
    git_store.commit({b"a": b"y"})
    git_store.git("symbolic-ref", "HEAD", "refs/heads/trunk")
    git_store.git("update-server-info")
    with files_of(git_store.base) as url:
        for what in ("", ",branch=trunk"):
            place = INSIDE.find(f"{url}/hello{what}", "git")
            assert (place.revision, place.url) == (made, f"{url}/hello")
        (git_store.path / "HEAD").write_text(made.decode().removeprefix("git-v1:") + "\n")
        assert INSIDE.find(f"{url}/hello", "git").revision == made
        for lies in ("ref: HEAD\n", "ref: refs/heads/absent\n", "<html>"):
            (git_store.path / "HEAD").write_text(lies)
            assert failure_of(seen, f"{url}/hello").code in {"branch-missing", "branch-unavailable"}


@pytest.mark.parametrize("by", ["ref", "branch"])
@pytest.mark.parametrize("name", ["../../secret", "../../../../secret", "/secret", ".."])
def test_a_reference_does_not_leave_its_place(
    git_store: GitStore, tmp_path: Path, store_url: str, by: str, name: str
) -> None:
    git_store.commit({b"a": b"x"})
    (tmp_path / "secret").write_text("f" * 40)
    for url in (f"{store_url}/git/hello", git_store.manager.get_repository_url("hello")):
        failure = failure_of(seen, f"{url},{by}={quote(name, safe='')}")
        assert failure.code == "branch-missing"
        assert "ffff" not in failure.description


def test_a_tag_is_the_commit_that_it_is_of(git_store: GitStore, store_url: str) -> None:
    made = git_store.commit({b"a": b"x"})
    git_store.git(
        *("-c", "user.name=Ada", "-c", "user.email=ada@example.com"),
        *("tag", "-a", "-m", "One.", "v1", "main"),
    )
    for url in (f"{store_url}/git/hello", git_store.manager.get_repository_url("hello")):
        assert INSIDE.find(f"{url},ref=refs%2Ftags%2Fv1", "git").revision == made
