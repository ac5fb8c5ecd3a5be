"""HTTP for what comes from outside: within the border, within limits, and in our words.

:class:`GuardedWeb` is a pool of connections for dulwich's client and for our own questions. Each
hop of a redirect passes :mod:`.border`, and so does the address of each connection before
anything is sent; :mod:`.deadline` ends them. Answers that are none become a
:class:`BranchOpenFailure`.
"""

from __future__ import annotations

import io
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
from janitor.vcs.outside.deadline import Deadline

LARGEST_ANSWER = 8 * 1024 * 1024  # bytes; 100,000 references, and of most hosts we ask for one
_MOST_REDIRECTS = 5
_OK = 200
_REDIRECTS = range(300, 400)
_AWAY = "branch-unavailable"
_LATER = "branch-temporarily-unavailable"
_TOO_LATE = "no answer in time"


class GuardedWeb(urllib3.PoolManager):
    """Connections to hosts outside.

    Args:
        outside: the border.
        credentials: who we are where we have to be somebody.
        user_agent: who we say we are.
        deadline: until when everything that is asked here is answered.
    """

    def __init__(
        self,
        outside: Outside,
        credentials: Credentials,
        *,
        user_agent: str,
        deadline: Deadline,
    ) -> None:
        # A little that is packed can be very much, and costs the time to unpack it.
        as_it_is = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        super().__init__(retries=False, headers=as_it_is)
        self._credentials = credentials
        self._deadline = deadline
        self.answered: str | None = None  # the URL that answered last, after its redirects
        self.pool_classes_by_scheme = {
            "http": _pool_class(HTTPConnectionPool, HTTPConnection, outside, deadline),
            "https": _pool_class(HTTPSConnectionPool, HTTPSConnection, outside, deadline),
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
        left = self._deadline.left
        if left <= 0:
            raise branch_failure(_LATER, url, _TOO_LATE)
        headers = {**self.headers, **(options.get("headers") or {})}
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
        try:
            _check(answer, url)
            body = self._read(answer, url)
        finally:
            answer.close()
        return urllib3.HTTPResponse(
            body=io.BytesIO(body),
            headers={"Content-Type": answer.headers.get("Content-Type", "")},
            status=answer.status,
            preload_content=False,
            request_url=url,
        )

    def _read(self, answer: urllib3.BaseHTTPResponse, url: str) -> bytes:
        try:
            body = answer.read(LARGEST_ANSWER + 1, decode_content=False)
        except (HTTPError, OSError) as error:
            raise self._no_answer(url, error) from None
        if self._deadline.left <= 0:  # where no length was said, the end looks like one of theirs
            raise branch_failure(_LATER, url, _TOO_LATE)
        if len(body) > LARGEST_ANSWER:
            raise branch_failure(_AWAY, url, f"more than {LARGEST_ANSWER} bytes")
        return body

    def _no_answer(self, url: str, error: object) -> BranchOpenFailure:
        if self._deadline.left <= 0:
            return branch_failure(_LATER, url, _TOO_LATE)
        # "Nobody there" is a kind of timeout to urllib3.
        refused = isinstance(error, urllib3.exceptions.NewConnectionError)
        late = isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)) and not refused
        # Who hung up may not do so the next time; who is not there may be away for long.
        cut = isinstance(error, urllib3.exceptions.ProtocolError)
        return branch_failure(_LATER if late or cut else _AWAY, url, str(error))


def _check(answer: urllib3.BaseHTTPResponse, url: str) -> None:
    """Refuse an answer that says no, or is packed though we asked for it as it is."""
    if answer.status != _OK:
        said = f"HTTP status {answer.status} {answer.reason or ''}".rstrip()
        pause = pause_asked(answer.headers.get("Retry-After"))
        raise branch_failure(code_of_status(answer.status), url, said, pause)
    packed = answer.headers.get("Content-Encoding", "identity")
    if packed != "identity":
        raise branch_failure(_AWAY, url, f"its answer is packed ({packed}), which nobody asked for")


def _pool_class(
    pool: Any,  # noqa: ANN401 - two pairs of classes
    connection: Any,  # noqa: ANN401
    outside: Outside,
    deadline: Deadline,
) -> Any:  # noqa: ANN401
    class Guarded(connection):  # type: ignore[misc]
        def _new_conn(self) -> Any:  # noqa: ANN401 - a socket
            made = super()._new_conn()
            try:
                outside.check_address(made.getpeername()[0], f"{self.host}:{self.port}")
            except BaseException:
                made.close()
                raise
            return made

        def connect(self) -> None:
            super().connect()
            deadline.watch(self.sock)

    return type("GuardedPool", (pool,), {"ConnectionCls": Guarded})
