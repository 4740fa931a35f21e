"""A message to another program as JSON over HTTPS, signed as Standard Webhooks describes (standardwebhooks.com).

The receiver compares the signature, and takes an id that it knows for a repetition. Redirections are not followed:
what was meant for one place goes to no other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPException
from typing import IO, Any

from leeboard.errors import LeeboardError
from leeboard.estate.notify_settings import Webhook
from leeboard.model.run_id import stamp
from leeboard.version import __version__

PREFIX = "whsec_"
SECRET_BYTES = (24, 64)  # as the standard has it
WAIT_SECONDS = 15
PAUSES = (2, 10, 30)  # seconds before each further try
LONGEST_PAUSE = 60
AGAIN = (408, 425, 429)  # and all of 500 to 599


@dataclass(frozen=True)
class Event:
    """What is told. `about` makes the id: the same for the same night, so that a repetition is known as one."""

    type: str
    at: datetime
    about: str
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The id, which the receiver has not seen before unless it has this event."""
        return f"leeboard_{hashlib.sha256(f'{self.type} {self.about}'.encode()).hexdigest()[:32]}"

    @property
    def body(self) -> bytes:
        """The JSON."""
        said = {"type": self.type, "timestamp": stamp(self.at), "data": self.data}
        return json.dumps(said, ensure_ascii=True, allow_nan=False).encode()


def key_of(secret: str) -> bytes:
    """The key in a secret such as whsec_... Raises LeeboardError that says how to make one."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not SECRET_BYTES[0] <= len(key) <= SECRET_BYTES[1]:
        raise LeeboardError(
            f"the webhook's secret must be {PREFIX} and 24 to 64 bytes in base64; "
            f'make one with: echo "{PREFIX}$(openssl rand -base64 32)"'
        )
    return key


def headers(event: Event, key: bytes, now: datetime) -> dict[str, str]:
    """What goes with the body: id, time and signature."""
    moment = str(int(now.timestamp()))
    signed = hmac.new(key, f"{event.id}.{moment}.".encode() + event.body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": f"leeboard/{__version__}",
        "webhook-id": event.id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def post(
    event: Event,
    webhook: Webhook,
    secret: str,
    pause: Callable[[float], None],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Send an event until the receiver took it, four times at most. Raises LeeboardError where it did not."""
    key = key_of(secret)
    try:
        trusted = ssl.create_default_context(cafile=webhook.ca)
    except (OSError, ssl.SSLError) as problem:
        raise LeeboardError(f"{webhook.ca}: holds no certificates that can be read: {problem}") from None
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusted), _Stay())
    why = ""
    pauses: tuple[float | None, ...] = (*PAUSES, None)
    for wait in pauses:
        request = urllib.request.Request(webhook.url, event.body, headers(event, key, now()), method="POST")  # noqa: S310 - the settings take https alone
        try:
            with opener.open(request, timeout=WAIT_SECONDS):
                return
        except urllib.error.HTTPError as answer:
            why = f"answered {answer.code}"
            if answer.code not in AGAIN and answer.code < 500:
                break
            wait = _asked(answer.headers, wait)
        except urllib.error.URLError as problem:
            why = f"cannot be reached: {_reason(problem.reason)}"
            if isinstance(problem.reason, ssl.SSLCertVerificationError):
                why = f"its certificate does not count ({problem.reason.verify_message})"
                break
        except (OSError, HTTPException) as problem:
            why = f"gave no answer: {_reason(problem)}"
        if wait is not None:
            pause(wait)
    raise LeeboardError(f"{webhook.url}: {why}; it will be told the next time") from None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection, which then is an answer like others that are no success."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """None: the answer stands."""


def _asked(said: Message, wait: float | None) -> float | None:
    """How long the receiver asked to wait, where it did, within a bound."""
    asked = said.get("Retry-After", "")
    if wait is None or not asked.isdecimal():
        return wait
    return min(max(wait, int(asked)), LONGEST_PAUSE)


def _reason(problem: object) -> str:
    return str(getattr(problem, "strerror", None) or problem or type(problem).__name__)
