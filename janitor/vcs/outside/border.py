"""Which URLs from outside may be gone to: the web, and not what is only ours to reach.

A codebase's URL is somebody else's text. ``file:`` URLs and addresses of our own network are
refused unless the configuration allows them; :mod:`.guarded_web` asks again for each address
that is really connected to, so that neither a redirect nor a name that changes leads inside.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from janitor.vcs.branch_failures import MISSING, branch_failure

_PROTOCOL = "unsupported-vcs-protocol"
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
# Set apart by IANA, and taken for public ones by some versions of Python.
_NOBODYS = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
# Programs differ in what they make of other names, and of what these stand in.
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_ODD = re.compile(r"[?#\\\x00-\x20\x7f]")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Outside:
    """The border.

    Args:
        local: whether ``file:`` URLs and addresses inside are allowed.
    """

    local: bool = False

    def check(self, url: str) -> tuple[str, ...]:
        """Return the addresses of a URL's host; none of a ``file:`` URL.

        Args:
            url: what somebody wrote.

        Raises:
            BranchOpenFailure: we don't go there, or its host has no address now.
        """
        scheme, host, port = _parts(url)
        if scheme == "file" and self.local:
            return ()
        if scheme == "file":
            told = "files of this host are no codebases, unless local_branches allows it"
            raise branch_failure(_PROTOCOL, url, told)
        if scheme not in _PORTS:
            raise branch_failure(_PROTOCOL, url, "only http and https are gone to by ourselves")
        if not host:
            raise branch_failure(MISSING, url, "it names no host")
        if not _is_plain(host) or _ODD.search(url.partition("://")[2].partition("/")[0]):
            told = "its host is to be written as it is looked up: letters, digits, dots (xn--...)"
            raise branch_failure(_PROTOCOL, url, told)
        addresses = _addresses(url, host, port or _PORTS[scheme])
        for address in addresses:
            self.check_address(address, url)
        return addresses

    def check_address(self, address: str, url: str) -> None:
        """Refuse an address that is not everybody's to reach.

        Raises:
            BranchOpenFailure: it is loopback, link-local, private or of no host.
        """
        if not self.local and not is_public(address):
            told = f"its address {address} is no public one; local_branches allows such"
            raise branch_failure("branch-unavailable", url, told)


def _is_plain(host: str) -> bool:
    if _NAME.fullmatch(host):
        return True
    try:
        return bool(ipaddress.IPv6Address(host))
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Return whether an address is one that anybody in the Internet may reach."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        # An address within an address: what counts is where it ends up.
        inner = parsed.ipv4_mapped or parsed.sixtofour or _translated(parsed)
        if inner is not None:
            return is_public(str(inner))
        # Nothing else is given out; other ways of having an address within another are obsolete.
        if parsed not in _GIVEN_OUT:
            return False
    return parsed.is_global and not parsed.is_multicast and not _of_nobody(parsed)


def _of_nobody(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in _NOBODYS if network.version == address.version)


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    nat64 = ipaddress.IPv6Network("64:ff9b::/96")
    return ipaddress.IPv4Address(address.packed[-4:]) if address in nat64 else None


def _parts(url: str) -> tuple[str, str | None, int | None]:
    try:
        split = urlsplit(url)
        return split.scheme.lower(), split.hostname, split.port
    except ValueError as error:
        raise branch_failure(MISSING, url, str(error)) from None


def _addresses(url: str, host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise branch_failure("branch-unavailable", url, str(error)) from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
