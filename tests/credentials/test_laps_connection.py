"""A directory that does not come to an end holds nobody up, and one whose connection broke off is asked again.

The client of microsoft.ad is a stand-in here, since its own threads break a connection once in hundreds of times; what
a real directory says is in test_laps.py.
"""

from __future__ import annotations

import json
import signal
import ssl
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.leeboard.schools.plugins.lookup import laps_password

SEARCHED = {"cn=pc-1": {"msLAPS-Password": [json.dumps({"p": "Canary-9040"}).encode()]}}
REFUSED = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
BROKEN = ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC] bad record")


class StandInClient:
    """A connection whose searches come out as `outcomes` say, one after the other: entries, or an error to raise."""

    def __init__(self, outcomes: list[Any]) -> None:
        self.outcomes, self.connections = outcomes, 0

    def __call__(self, **_options: Any) -> StandInClient:
        self.connections += 1
        return self

    def __enter__(self) -> StandInClient:
        return self

    def __exit__(self, *_problem: object) -> None:
        pass

    def search(self, *_filter: object, **_base: object) -> dict[str, Any]:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, threading.Event):
            outcome.wait()
        return outcome  # type: ignore[no-any-return]


def _ask(monkeypatch: pytest.MonkeyPatch, *outcomes: Any) -> tuple[list[str] | str, StandInClient]:
    """The passwords or the message, and the client."""
    client = StandInClient(list(outcomes))
    plain = SimpleNamespace(FilterAnd=lambda **_parts: None, FilterEquality=lambda *_parts: None)
    monkeypatch.setattr(laps_password, "MISSING", "")
    monkeypatch.setattr(laps_password, "sansldap", plain, raising=False)
    monkeypatch.setattr(laps_password, "create_ldap_connection", client, raising=False)
    monkeypatch.setattr(laps_password, "PATIENCE", 0.2)
    lookup = laps_password.LookupModule()
    monkeypatch.setattr(lookup, "get_options", lambda: {"server": "dc1", "search_base": None})
    monkeypatch.setattr(lookup, "set_options", lambda **_given: None)
    try:
        return lookup.run(["pc-1"]), client
    except AnsibleLookupError as problem:
        return str(problem), client


def _received(problem: Exception) -> Exception:
    """What the client makes of an error of its reading thread."""
    said = Exception(f"Exception from receiving task: {problem}")
    said.__cause__ = problem
    return said


@pytest.mark.parametrize("trouble", [BROKEN, _received(BROKEN), threading.Event()], ids=["written", "read", "hangs"])
def test_a_connection_that_broke_off_is_made_again(monkeypatch: pytest.MonkeyPatch, trouble: object) -> None:
    assert _ask(monkeypatch, trouble, trouble, SEARCHED)[0] == ["Canary-9040"]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [(BROKEN, "TLS with the domain controller dc1 broke off"), (threading.Event(), "dc1 does not answer")],
)
def test_it_is_not_made_again_without_end(monkeypatch: pytest.MonkeyPatch, trouble: object, words: str) -> None:
    message, client = _ask(monkeypatch, *[trouble] * 9)
    assert words in message
    assert client.connections == laps_password.TRIES


@pytest.mark.parametrize("trouble", [REFUSED, _received(REFUSED), _received(ValueError("INVALID_CREDENTIALS"))])
def test_an_answer_is_an_answer(monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    message, client = _ask(monkeypatch, trouble, SEARCHED)
    assert "is not accepted" in message or "did not accept" in message
    assert client.connections == 1


def test_a_wait_without_end_ends() -> None:
    before, began = signal.getsignal(signal.SIGALRM), time.monotonic()
    never = threading.Event()
    with pytest.raises(TimeoutError), laps_password._limited(0.2):
        never.wait()
    assert time.monotonic() - began < 30
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
