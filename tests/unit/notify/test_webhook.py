"""Webhooks to a real receiver: its signature is compared by the standard's own library, and nothing goes astray."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError

from leeboard.errors import LeeboardError
from leeboard.estate.notify_settings import Webhook
from leeboard.notify import webhook
from leeboard.notify.webhook import Event, key_of, post
from tests.unit.notify.servers import Authority, HookServer, hook_server

SECRET = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
EVENT = Event(
    "leeboard.night.finished", datetime(2026, 11, 25, 3, tzinfo=UTC), "LA 1", {"schools": [{"urn": "900001"}]}
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def server(authority: Authority) -> Iterator[HookServer]:
    with hook_server(authority.context) as running:
        yield running


def settings(server: HookServer, authority: Authority | None) -> Webhook:
    given = {"url": server.url, "secret": "hook.vault", "ca": str(authority.pem) if authority else None}
    return Webhook.model_validate(given)


def sent(server: HookServer, authority: Authority | None, secret: str = SECRET) -> list[float]:
    """The pauses that were made."""
    pauses: list[float] = []
    post(EVENT, settings(server, authority), secret, pauses.append)
    return pauses


def test_the_receiver_verifies_it_and_reads_what_was_told(server: HookServer, authority: Authority) -> None:
    assert sent(server, authority) == []
    ((headers, body),) = server.requests
    said = Receiver(SECRET).verify(body.decode(), headers)
    assert said == json.loads(body)
    assert said == {"type": EVENT.type, "timestamp": "2026-11-25T03:00:00Z", "data": {"schools": [{"urn": "900001"}]}}
    assert headers["content-type"] == "application/json"


def test_another_secret_or_another_body_is_noticed(server: HookServer, authority: Authority) -> None:
    sent(server, authority)
    ((headers, body),) = server.requests
    other = f"whsec_{base64.b64encode(b'x' * 32).decode()}"
    for secret, text in ((other, body.decode()), (SECRET, body.decode().replace("900001", "900002"))):
        with pytest.raises(WebhookVerificationError):
            Receiver(secret).verify(text, headers)


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_it_is_tried_again_with_the_same_id(server: HookServer, authority: Authority, status: int) -> None:
    server.answers = [status, status, 204]
    assert sent(server, authority) == [2, 10]
    assert len(server.requests) == 3
    assert len({headers["webhook-id"] for headers, _ in server.requests}) == 1
    assert len({body for _, body in server.requests}) == 1


def test_it_is_given_up_after_four_tries(server: HookServer, authority: Authority) -> None:
    server.answers = [500]
    pauses: list[float] = []
    with pytest.raises(LeeboardError, match=r"/hook: answered 500; it will be told the next time") as refusal:
        post(EVENT, settings(server, authority), SECRET, pauses.append)
    assert len(server.requests) == 4 and pauses == list(webhook.PAUSES)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(("asked", "first"), [("7", 7.0), ("1", 2.0), ("86400", 60.0), ("soon", 2.0)])
def test_it_waits_as_long_as_it_is_asked_to_within_a_bound(
    server: HookServer, authority: Authority, asked: str, first: float
) -> None:
    server.answers, server.more = [503, 200], {"Retry-After": asked}
    assert sent(server, authority) == [first]


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_what_will_not_be_otherwise_is_tried_once(server: HookServer, authority: Authority, status: int) -> None:
    server.answers = [status]
    with pytest.raises(LeeboardError, match=f"answered {status}"):
        sent(server, authority)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_is_not_followed(server: HookServer, authority: Authority, status: int) -> None:
    with hook_server(authority.context) as other:
        server.answers, server.more = [status], {"Location": other.url}
        with pytest.raises(LeeboardError, match=f"answered {status}"):
            sent(server, authority)
        assert len(server.requests) == 1 and other.requests == []


def test_a_certificate_that_does_not_count_ends_it_at_once(server: HookServer) -> None:
    pauses: list[float] = []
    with pytest.raises(LeeboardError, match="its certificate does not count"):
        post(EVENT, settings(server, None), SECRET, pauses.append)
    assert server.requests == [] and pauses == []


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    other = Authority(tmp_path, "hooks.evil.example")
    with hook_server(other.context) as server:
        with pytest.raises(LeeboardError, match="its certificate does not count"):
            sent(server, other)
        assert server.requests == []


def test_a_receiver_that_is_away_is_tried_four_times(authority: Authority) -> None:
    pauses: list[float] = []
    with pytest.raises(LeeboardError, match="https://localhost:9/hook: cannot be reached"):
        post(EVENT, settings(HookServer(port=9), authority), SECRET, pauses.append)
    assert pauses == list(webhook.PAUSES)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "hunter2", "whsec_c2hvcnQ=", f"whsec_{'A' * 200}", "whsec_*not base64*"]
)
def test_a_secret_that_is_none_is_refused_before_anything_is_sent(
    server: HookServer, authority: Authority, secret: str
) -> None:
    with pytest.raises(LeeboardError, match="openssl rand -base64 32") as refusal:
        sent(server, authority, secret)
    assert server.requests == [] and (len(secret) < 7 or secret not in str(refusal.value))


def test_the_key_is_what_the_secret_says() -> None:
    assert key_of(SECRET) == b"k" * 32


def test_ids_tell_events_apart() -> None:
    others = [Event(EVENT.type, EVENT.at, "LA 2", {}), Event("leeboard.night.failed", EVENT.at, EVENT.about, {})]
    assert len({EVENT.id, *(one.id for one in others)}) == 3
    assert Event(EVENT.type, datetime(2027, 1, 1, tzinfo=UTC), EVENT.about, {}).id == EVENT.id
