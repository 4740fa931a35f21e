"""What operators are told of the nightly check itself: that it failed, or that none came to its end for too long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from leeboard.evidence.recording.heartbeat import Heartbeat
from leeboard.model.words import age, when
from leeboard.notify.mail import Letter
from leeboard.notify.webhook import Event
from leeboard.report.words import clean


def missed(beat: Heartbeat | None, at: datetime, limit: timedelta) -> str:
    """Why a night is missing, in words; "" where one came to its end within the limit, by a clock that can be right."""
    if beat is None:
        return "no check of all schools has ever come to its end here"
    if beat.at - at > timedelta(hours=1):
        return f"the last check of all schools is dated {when(beat.at)}, in the future: a clock is wrong"
    if at - beat.at <= limit:
        return ""
    return f"the last check of all schools that came to its end did so {age(beat.at, at)}, {when(beat.at)}"


def failed(result: str, beat: Heartbeat | None) -> str:
    """That the nightly check failed, and when one last did not. `result` is what systemd says of it, or ""."""
    said = f" ({clean(result, 60)})" if result else ""
    last = f"the last that came to its end did so {when(beat.at)}" if beat else "none has come to its end yet"
    return f"the nightly check failed{said}; {last}"


def letter(kind: str, estate: str, words: str, to: Sequence[str], at: datetime) -> Letter:
    """The mail about it."""
    lines = (
        f"{estate}: {words}.",
        "",
        "Nothing newer is known of its devices than what was told before. On the machine that runs Leeboard, "
        "journalctl -u leeboard-nightly says more.",
    )
    return Letter(about(kind, estate, at), tuple(to), f"Leeboard: the nightly check of {estate} {_short(kind)}", lines)


def event(kind: str, estate: str, words: str, beat: Heartbeat | None, at: datetime) -> Event:
    """The same for another program."""
    data = {
        "estate": estate,
        "message": words,
        "last_night": None if beat is None else f"{beat.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "last_night_schools": None if beat is None else beat.schools,
    }
    return Event(f"leeboard.night.{kind}", at, about(kind, estate, at), data)


def about(kind: str, estate: str, at: datetime) -> str:
    """What an alarm is told once of: a day."""
    return f"{kind} {estate} {at.astimezone(UTC):%Y-%m-%d}"


def _short(kind: str) -> str:
    return "failed" if kind == "failed" else "did not happen"
