"""What Google's library raises, as a store says it; and how long it may try by itself.

The ledger tries a job again and a backup store is at hand, so the library only bridges a
moment. A service that is silent, or says when it wants to be asked again, is not asked again
here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

from janitor.redaction import redact
from janitor.retry_after import pause_asked
from janitor.storage.port import Refused, ServiceUnavailable

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_REFUSING = frozenset({401, 403})
# The library passes on what those below it raise, where an answer breaks off.
_SILENT = (requests.Timeout, urllib3.exceptions.TimeoutError)
_BROKEN = (
    requests.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.ProtocolError,
)
_LONGEST_REASON = 300  # characters


def _may_pass_at_once(error: BaseException) -> bool:
    response = getattr(error, "response", None)
    if response is not None:
        return response.status_code in _PASSING and "Retry-After" not in response.headers
    return isinstance(error, _BROKEN) and not isinstance(error, _SILENT)


A_MOMENT = Retry(predicate=_may_pass_at_once, initial=0.1, multiplier=2, maximum=1, timeout=2)


@contextmanager
def answering(location: str, doing: str) -> Iterator[None]:
    """Turn errors of the library into a store's.

    Args:
        location: the store, for the message.
        doing: what it was asked for, for the message.
    """
    try:
        yield
    except (
        DataCorruption,
        GoogleAPICallError,
        GoogleAuthError,
        InvalidResponse,
        RetryError,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
    ) as error:
        cause = (error.cause if isinstance(error, RetryError) else None) or error
        raise _as_said(f"{location}: can't {doing}", cause) from error


def _as_said(what: str, error: BaseException) -> ServiceUnavailable:
    response = getattr(error, "response", None)
    if isinstance(error, GoogleAuthError):
        # Its text may quote what an authority answered, or the key file.
        return Refused(f"{what}: no usable credentials ({type(error).__name__})")
    if response is None:
        return ServiceUnavailable(f"{what}: {_in_words(error)}")
    kind = Refused if response.status_code in _REFUSING else ServiceUnavailable
    return kind(
        redact(f"{what}: {response.status_code} {_reason(response)}"),
        retry_after=pause_asked(response.headers.get("Retry-After")),
    )


def _reason(response: requests.Response) -> str:
    """What the service says; not the library, which quotes the URLs of upload sessions."""
    try:
        return str(response.json()["error"]["message"])[:_LONGEST_REASON]
    except (ValueError, LookupError, TypeError):  # a proxy's page
        return response.reason or ""


def _in_words(error: BaseException) -> str:
    if isinstance(error, _SILENT):
        return "it doesn't answer in time"
    if isinstance(error, _BROKEN):
        return "the connection failed"
    return type(error).__name__
