"""Servers on this machine that notifications are sent to: one for mail (aiosmtpd), and one for webhooks, with TLS."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

ACCOUNT, PASSWORD = "leeboard", "correct horse battery staple"


class Authority:
    """A certificate authority that nobody knows, and a server's certificate of it."""

    def __init__(self, folder: Path, name: str = "localhost") -> None:
        authority = trustme.CA()
        self.pem = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.pem))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self.context)


@dataclass
class MailServer:
    """What came in. `refuses` are addresses that it does not take, `answers` what it says to a mail."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    signed_in: list[bytes] = field(default_factory=list)
    in_clear: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    answer: str = "250 taken"

    async def handle_MAIL(self, _server: SMTP, session: Session, envelope: Envelope, address: str, _o: Any) -> str:
        if session.ssl is None:
            self.in_clear.append(address)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _o: Any) -> str:
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            self.mails.append(bytes(envelope.content or b""))
        return self.answer

    def authenticate(self, _server: SMTP, session: Session, _e: Envelope, _mechanism: str, data: Any) -> AuthResult:
        self.signed_in.append(data.password)
        good = isinstance(data, LoginPassword) and data.password.decode() == PASSWORD and session.ssl is not None
        return AuthResult(success=good, handled=False)


@contextmanager
def mail_server(context: ssl.SSLContext | None, implicit: bool = False) -> Iterator[MailServer]:
    """A server that wants an account; without a context it offers no TLS, and takes mail all the same."""
    state = MailServer()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # a client that hangs up is what some tests are about
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def made() -> SMTP:
        starttls = context is not None and not implicit
        return SMTP(
            state,
            hostname="localhost",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=state.authenticate,
            auth_require_tls=context is not None and not implicit,
            auth_required=False,
            loop=loop,
        )

    async def begin() -> asyncio.Server:
        return await loop.create_server(made, "127.0.0.1", 0, ssl=context if implicit else None)

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    """Close the server, and leave no conversation behind."""
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class HookServer:
    """What came in: headers and body of each request. `answers` are statuses in order; the last stays."""

    port: int = 0
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=lambda: [200])
    more: dict[str, str] = field(default_factory=dict)  # headers of the answer

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/hook"


@contextmanager
def hook_server(context: ssl.SSLContext) -> Iterator[HookServer]:
    """A receiver of webhooks."""
    state = HookServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = state.answers.pop(0) if len(state.answers) > 1 else state.answers[0]
            self.send_response(status)
            for name, value in state.more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
