"""How old the evidence on a device is, at a moment that is passed in: what FWD-03 is judged by."""

from __future__ import annotations

from datetime import datetime, timedelta

from leeboard.model.observation import Aspect, Found, Nothing, Reading, Unreadable
from leeboard.model.words import age, when
from leeboard.policy.model import FRESHNESS

DAY = timedelta(days=1)
CLOCKS_DIFFER = timedelta(minutes=10)  # as much as a moment may lie ahead before a clock is called wrong


def reading(seen: datetime | None, at: datetime, never: str = "no run has ever seen this device") -> Reading:
    """The age in days, each begun one counted: exactly 14 days are 14, a second more are 15. `never` is for none."""
    return Reading(driver=FRESHNESS, address="last-observation", effective=_aspect(seen, at, never))


def _aspect(seen: datetime | None, at: datetime, never: str) -> Aspect:
    source = "the evidence in the store"
    if seen is None:
        return Nothing(state="absent", source=source, note=never)
    if seen - at > CLOCKS_DIFFER:
        why = f"the last observation is dated {when(seen)}, which is in the future: the controller's clock is wrong"
        return Unreadable(state="unreadable", code="malformed", why=why, source=source)
    days = max(0, -((seen - at) // DAY))
    return Found(state="value", value=days, source=source, note=f"last seen {age(seen, at)}, {when(seen)}")
