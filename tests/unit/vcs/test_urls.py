from __future__ import annotations

import pytest

from janitor.vcs import is_alioth_url, is_authenticated_url
from janitor.vcs.branch_failures import branch_failure, host_of


@pytest.mark.parametrize("host", ["svn", "bzr", "anonscm", "hg", "git", "alioth"])
def test_the_hosts_of_alioth(host: str) -> None:
    assert is_alioth_url(f"https://{host}.debian.org/a/b")


@pytest.mark.parametrize(
    "url",
    [
        "https://salsa.debian.org/a",
        "https://x.example/git.debian.org",
        "git.debian.org",
        "http://[",
    ],
)
def test_hosts_that_are_not_alioth(url: str) -> None:
    assert not is_alioth_url(url)


@pytest.mark.parametrize(
    ("url", "authenticated"),
    [
        ("git+ssh://x.example/a", True),
        ("bzr+ssh://x.example/a", True),
        ("https://x.example/git+ssh://", False),
        ("git://x.example/a", False),
    ],
)
def test_urls_that_log_in(url: str, *, authenticated: bool) -> None:
    assert is_authenticated_url(url) is authenticated


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://git.example/a", "git.example"),
        ("https://git.example:8443", "git.example:8443"),
        ("https://ada:hush@git.example/a@b", "git.example"),
        ("http://evil.example?@git.example/a", "evil.example"),
        ("http://evil.example#@git.example/a", "evil.example"),
        ("http://evil.example\\@git.example/a", "evil.example"),
        ("file:///srv/git/a", None),
    ],
)
def test_nobody_speaks_for_another_host(url: str, host: str | None) -> None:
    assert host_of(url) == host


def test_what_a_host_says_is_one_line_that_can_be_stored() -> None:
    failure = branch_failure("unknown", "https://x.example/a", "a\0b\x1b[31m\r\nc" + "d" * 100_000)
    assert failure.description.startswith(r"https://x.example/a: a\x00b\x1b[31m\r\ncdd")
    assert failure.description.isprintable()
    assert len(failure.description) <= 2000
