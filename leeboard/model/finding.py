"""Findings: the verdict on one control, with what was seen, what was wanted and what to do.

A finding is plain data; `as_json` is what evidence keeps. Every text in it is one printable line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from leeboard.model.enums import Mode
from leeboard.model.values import Value, flat
from leeboard.model.verdicts import Verdict, worst

CAUSE = re.compile(r"[0-9a-f]{16}\Z")
TEXTS = ("setting", "title", "address", "seen", "wanted", "source", "reason", "code", "remedy", "route")


@dataclass(frozen=True)
class Judged:
    """The verdict on one setting of a control.

    `reason` says why in words; `code` is one of `codes.Code`, several with "+" between, or "". `values` are what of a
    drifted setting was not accepted (None: it is not set), for whoever it was so. `route` names the way to fulfil the
    control that the setting belongs to, where there are several. `asked` is what the device said where the verdict
    follows from the time as well: at another moment it may be another one (`verdict/again.py`).
    """

    setting: str
    title: str
    address: str
    verdict: Verdict
    seen: str = ""
    wanted: str = ""
    source: str = ""
    reason: str = ""
    code: str = ""
    remedy: str = ""
    mode: Mode = Mode.ENFORCE
    values: tuple[Value | None, ...] = ()
    route: str = ""
    asked: tuple[str, ...] = ()


def route_verdicts(judged: Iterable[Judged]) -> dict[str, Verdict]:
    """The verdict of each route that applies: the worst of its settings."""
    routes: dict[str, list[Verdict]] = {}
    for result in judged:
        if result.route:
            routes.setdefault(result.route, []).append(result.verdict)
    ends = {route: worst(verdicts) for route, verdicts in routes.items()}
    return {route: verdict for route, verdict in ends.items() if verdict is not Verdict.NOT_APPLICABLE}


def best_route(judged: Iterable[Judged]) -> Verdict | None:
    """The verdict of the best route that applies; None where there is none.

    Where all that could be read is drifted, a route that could not be read may still keep the control: an error.
    """
    usable = route_verdicts(judged).values()
    best = min(usable, key=lambda verdict: verdict.badness, default=None)
    return Verdict.ERROR if best is Verdict.DRIFTED and Verdict.ERROR in usable else best


def needed(judged: Sequence[Judged]) -> list[Judged]:
    """The settings but for those of routes that are not needed, since another is fulfilled or takes fewer changes.

    Where a route could not be read, all of them count.
    """
    verdicts, best = route_verdicts(judged), best_route(judged)
    if best is Verdict.ERROR:
        return list(judged)
    amiss = Counter(result.route for result in judged if result.verdict.badness > Verdict.COMPLIANT.badness)
    fewest = min((amiss[route] for route, verdict in verdicts.items() if verdict is best), default=0)
    nearest = {route for route, verdict in verdicts.items() if verdict is best and amiss[route] == fewest}
    return [result for result in judged if not result.route or result.route in nearest]


@dataclass(frozen=True)
class Finding:
    """The verdict on one control of one device. `judged` has the settings that were looked at.

    `cause` is the digest of what made it so (`cause.cause`), "" where all is well or an older Leeboard found it.
    """

    control: str
    verdict: Verdict
    mode: Mode
    judged: tuple[Judged, ...] = ()
    reason: str = ""
    cause: str = ""

    @property
    def planned_only(self) -> bool:
        """True when nothing but a driver that is not written yet keeps this control from being checked."""
        unchecked = [judged for judged in self.judged if judged.verdict is Verdict.NOT_CHECKED]
        return self.verdict is Verdict.NOT_CHECKED and bool(unchecked) and all(j.code == "planned" for j in unchecked)

    @property
    def needs_root_only(self) -> bool:
        """True for an error that would go away if the check ran as root."""
        failed = [judged for judged in self.judged if judged.verdict is Verdict.ERROR]
        return self.verdict is Verdict.ERROR and bool(failed) and all(j.code == "needs_root" for j in failed)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, without enumerations (Ansible warns of those once a device)."""
        return {
            "control": self.control,
            "verdict": str(self.verdict.value),
            "mode": str(self.mode.value),
            "reason": self.reason,
            **({"cause": self.cause} if self.cause else {}),
            "judged": [
                {
                    "verdict": str(judged.verdict.value),
                    "mode": str(judged.mode.value),
                    **{key: getattr(judged, key) for key in TEXTS if getattr(judged, key)},
                    **({"values": [_plain(value) for value in judged.values]} if judged.values else {}),
                    **({"asked": list(judged.asked)} if judged.asked else {}),
                }
                for judged in self.judged
            ],
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Finding:
        """The finding that `as_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        judged = tuple(
            Judged(
                verdict=Verdict(item["verdict"]),
                mode=Mode(item["mode"]),
                **{key: str(item.get(key, "")) for key in TEXTS},
                values=tuple(_value(value) for value in item.get("values", ())),
                asked=tuple(map(str, item.get("asked", ()))),
            )
            for item in raw["judged"]
        )
        reason, cause = (str(raw.get(key, "")) for key in ("reason", "cause"))
        if cause and not CAUSE.match(cause):
            raise ValueError("the cause is no digest")
        return cls(str(raw["control"]), Verdict(raw["verdict"]), Mode(raw["mode"]), judged, reason, cause)


def _plain(value: Value | None) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _value(raw: Any) -> Value | None:
    """A value from JSON. Raises TypeError for what no setting can have."""
    if raw is None:
        return None
    value = flat(raw)
    if not isinstance(value, bool | int | str | tuple):
        raise TypeError("a value is text, a number, a switch or a list")
    return value
