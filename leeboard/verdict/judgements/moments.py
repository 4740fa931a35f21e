"""Judgements of texts that name moments: until when certificates are valid, and when the Security log was cleared.

A device says only what does not move by itself; what that comes to depends on the moment at which somebody asks. A
certificate is a text "NAME is valid from BEGIN to END", with more periods after " or " where any of several
certificates is enough. Moments are whole seconds in UTC, as certificates have them: 2027-01-14T09:30:00Z.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from leeboard.model.words import length, number, when
from leeboard.verdict.judgements.answer import Answer, Facts, Judgement

MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
PERIOD = rf"from ({MOMENT}) to ({MOMENT})"
CERTIFICATE = re.compile(rf"(?P<name>.+) is valid (?P<periods>{PERIOD}(?: or {PERIOD})*)\Z")
CLEARED = re.compile(rf"({MOMENT}) by ")
LATELY = timedelta(days=30)  # for so long a cleared log is worth a question


@dataclass(frozen=True)
class Certificate:
    """A certificate, or several of which any is enough: its periods as (begin, end)."""

    name: str
    periods: tuple[tuple[datetime, datetime], ...]

    def end(self, at: datetime) -> datetime | None:
        """The latest end of the periods that hold at a moment; None where none does."""
        return max((end for begin, end in self.periods if begin <= at <= end), default=None)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _certificate(text: str) -> Certificate | None:
    """The certificate that a text tells of, None for any other text."""
    match = CERTIFICATE.match(text)
    if match is None:
        return None
    try:
        pairs = [(_moment(begin), _moment(end)) for begin, end in re.findall(PERIOD, match["periods"])]
    except ValueError:
        return None  # digits that are no day
    return Certificate(match["name"], tuple(pairs))


def days_left(certificates: tuple[str | int, ...], facts: Facts) -> Answer:
    """For how many more whole days all certificates are valid; 0 where one is not valid now or is not there.

    A number is what a device counted itself, which older collections did: it stays as it was on that day.
    """
    counted = [one for one in certificates if isinstance(one, int)]
    if counted:
        return Answer(min(counted))
    left, grounds = [], []
    for text in map(str, certificates):
        certificate = _certificate(text)
        end = certificate.end(facts.at) if certificate is not None else None
        left.append((end - facts.at) // timedelta(days=1) if end is not None else 0)
        if certificate is None:
            grounds.append(text)
        else:
            grounds.append(f"{certificate.name} is valid until {when(end)}" if end else _not_now(certificate, facts.at))
    return Answer(min(left, default=0), "; ".join(grounds))


def certificate_faults(faults: tuple[str | int, ...], facts: Facts) -> Answer:
    """What is wrong now with the files of certificates: one that is valid now is no fault; other texts are faults."""
    wrong, grounds = [], []
    for text in map(str, faults):
        certificate = _certificate(text)
        end = certificate.end(facts.at) if certificate is not None else None
        if certificate is None:
            wrong.append(text)
        elif end is not None:
            left = length(end - facts.at)
            grounds.append(f"{certificate.name} is valid until {when(end)} ({left} left)")
        else:
            wrong.append(_not_now(certificate, facts.at))
    return Answer(tuple(wrong), "; ".join(grounds))


def _not_now(certificate: Certificate, at: datetime) -> str:
    begins = [begin for begin, _end in certificate.periods if begin > at]
    if begins:
        return f"{certificate.name} holds only from {min(begins):%Y-%m-%d}"
    return f"{certificate.name} ran out on {max(end for _begin, end in certificate.periods):%Y-%m-%d}"


def cleared_lately(events: tuple[str | int, ...], facts: Facts) -> Answer:
    """The times at which the log was cleared in the last 30 days, with by whom."""
    lately = [text for text in map(str, events) if _is_late(text, facts.at)]
    older = len(events) - len(lately)
    return Answer(tuple(lately), f"cleared {number(older, 'time')} before the last {LATELY.days} days" if older else "")


def _is_late(text: str, at: datetime) -> bool:
    """False only for a text that names a moment before the last days: what names none may be of today."""
    match = CLEARED.match(text)
    try:
        return match is None or _moment(match[1]) >= at - LATELY
    except ValueError:
        return True


JUDGEMENTS: dict[str, Judgement] = {
    "days_left": days_left,
    "certificate_faults": certificate_faults,
    "cleared_lately": cleared_lately,
}
