"""The published list as clients get it: fetched by its address within a bound, from servers that mean no good."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from leeboard.authority import lists, memory, published
from leeboard.authority.publishing import Publication
from leeboard.authority.records import Issuer
from leeboard.errors import LeeboardError
from tests.unit.authority.authorities import LISTS, Authority


@contextmanager
def served(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: what is asked is no news."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/vpn"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sent(content: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(content)

    return answer


BY_COMMAND = Publication(command=("true",))


def at_address(issuer: Issuer, base: str) -> Issuer:
    return issuer.model_copy(update={"lists": issuer.lists.replace(LISTS, base)})


def test_a_list_is_fetched_by_its_address(authority: Authority) -> None:
    lists.sign(authority.var, authority.at)
    issuer = authority.known.current
    content = memory.list_path(authority.var, issuer.id).read_bytes()
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        sent(content)(request)

    with served(answer) as base:
        found = published.fetch(BY_COMMAND, at_address(issuer, base), time.monotonic() + 10)
    assert found == content and asked == [f"/vpn/{issuer.id}.crl"]
    assert published.fetch(Publication(), issuer, time.monotonic() + 10) is None


def refuse(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()

    return answer


def drip(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(100):
        try:
            request.wfile.write(b"x")
        except OSError:
            return
        time.sleep(0.1)


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    with suppress(OSError):
        while True:
            request.wfile.write(b"x" * 1024 * 1024)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refuse(500), "answered 500"),
        (refuse(302, Location="http://127.0.0.1:9/elsewhere"), "answered 302"),
        (refuse(301, Location="file:///etc/hostname"), "answered 301"),
        (drip, "(had not ended in time|timed out)"),
        (endless, "has more than 16777216 bytes"),
    ],
)
def test_hostile_servers(authority: Authority, answer: Callable[[BaseHTTPRequestHandler], None], words: str) -> None:
    begun = time.monotonic()
    with served(answer) as base, pytest.raises(LeeboardError, match=words):
        published.fetch(BY_COMMAND, at_address(authority.known.current, base), begun + 3)
    assert time.monotonic() - begun < 30


def test_nothing_there_and_nobody_there(authority: Authority) -> None:
    issuer = authority.known.current
    with served(refuse(404)) as base:
        assert published.fetch(BY_COMMAND, at_address(issuer, base), time.monotonic() + 10) is None
    with pytest.raises(LeeboardError, match=r"http://127\.0\.0\.1:9/vpn/issuing-.*refused"):
        published.fetch(BY_COMMAND, at_address(issuer, "http://127.0.0.1:9/vpn"), time.monotonic() + 10)
    with pytest.raises(LeeboardError, match="there was no time left for it"):
        published.fetch(BY_COMMAND, issuer, time.monotonic() - 1)
