"""Who we are to hosts that want to know: a file in the form of ``.netrc``, named in the settings.

The passwords reach a host in a header, ``git`` through its environment and Breezy through its
standard input: never a command line, a log or a message.
"""

from __future__ import annotations

import base64
import netrc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import SplitResult, quote, unquote, urlsplit

from janitor.errors import Failure

_HTTPS = 443
_Origin = tuple[str, str | None, int | None]


class UnreadableCredentials(Failure):
    """The file of logins can't be used."""


@dataclass(frozen=True)
class Credentials:
    """Logins by host, for ``https`` alone; and those that a URL itself has, where it leads."""

    by_host: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    by_origin: Mapping[_Origin, tuple[str, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: str | None) -> Self:
        """Read the file of logins; none where no file is named.

        Raises:
            UnreadableCredentials: it is not there, or not in that form.
        """
        if path is None:
            return cls()
        try:
            hosts = netrc.netrc(path).hosts
        except OSError as error:
            raise UnreadableCredentials(f"vcs_logins: {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UnreadableCredentials(f"vcs_logins: {path}: it is no text") from None
        except netrc.NetrcParseError as error:  # its text may have what stands there
            raise UnreadableCredentials(
                f"vcs_logins: {path}, line {error.lineno}: not in the form of .netrc"
            ) from None
        return cls({host: (user, secret) for host, (user, _, secret) in hosts.items()})

    def beside(self, url: str) -> Self:
        """Return these and the login of a URL, if it has one."""
        split = urlsplit(url)
        if not split.username:
            return self
        login = unquote(split.username), unquote(split.password or "")
        return type(self)(self.by_host, {_origin(split): login})

    def header_for(self, url: str) -> str | None:
        """Return the value of the header ``Authorization`` for a URL, if it takes one."""
        login = self._login_for(url)
        if login is None:
            return None
        return f"Basic {base64.b64encode(':'.join(login).encode()).decode()}"

    def within(self, url: str) -> str:
        """Return a URL with the login for it in it, if it takes one: a secret."""
        login = self._login_for(url)
        if login is None:
            return url
        user, secret = (quote(part, safe="") for part in login)
        split = urlsplit(url)
        return split._replace(netloc=f"{user}:{secret}@{split.netloc}").geturl()

    def _login_for(self, url: str) -> tuple[str, str] | None:
        split = urlsplit(url)
        login = self.by_origin.get(_origin(split))
        if login is None and (split.scheme, split.port or _HTTPS) == ("https", _HTTPS):
            login = self.by_host.get(split.hostname or "")
        return login


def without_login(url: str) -> str:
    """Return a URL without its user and password."""
    split = urlsplit(url)
    return split._replace(netloc=split.netloc.rpartition("@")[2]).geturl()


def _origin(split: SplitResult) -> _Origin:
    return split.scheme, split.hostname, split.port
