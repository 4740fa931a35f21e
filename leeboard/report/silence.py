"""Devices that the last run did not see, and for how long nobody has seen them: what a headline must not leave out.

Silence within its limit is normal and leads to no exit code, but the last verdicts of a device that is off are not
tonight's. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from leeboard.model.words import AHEAD, number
from leeboard.verdict.status import DeviceStatus

# Name in the JSON report, words for people, and the age below which a device is counted there.
SPANS: tuple[tuple[str, str, timedelta], ...] = (
    ("in_the_future", "in the future (a clock is wrong)", -AHEAD),
    ("under_two_days", "less than 2 days ago", timedelta(days=2)),
    ("under_seven_days", "2 to 6 days ago", timedelta(days=7)),
    ("under_thirty_days", "7 to 29 days ago", timedelta(days=30)),
    ("longer", "30 days ago or more", timedelta.max),
)
NEVER = ("never", "never")


@dataclass(frozen=True)
class Silence:
    """How many devices were not seen in the last run. `last_seen`: by span's name, when they were; nought included."""

    devices: int
    last_seen: dict[str, int]

    @property
    def words(self) -> str:
        """All of it in one sentence without its full stop; "" where every device was seen."""
        if not self.devices:
            return ""
        names = dict((*((key, said) for key, said, _ in SPANS), NEVER))
        some = [key for key, count in self.last_seen.items() if count]
        if self.all_never:
            return f"{number(self.devices, 'device')} {'was' if self.devices == 1 else 'were'} never seen"
        parts = "; ".join(f"{names[key]}: {self.last_seen[key]:,}" for key in some)
        were = "was" if self.devices == 1 else "were"
        return f"{number(self.devices, 'device')} {were} not seen in the last run; last seen {parts}"

    @property
    def all_never(self) -> bool:
        """True where nobody has ever seen any of them, so that nothing of them was found that could still stand."""
        return self.devices == self.last_seen[NEVER[0]]


def is_silent(status: DeviceStatus) -> bool:
    """True for a device that should have been seen and was not; a kind that is never checked is no silence."""
    return status.outcome not in ("observed", "other")


def silence(devices: Iterable[DeviceStatus], at: datetime) -> Silence:
    """Count the devices that the last run did not see, by how long before `at` (aware) each was last seen."""
    counts = dict.fromkeys((*(key for key, _, _ in SPANS), NEVER[0]), 0)
    for status in devices:
        if is_silent(status):
            counts[_span(status.seen, at)] += 1
    return Silence(sum(counts.values()), counts)


def _span(seen: datetime | None, at: datetime) -> str:
    return NEVER[0] if seen is None else next(key for key, _, limit in SPANS if at - seen < limit)
