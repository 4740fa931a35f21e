"""Findings: the verdict on one control, with what was seen, what was wanted and what to do.

A finding is plain data; `as_json` is what evidence keeps. Every text in it is one printable line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from leeboard.policy.model import Mode, Value, flat
from leeboard.verdict.verdicts import Verdict

CAUSE = re.compile(r"[0-9a-f]{16}\Z")
TEXTS = ("setting", "title", "address", "seen", "wanted", "source", "reason", "code", "remedy")


@dataclass(frozen=True)
class Judged:
    """The verdict on one setting of a control.

    `reason` says why in words; `code` is one of `codes.Code`, several with "+" between, or "". `values` are what of a
    drifted setting was not accepted (None: it is not set), for whoever it was so.
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
    found = flat(raw)
    if not isinstance(found, bool | int | str | tuple):
        raise TypeError("a value is text, a number, a switch or a list")
    return found
