"""How long the authority, its lists and the gateways' certificates still last: what REM-13 is judged by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from leeboard.authority import lists, memory
from leeboard.authority.records import Certificate, Known
from leeboard.errors import LeeboardError
from leeboard.model.observation import Aspect, Found, Nothing, Reading, Unreadable
from leeboard.model.words import day

DRIVER = "vpn_authority"
ADDRESSES = ("root", "issuing", "list", "gateways")


def readings(var: Path, at: datetime) -> list[Reading]:
    """The days that each part still lasts, the worst of its kind; nothing where the controller has no authority."""
    return [Reading(driver=DRIVER, address=name, effective=aspect) for name, aspect in _aspects(var, at).items()]


def _aspects(var: Path, at: datetime) -> dict[str, Aspect]:
    source = str(var / memory.FOLDER)
    try:
        known = memory.read(var)[0]
        if known.begun is None:
            note = "this controller has no VPN authority"
            return dict.fromkeys(ADDRESSES, Nothing(state="absent", source=source, note=note))
        return {
            "root": _days(known.begun.root.id, known.begun.root.ends, at, source),
            "issuing": _days(known.current.id, known.current.ends, at, source),
            "list": _lists(var, known, at, source),
            "gateways": _gateways(known, at, source),
        }
    except (LeeboardError, OSError) as problem:
        code: Literal["failed"] = "failed"
        return dict.fromkeys(ADDRESSES, Unreadable(state="unreadable", code=code, why=str(problem), source=source))


def _lists(var: Path, known: Known, at: datetime, source: str) -> Aspect:
    ends = lists.ends_of(var, known, at)
    none = [name for name, moment in ends.items() if moment is None]
    if none or not ends:
        return Found(state="value", value=0, source=source, note=f"no list of {', '.join(none) or 'any authority'}")
    name, worst = min(((name, moment) for name, moment in ends.items() if moment), key=lambda one: one[1])
    return _days(f"the list of {name}", worst, at, source)


def _gateways(known: Known, at: datetime, source: str) -> Aspect:
    """The end of each gateway's newest certificate; one that was taken out of use is revoked, and does not count."""
    newest = _newest(known.gateways)
    if not newest:
        return Nothing(state="absent", source=source, note="no gateway has a certificate of this authority")
    worst = min(newest, key=lambda one: one.ends)
    return _days(worst.name, worst.ends, at, source)


def _newest(gateways: Iterable[Certificate]) -> list[Certificate]:
    by_name = {one.name: one for one in gateways if one.revoked is None}
    return list(by_name.values())


def _days(what: str, ends: datetime, at: datetime, source: str) -> Aspect:
    days = max(0, (ends - at) // timedelta(days=1))
    return Found(state="value", value=days, source=source, note=f"{what} ends on {day(ends)}")
