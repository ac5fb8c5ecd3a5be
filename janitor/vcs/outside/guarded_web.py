"""HTTP for what comes from outside: within the border, within limits, and in our words.

:class:`GuardedWeb` is a pool of connections for dulwich's client and for our own questions. Each
hop of a redirect passes :mod:`.border`, and so does the address of each connection before
anything is sent. Answers that are none become a :class:`BranchOpenFailure`.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, MaxRetryError

from janitor.retry_after import pause_asked
from janitor.vcs.branch_failures import branch_failure, code_of_status
from janitor.vcs.errors import BranchOpenFailure
from janitor.vcs.outside.border import Outside
from janitor.vcs.outside.credentials import Credentials, without_login

PATIENCE = 30.0  # seconds for an answer, with all redirects
LARGEST_ANSWER = 64 * 1024 * 1024  # bytes; all references of the largest repositories
_MOST_REDIRECTS = 5
_CHUNK = 65536
_OK = 200
_REDIRECTS = range(300, 400)
_AWAY = "branch-unavailable"
_LATER = "branch-temporarily-unavailable"


class GuardedWeb(urllib3.PoolManager):
    """Connections to hosts outside.

    Args:
        outside: the border.
        credentials: who we are where we have to be somebody.
        user_agent: who we say we are.
        patience: seconds for everything that is asked here.
    """

    def __init__(
        self,
        outside: Outside,
        credentials: Credentials,
        *,
        user_agent: str,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__(retries=False, headers={"User-Agent": user_agent})
        self._credentials = credentials
        self._deadline = time.monotonic() + patience
        self.answered: str | None = None  # the URL that answered last, after its redirects
        self.pool_classes_by_scheme = {
            "http": _pool_class(HTTPConnectionPool, HTTPConnection, outside),
            "https": _pool_class(HTTPSConnectionPool, HTTPSConnection, outside),
        }
        self._outside = outside

    def urlopen(  # type: ignore[override]
        self,
        method: str,
        url: str,
        redirect: bool = True,  # noqa: ARG002 - they are followed here
        **options: Any,  # noqa: ANN401 - as those of urllib3
    ) -> urllib3.BaseHTTPResponse:
        """Ask, following redirects, and return an answer that was read already.

        Raises:
            BranchOpenFailure: there was no answer, or one that says no.
        """
        asked = url
        for _ in range(_MOST_REDIRECTS + 1):
            self._outside.check(url)
            answer = self._ask(method, url, options)
            where = answer.get_redirect_location()
            if answer.status not in _REDIRECTS or not where:
                self.answered = url
                return self._whole(answer, url)
            answer.close()
            url = without_login(urljoin(url, str(where)))
        raise branch_failure(_AWAY, asked, f"more than {_MOST_REDIRECTS} redirects")

    def _ask(self, method: str, url: str, options: Mapping[str, Any]) -> urllib3.BaseHTTPResponse:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise branch_failure(_LATER, url, "no answer in time")
        headers = dict(options.get("headers") or self.headers)
        headers.pop("Authorization", None)
        login = self._credentials.header_for(url)
        if login:  # for this host, and for no other that it sends us to
            headers["Authorization"] = login
        try:
            return super().urlopen(
                method,
                url,
                redirect=False,
                body=options.get("body"),
                headers=headers,
                preload_content=False,
                timeout=urllib3.Timeout(total=left),
                retries=False,
            )
        except MaxRetryError as error:
            raise self._no_answer(url, error.reason or error) from None
        except (HTTPError, OSError) as error:
            raise self._no_answer(url, error) from None

    def _whole(self, answer: urllib3.BaseHTTPResponse, url: str) -> urllib3.BaseHTTPResponse:
        if answer.status != _OK:
            pause = pause_asked(answer.headers.get("Retry-After"))
            answer.close()
            said = f"HTTP status {answer.status} {answer.reason or ''}".rstrip()
            raise branch_failure(code_of_status(answer.status), url, said, pause)
        body = bytearray()
        try:
            # As it comes: a host that drips is not waited for until a chunk is full.
            while chunk := answer.read1(_CHUNK, decode_content=True):
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise branch_failure(_AWAY, url, f"more than {LARGEST_ANSWER} bytes")
                if time.monotonic() > self._deadline:
                    raise branch_failure(_LATER, url, "no end in time")
        except (HTTPError, OSError) as error:
            raise self._no_answer(url, error) from None
        finally:
            answer.close()
        return urllib3.HTTPResponse(
            body=io.BytesIO(bytes(body)),
            headers={"Content-Type": answer.headers.get("Content-Type", "")},
            status=answer.status,
            preload_content=False,
            request_url=url,
        )

    def _no_answer(self, url: str, error: object) -> BranchOpenFailure:
        # "Nobody there" is a kind of timeout to urllib3.
        refused = isinstance(error, urllib3.exceptions.NewConnectionError)
        late = isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)) and not refused
        # Who hung up may not do so the next time; who is not there may be away for long.
        cut = isinstance(error, urllib3.exceptions.ProtocolError)
        return branch_failure(_LATER if late or cut else _AWAY, url, str(error))


def _pool_class(pool: Any, connection: Any, outside: Outside) -> Any:  # noqa: ANN401 - two pairs of classes
    class Guarded(connection):  # type: ignore[misc]
        def _new_conn(self) -> Any:  # noqa: ANN401 - a socket
            made = super()._new_conn()
            try:
                outside.check_address(made.getpeername()[0], f"{self.host}:{self.port}")
            except BaseException:
                made.close()
                raise
            return made

    return type("GuardedPool", (pool,), {"ConnectionCls": Guarded})
