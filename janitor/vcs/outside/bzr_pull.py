"""The program that :mod:`.bzr_fetch` starts: brings a revision of a Bazaar branch into ours.

Breezy follows redirects, references and stacking by itself. Here it gets no further than the host
that was checked, by the addresses that were checked, and reads no files unless it was sent to one.
It imports nothing of ours, and is run as a file.
"""

from __future__ import annotations

import socket
import sys
from typing import Any
from urllib.parse import urlsplit

import breezy.bzr  # noqa: F401 - or it would know no format of Bazaar's on a disk
from breezy import urlutils
from breezy.controldir import ControlDir
from breezy.url_policy_open import BadUrl, BranchOpener, BranchOpenPolicy


class SameHost(BranchOpenPolicy):
    """Lets references and stacked branches lead to other branches of the host, and no further.

    Args:
        url: where it begins.
    """

    def __init__(self, url: str) -> None:
        self._host = _host(url)

    def should_follow_references(self) -> bool:
        """Say that they may be followed; each is checked."""
        return True

    def transform_fallback_location(self, branch: Any, url: str) -> tuple[str, bool]:  # noqa: ANN401
        """Return where a stacked branch is, to be checked."""
        return urlutils.join(branch.base, url), True

    def check_one_url(self, url: str) -> None:
        """Refuse what is elsewhere."""
        if _host(url) != self._host:
            raise BadUrl(url)


def _host(url: str) -> tuple[str, str | None, int | None]:
    split = urlsplit(url)
    return split.scheme, split.hostname, split.port


def go_only_to(host: str, addresses: list[str]) -> None:
    """Let this process connect to the addresses of one host, whatever its name leads to by now."""
    look_up = socket.getaddrinfo

    def checked(asked: Any, *more: Any, **named: Any) -> list[Any]:  # noqa: ANN401
        name = asked.decode() if isinstance(asked, bytes) else asked
        if name.lower() != host:
            raise OSError(f"{name} is not gone to, only {host or 'files'}")
        return [found for address in addresses for found in look_up(address, *more, **named)]

    socket.getaddrinfo = checked  # type: ignore[assignment]  # its result is what it was


def main(ours: str, revision: str, *addresses: str) -> None:
    """Bring a revision of the branch whose URL, with a login, is on standard input.

    Args:
        ours: the URL of our repository.
        revision: what to bring, and all that it rests on.
        addresses: those of the branch's host.
    """
    url = sys.stdin.read()
    go_only_to(urlsplit(url).hostname or "", list(addresses))
    branch = BranchOpener(SameHost(url)).open(url)
    ControlDir.open(ours).open_repository().fetch(branch.repository, revision.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
