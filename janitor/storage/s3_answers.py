"""What Amazon's library raises, as a store says it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name
    ConnectTimeoutError,
    FlexibleChecksumError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
)

from janitor.redaction import redact
from janitor.retry_after import pause_asked
from janitor.storage.port import Damaged, Refused, ServiceUnavailable

_REFUSING = frozenset({401, 403})
_LONGEST_REASON = 300  # characters


@contextmanager
def answering(location: str, doing: str) -> Iterator[None]:
    """Turn errors of the library into a store's.

    Args:
        location: the store, for the message.
        doing: what it was asked for, for the message.
    """
    try:
        yield
    except ClientError as error:
        raise _as_said(f"{location}: can't {doing}", error) from error
    except FlexibleChecksumError as error:
        raise Damaged(f"{location}: can't {doing}: what came has another checksum") from error
    except NoCredentialsError as error:
        raise Refused(f"{location}: can't {doing}: there are no credentials") from error
    except BotoCoreError as error:
        raise ServiceUnavailable(f"{location}: can't {doing}: {_in_words(error)}") from error


def status_of(error: ClientError) -> int:
    """Return the HTTP status of an answer."""
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status


def code_of(error: ClientError) -> str:
    """Return the service's own word for an error."""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code


def _as_said(what: str, error: ClientError) -> ServiceUnavailable:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    message = error.response.get("Error", {}).get("Message", "")
    kind = Refused if status_of(error) in _REFUSING else ServiceUnavailable
    reason = f"{status_of(error)} {code_of(error)}: {message}"[:_LONGEST_REASON]
    return kind(redact(f"{what}: {reason}"), retry_after=pause_asked(headers.get("retry-after")))


def _in_words(error: BotoCoreError) -> str:
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError):
        return "it doesn't answer in time"
    if isinstance(error, ConnectionError | HTTPClientError):
        return "the connection failed"
    return type(error).__name__  # its text may name profiles, files and URLs
