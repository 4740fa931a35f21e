"""How much is known of devices at all: seen lately, silent within their limit, stale, never seen. Pure.

It stands before every other figure: "nothing has drifted" says little of an estate that half of nobody has seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from leeboard.model.verdicts import Verdict
from leeboard.model.words import AHEAD, number
from leeboard.verdict.status import DeviceStatus

LATELY = timedelta(hours=24)
# Name in JSON and words for people. Each device is in exactly one.
PLACES: tuple[tuple[str, str], ...] = (
    ("seen", "seen in the last 24 hours"),
    ("silent", "silent within the limit (FWD-03)"),
    ("stale", "out of date (not seen for longer than that)"),
    ("never", "never seen"),
    ("failed", "could not be checked"),
    ("ahead", "last seen in the future (a clock is wrong)"),
    ("other", "of a kind that is never checked"),
)
ALWAYS = ("seen", "silent", "stale", "never")  # said also where there are none


@dataclass(frozen=True)
class Coverage:
    """How many devices there are, and how many of them in each place, nought included."""

    devices: int
    places: dict[str, int]

    @property
    def words(self) -> str:
        """All of it in one sentence without its full stop."""
        said = [f"{self.places[key]:,} {words}" for key, words in PLACES if self.places[key] or key in ALWAYS]
        return f"{number(self.devices, 'device')}: {', '.join(said)}"


def place_of(status: DeviceStatus, at: datetime) -> str:
    """Where a device stands at a moment: one of the names in PLACES."""
    if status.outcome == "other":
        return "other"
    if status.outcome in ("failed", "another_machine"):
        return "failed"
    if status.seen is None:
        return "never"
    if status.seen - at > AHEAD:
        return "ahead"
    if any(finding.verdict is Verdict.STALE for finding in status.findings):
        return "stale"
    return "seen" if at - status.seen <= LATELY else "silent"


def coverage(devices: Iterable[DeviceStatus], at: datetime) -> Coverage:
    """Count devices by how much is known of them at a moment, which is aware."""
    counts = Counter(place_of(status, at) for status in devices)
    return Coverage(counts.total(), {key: counts[key] for key, _ in PLACES})
