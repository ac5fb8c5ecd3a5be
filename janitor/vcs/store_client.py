"""Asking a store service over HTTP, and what its status codes mean."""

from __future__ import annotations

import base64
import http.client
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import closing
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from pydantic import TypeAdapter, ValidationError

from janitor.errors import Failure, JanitorError
from janitor.redaction import redact
from janitor.retry_after import pause_asked
from janitor.vcs.errors import (
    DiffTimedOut,
    DiffTooLarge,
    InvalidRevision,
    RepositoryUnavailable,
    StoreRefused,
)
from janitor.vcs.manager import LONGEST_DIFF
from janitor.wording import refusal_in_words

PATIENCE = 300.0  # seconds without a byte; the store ends a diff that takes longer itself
SERVER_ERROR = 500

_PIECE = 65536

T = TypeVar("T")


class NotThere(Failure):
    """The store does not have what was asked for."""


class StoreClient:
    """One store service.

    Args:
        base_url: its ``http(s)`` URL; a user and password in it go into a header.

    Raises:
        StoreRefused: the URL is not one of a store.
    """

    def __init__(self, base_url: str) -> None:
        self._name = redact(base_url)
        url = _checked(base_url)
        host = url.netloc.rpartition("@")[2]
        self._base = urlunsplit((url.scheme, host, url.path, "", ""))
        self._login = _login(url.username, url.password)

    def get(self, path: str, *, accept: str = "*/*") -> bytes:
        """Return the body of an answer.

        Args:
            path: what comes after the base URL, quoted, with its query.
            accept: the content type that is asked for.

        Raises:
            DiffTooLarge: the body has more than ``LONGEST_DIFF`` bytes.
            JanitorError: as :meth:`stream` does.
        """
        body = bytearray()
        with closing(self.stream(path, accept=accept)) as pieces:
            for piece in pieces:
                body += piece
                if len(body) > LONGEST_DIFF:
                    raise DiffTooLarge(f"{self._name}{path} has more than {LONGEST_DIFF} bytes")
        return bytes(body)

    def stream(self, path: str, *, accept: str = "*/*") -> Generator[bytes]:
        """Yield the body of an answer as it comes, of any length.

        Args:
            path: what comes after the base URL, quoted, with its query.
            accept: the content type that is asked for.

        Raises:
            NotThere: 404.
            InvalidRevision: 400.
            DiffTimedOut: 408.
            RepositoryUnavailable: 503, any other error of the server, no answer, or one that
                breaks off.
            StoreRefused: any other status, or a web page.
        """
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked above
            self._base + path, headers={"Accept": accept}
        )
        if self._login:
            # Not for where a redirect may lead.
            request.add_unredirected_header("Authorization", self._login)
        what = self._name + path
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - likewise
                if answer.headers.get_content_type() == "text/html":
                    raise StoreRefused(f"{what} is a web page; is that the URL of a store service?")
                while piece := answer.read(_PIECE):
                    yield piece
                if answer.length:  # http.client takes what came for all of it
                    raise RepositoryUnavailable(f"{what} broke off, {answer.length} bytes early")
        except urllib.error.HTTPError as error:
            with error:
                raise _meaning(error, what) from None
        except (OSError, http.client.HTTPException) as error:
            raise RepositoryUnavailable(redact(f"{what}: {error}")) from None

    def read(self, kind: TypeAdapter[T], answer: bytes) -> T:
        """Return what the JSON of an answer says.

        Raises:
            StoreRefused: it is not what a store answers.
        """
        try:
            return kind.validate_json(answer)
        except ValidationError as error:
            raise StoreRefused(f"{self._name}: {refusal_in_words(error, 'answer')}") from None


def _checked(base_url: str) -> SplitResult:
    try:
        url = urlsplit(base_url)
        usable = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError:  # brackets without an address, or a port that is no number
        usable = False
    if not usable:
        raise StoreRefused(f"{redact(base_url)} is no http(s) URL of a store service")
    return url


def _meaning(error: urllib.error.HTTPError, what: str) -> JanitorError:
    told = f"{what}: {error.code} {error.reason}"
    match error.code:
        case 400:
            return InvalidRevision(told)
        case 404:
            return NotThere(told)
        case 408:
            return DiffTimedOut(told)
        case 429 | 503:
            return RepositoryUnavailable(
                told, retry_after=pause_asked(error.headers["Retry-After"])
            )
    return RepositoryUnavailable(told) if error.code >= SERVER_ERROR else StoreRefused(told)


def _login(user: str | None, password: str | None) -> str | None:
    if user is None:
        return None
    both = f"{unquote(user)}:{unquote(password or '')}".encode()
    return f"Basic {base64.b64encode(both).decode()}"
