"""A Windows machine's WinRM service on loopback: HTTPS with Basic authentication, for `ansible_connection: winrm`.

What runs the commands is passed in, so that the same endpoint stands in front of a Wine machine, or of nothing at all.
A trouble that a test switches on strikes from the first request of a given action on, and stays.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any, ClassVar

from . import messages
from .commands import Shells, Start
from .messages import Refused, Request

SOAP_TYPE = "application/soap+xml;charset=UTF-8"
PATH = "/wsman"
HANDSHAKE = 5  # seconds for a client to finish it
ENVELOPE_LIMIT = 500 * 1024  # MaxEnvelopeSizekb of a Windows as installed: a larger request is refused
ROOM_FOR_XML = 2048

PAGE = b"<html><head><title>Service Unavailable</title></head><body><h1>HTTP Error 503</h1></body></html>"


class Trouble(StrEnum):
    """What can go wrong with a machine or the way to it."""

    SILENT = "asleep: it takes connections and answers nothing any more"
    DROPPED = "closes the connection in the middle of an answer"
    PAGE = "answers HTTP 500 with an HTML page"
    RUBBISH = "answers with something that is no XML"
    ENDLESS = "answers, but the command never comes to an end"
    DENIED = "lets the account in and allows it nothing"


@dataclass
class Traffic:
    """What went over the wire, without TLS: requests by action, and bytes with their HTTP headers."""

    requests: Counter[str] = field(default_factory=Counter)
    received: int = 0
    sent: int = 0
    largest: int = 0
    refused: int = 0
    handshakes: int = 0
    broken_handshakes: int = 0

    @property
    def total(self) -> int:
        """Requests of all actions."""
        return self.requests.total()

    @property
    def bytes(self) -> int:
        """Both ways together."""
        return self.received + self.sent


class Endpoint:
    """One machine's service. Use it in a `with` block, or call `close`. It listens `at`; port 0: a free one."""

    def __init__(
        self, start: Start, user: str, password: str, context: ssl.SSLContext, at: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        self.shells = Shells(start)
        self.traffic = Traffic()
        self.context = context
        self.closing = threading.Event()
        # Asked anew for each connection: whether it is taken, what encrypts it, whether the account may sign in.
        self.lets_in: Callable[[], bool] = lambda: True
        self.answers_with: Callable[[], ssl.SSLContext] = lambda: self.context
        self.signs_in: Callable[[], bool] = lambda: True
        self._expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._trouble: tuple[Trouble, str] | None = None
        self._struck = False
        self._lock = threading.Lock()
        self._server = _Server(self, at)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop, with every connection and every command."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.shells.close()

    def strike(self, trouble: Trouble, action: str = "") -> None:
        """From the first request of this action on (from the next connection on if none is named), be in trouble."""
        self._trouble, self._struck = (trouble, action), not action

    def recover(self) -> None:
        """No trouble any more."""
        self._trouble, self._struck = None, False

    def forget(self) -> None:
        """Count from nothing again."""
        with self._lock:
            self.traffic = Traffic()

    def trouble(self, action: str = "") -> Trouble | None:
        """The trouble that a request of this action meets."""
        if self._trouble and action == self._trouble[1]:
            self._struck = True
        return self._trouble[0] if self._trouble and self._struck else None

    def knows(self, authorization: str | None) -> bool:
        """True for the right user and password."""
        return hmac.compare_digest((authorization or "").encode(), self._expected.encode())

    def count(self, change: Callable[[Traffic], None]) -> None:
        """Note something in the traffic; several connections do it at once."""
        with self._lock:
            change(self.traffic)

    def answer(self, request: Request) -> bytes:
        """What the machine does for a request. Raises Refused."""
        try:
            return self._answers[request.action](self, request)
        except KeyError:
            raise Refused(messages.NO_SUCH_SHELL) from None
        except FileNotFoundError:
            raise Refused(messages.NOT_FOUND) from None

    def _create(self, request: Request) -> bytes:
        return messages.created(request, self.shells.create())

    def _command(self, request: Request) -> bytes:
        line = " ".join(part for part in (request.text("Command"), request.text("Arguments")) if part)
        return messages.started(request, self.shells.run(request.shell, line))

    def _send(self, request: Request) -> bytes:
        self.shells.command(request.shell, request.command).send(*request.input)
        return messages.done(request)

    def _receive(self, request: Request) -> bytes:
        if self.trouble() is Trouble.ENDLESS:
            self.closing.wait(request.timeout)
            raise Refused(messages.TIMED_OUT)
        most = (request.largest - ROOM_FOR_XML) * 3 // 4  # base64 makes four characters of three bytes
        found = self.shells.command(request.shell, request.command).receive(request.timeout, most)
        if found is None:
            raise Refused(messages.TIMED_OUT)
        return messages.output(request, *found)

    def _signal(self, request: Request) -> bytes:
        self.shells.end(request.shell, request.command)
        return messages.done(request)

    def _delete(self, request: Request) -> bytes:
        self.shells.delete(request.shell)
        return messages.done(request)

    _answers: ClassVar[dict[str, Callable[[Endpoint, Request], bytes]]] = {
        "Create": _create,
        "Command": _command,
        "Send": _send,
        "Receive": _receive,
        "Signal": _signal,
        "Delete": _delete,
    }


class _Server(ThreadingHTTPServer):
    """Each connection in a thread of its own, TLS handshake included."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, endpoint: Endpoint, at: tuple[str, int]) -> None:
        self.endpoint = endpoint
        super().__init__(at, _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Wrap the connection before anything is read from it."""
        wrapped = self._wrap(request)
        super().process_request_thread(request if wrapped is None else wrapped, client_address)

    def _wrap(self, request: socket) -> ssl.SSLSocket | None:
        if self.endpoint.trouble() is Trouble.SILENT:
            self.endpoint.closing.wait()
            return None
        if not self.endpoint.lets_in():
            return None
        request.settimeout(HANDSHAKE)
        try:
            wrapped = self.endpoint.answers_with().wrap_socket(request, server_side=True)
        except (OSError, LookupError):
            self.endpoint.count(lambda traffic: setattr(traffic, "broken_handshakes", traffic.broken_handshakes + 1))
            return None
        wrapped.settimeout(None)
        self.endpoint.count(lambda traffic: setattr(traffic, "handshakes", traffic.handshakes + 1))
        return wrapped

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One connection: HTTP/1.1, kept alive."""

    protocol_version = "HTTP/1.1"
    server: _Server
    _let_in = False

    def handle(self) -> None:
        """Talk HTTP only where TLS is established."""
        if isinstance(self.connection, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""

    def do_POST(self) -> None:
        """A SOAP request, or the trouble that the test asked for."""
        endpoint = self.server.endpoint
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        size = len(self.raw_requestline) + len(bytes(self.headers)) + len(data)
        if self.path != PATH:
            self._reply(404, b"")
        elif not (endpoint.knows(self.headers.get("Authorization")) and self._signed_in()):
            endpoint.count(lambda traffic: self._note(traffic, "", size, refused=1))
            self._reply(401, b"", **{"WWW-Authenticate": 'Basic realm="WSMAN"'})
        else:
            self._soap(endpoint, data, size)

    def _signed_in(self) -> bool:
        """Whether the account may come in; a connection that is there goes on whatever becomes of the machine."""
        self._let_in = self._let_in or self.server.endpoint.signs_in()
        return self._let_in

    def _soap(self, endpoint: Endpoint, data: bytes, size: int) -> None:
        relates_to = ""
        try:
            if len(data) > ENVELOPE_LIMIT:
                raise Refused(messages.MALFORMED)
            request = messages.read(data)
            relates_to = request.message_id
            endpoint.count(lambda traffic: self._note(traffic, request.action, size))
            trouble = endpoint.trouble(request.action)
            if trouble is None or trouble is Trouble.ENDLESS:
                self._reply(200, endpoint.answer(request))
            else:
                self._fail(endpoint, trouble, request)
        except Refused as refused:
            self._reply(500, messages.fault(refused.refusal, relates_to))

    def _fail(self, endpoint: Endpoint, trouble: Trouble, request: Request) -> None:
        if trouble is Trouble.PAGE:
            self._reply(500, PAGE, **{"Content-Type": "text/html"})
        elif trouble is Trouble.DENIED:
            raise Refused(messages.DENIED)
        elif trouble is Trouble.RUBBISH:
            self._reply(200, b"\x00\xff<oops", **{"Content-Type": SOAP_TYPE})
        else:
            self.close_connection = True
            if trouble is Trouble.SILENT:
                endpoint.closing.wait()
            else:
                answer = endpoint.answer(request)
                self._head(200, len(answer), {"Content-Type": SOAP_TYPE})
                self.wfile.write(answer[: len(answer) // 2])

    def _reply(self, status: int, body: bytes, **headers: str) -> None:
        self._head(status, len(body), headers or {"Content-Type": SOAP_TYPE})
        self.wfile.write(body)
        self.server.endpoint.count(lambda traffic: setattr(traffic, "sent", traffic.sent + len(body)))

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        head = sum(len(line) for line in self._headers_buffer) + 2
        self.server.endpoint.count(lambda traffic: setattr(traffic, "sent", traffic.sent + head))
        self.end_headers()

    def version_string(self) -> str:
        """As http.sys names itself."""
        return "Microsoft-HTTPAPI/2.0"

    @staticmethod
    def _note(traffic: Traffic, action: str, size: int, refused: int = 0) -> None:
        if action:
            traffic.requests[action] += 1
        traffic.received += size
        traffic.largest = max(traffic.largest, size)
        traffic.refused += refused
