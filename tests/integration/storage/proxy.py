"""A proxy between a client and a server that does what networks and services do.

It passes bytes on as they are. A plan looks at the head of each request and may say what
becomes of it; what was planned is taken from the plan, so that the next try goes well.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_HEAD_ENDS = b"\r\n\r\n"


@dataclass(frozen=True)
class Fault:
    """What becomes of a request.

    Args:
        after_request: bytes of the request's body that still pass before the connection is cut;
            None lets all of them pass.
        after_answer: bytes of the answer that pass before the connection is cut.
        answer: is given in the server's place, which hears nothing.
        silent: nothing is answered, for as long as the client waits.
        flipped: the first byte of the answer's body is another one.
    """

    after_request: int | None = None
    after_answer: int | None = None
    answer: bytes | None = None
    silent: bool = False
    flipped: bool = False


def answer(status: str, *headers: str, body: bytes = b"") -> Fault:
    """An answer of its own, such as ``503 Slow Down``."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return Fault(answer="\r\n".join([*lines, "", ""]).encode() + body)


@dataclass
class Proxy:
    """Its address, what it saw, and what it is to do."""

    url: str
    seen: list[str] = field(default_factory=list)
    _plans: list[tuple[Callable[[str], bool], Fault, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, fault: Fault, when: Callable[[str], bool], times: int = 1) -> None:
        """Let something happen to the next requests whose head is such a one."""
        self._plans.append((when, fault, times))

    def forget(self) -> None:
        """Let everything pass from now on."""
        self._plans.clear()

    def fault_of(self, head: str) -> Fault | None:
        """What is planned for a request; once asked it is done."""
        with self._lock:
            self.seen.append(head)
            for number, (when, fault, times) in enumerate(self._plans):
                if when(head):
                    self._plans[number : number + 1] = (
                        [(when, fault, times - 1)] if times > 1 else []
                    )
                    return fault
        return None


@contextmanager
def proxy_to(server_url: str) -> Iterator[Proxy]:
    """Run a proxy in front of a server."""
    target = (urlsplit(server_url).hostname, urlsplit(server_url).port)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def accept() -> None:
            with suppress(OSError):  # closed
                while True:
                    client, _ = listener.accept()
                    threading.Thread(
                        target=_serve, args=(client, target, proxy), daemon=True
                    ).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(client: socket.socket, target: tuple[str, int], proxy: Proxy) -> None:
    with client, suppress(OSError), client.makefile("rb") as requests:
        while head := _read_head(requests):
            fault = proxy.fault_of(head.decode("latin-1"))
            if fault is not None and fault.silent:
                requests.read()  # until the client gives up
                return
            body = _Body(requests, head)
            if fault is not None and fault.answer is not None:
                body.skip()
                client.sendall(fault.answer)
                client.shutdown(socket.SHUT_WR)
                return
            with socket.create_connection(target) as server:
                server.sendall(_closing(head))
                cut = fault.after_request if fault else None
                if body.expects_continue and body.size:
                    client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                if not body.pass_on(server, cut):
                    _reset(client)
                    return
                _answer(server, client, fault)
            return  # one request a connection: a fault then meets the request it was meant for


class _Body:
    """What follows the head of a request."""

    def __init__(self, requests: object, head: bytes) -> None:
        headers = dict(
            line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line
        )
        self._requests = requests
        self._chunked = b"chunked" in headers.get(b"transfer-encoding", b"")
        self.expects_continue = b"expect" in headers
        self.size = int(headers.get(b"content-length", b"0"))

    def skip(self) -> None:
        self._requests.read(self.size)  # type: ignore[attr-defined]

    def pass_on(self, server: socket.socket, cut: int | None) -> bool:
        """Pass it on; False where it was cut."""
        assert not self._chunked
        left = self.size if cut is None else min(cut, self.size)
        while left:
            piece = self._requests.read(min(left, 65536))  # type: ignore[attr-defined]
            if not piece:
                return False
            server.sendall(piece)
            left -= len(piece)
        return cut is None


def _answer(server: socket.socket, client: socket.socket, fault: Fault | None) -> None:
    cut = fault.after_answer if fault else None
    head = b""
    while _HEAD_ENDS not in head:
        piece = server.recv(65536)
        if not piece:
            return
        head += piece
    head, _, body = head.partition(_HEAD_ENDS)
    passed = 0
    client.sendall(head + _HEAD_ENDS if cut is None or cut > 0 else b"")
    while body := body or server.recv(65536):
        if fault is not None and fault.flipped and not passed:
            body = bytes([body[0] ^ 1]) + body[1:]
        if cut is not None and passed + len(body) >= cut:
            client.sendall(body[: cut - passed])
            _reset(client)
            return
        client.sendall(body)
        passed += len(body)
        body = b""
    if cut == 0:
        _reset(client)


def _read_head(requests: object) -> bytes:
    lines = []
    while (line := requests.readline()) not in {b"", b"\r\n"}:  # type: ignore[attr-defined]
        lines.append(line)
    return b"".join(lines)


def _closing(head: bytes) -> bytes:
    """The head, asking the server to close the connection after its answer."""
    kept = [
        line
        for line in head.split(b"\r\n")
        if not line.lower().startswith((b"connection:", b"expect:"))
    ]
    return b"\r\n".join([*kept[:-1], b"Connection: close", b"", b""])


def _reset(client: socket.socket) -> None:
    """Cut the connection, so that the other side notices."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()
