"""What of a control has drifted on devices now, as the store has it: what a waiver has to name to cover it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from leeboard.errors import LeeboardError
from leeboard.evidence.store.store import Store
from leeboard.model.accepted import Accepted, Values
from leeboard.model.device import Device
from leeboard.model.observation import parse
from leeboard.model.verdicts import Verdict
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate


def drifted(
    store: Store, baseline: Baseline, devices: Iterable[Device], control: str, at: datetime
) -> tuple[Accepted, ...]:
    """The settings of a control that have drifted on these devices at a moment, with their values.

    By device where they differ.

    The last observations are judged anew, so that it does not matter which Leeboard filed them. Empty where nothing
    has drifted or nothing was ever seen. What is asked of a school as a whole lies in no store, and is not in it.
    """
    found: dict[str, dict[str, Values]] = {}
    for device in devices:
        raw = store.observation(device.urn, device.asset)
        if raw is None:
            continue
        try:
            findings = evaluate(resolve(baseline, device), parse(raw), at)
        except LeeboardError:
            continue  # a device whose variables are wrong is an error in every report
        for one in (judged for finding in findings if finding.control == control for judged in finding.judged):
            if one.verdict is Verdict.DRIFTED and one.values:
                found.setdefault(one.setting, {})[device.asset] = one.values
    return tuple(_accepted(setting, by_device) for setting, by_device in sorted(found.items()))


def _accepted(setting: str, by_device: dict[str, Values]) -> Accepted:
    first, *others = by_device.values()
    # By their form: True is no 1.
    if all(repr(one) == repr(first) for one in others):
        return Accepted(setting, first)
    return Accepted(setting, by_device=tuple(sorted(by_device.items())))
