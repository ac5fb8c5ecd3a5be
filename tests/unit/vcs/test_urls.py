from __future__ import annotations

import pytest

from janitor.vcs import is_alioth_url, is_authenticated_url


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
