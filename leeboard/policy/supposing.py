"""A baseline with other values, to ask what it would find. It is never written, and nothing is rolled out from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from leeboard.errors import LeeboardError
from leeboard.model.values import Value, plain
from leeboard.model.words import measure
from leeboard.policy.model import Baseline, Choice, Control, Parameter, Setting

DEMAND = re.compile(r"(?P<control>[A-Za-z]{3}-[0-9]{2})(?:\.(?P<setting>[a-z0-9][a-z0-9-]*))?=(?P<value>.*)\Z")
WHOLE = re.compile(r"-?[0-9]{1,18}\Z")
SWITCHES = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True)
class Supposed:
    """The other baseline; `values` says which settings have which value now, `left` which of a named control have not.

    A setting is left where it counts in another unit, or is about something else than the control's first number.
    """

    baseline: Baseline
    values: tuple[str, ...]
    left: tuple[str, ...]


def supposed(baseline: Baseline, demands: Iterable[str]) -> Supposed:
    """A baseline in which settings want other values, at every level and of every device.

    A demand is LCK-01.idle-delay=300, or LCK-01=300, which means the control's first number or text and all settings
    that want the same. Raises LeeboardError for a demand that makes no sense.
    """
    values: list[str] = []
    left: list[str] = []
    for demand in demands:
        match = DEMAND.match(demand)
        control = baseline.control(match["control"].upper()) if match else None
        if match is None or control is None:
            why = "there is no such control" if match else "say CONTROL=VALUE or CONTROL.SETTING=VALUE, as LCK-01=300"
            raise LeeboardError(f"--set {plain(demand, 60)}: {why}")
        meant = _meant(control, match["setting"], demand)
        value = _value(match["value"], meant[0], demand)
        for one in meant:
            if one.bounds and isinstance(value, int) and not one.bounds.least <= value <= one.bounds.most:
                raise LeeboardError(f"--set {plain(demand, 60)}: it takes {one.bounds.least} to {one.bounds.most}")
        values += [f"{control.id}.{one.id}: {measure(plain(value, 60), one.unit)}" for one in meant]
        kind = type(value)
        left += [
            f"{control.id}.{one.id}"
            for one in control.settings
            if one not in meant
            and not match["setting"]
            and any(type(v) is kind for v in one.accept.value.every_value())
        ]
        baseline = _with(baseline, control, {one.id for one in meant}, value)
    return Supposed(baseline, tuple(values), tuple(left))


def _meant(control: Control, setting: str | None, demand: str) -> list[Setting]:
    if setting:
        found = [one for one in control.settings if one.id == setting]
        if not found:
            listed = ", ".join(one.id for one in control.settings)
            raise LeeboardError(f"--set {plain(demand, 60)}: {control.id} has no such setting; it has {listed}")
        return found
    numbers = [one for one in control.settings if _is_number(_levels(one)[0])]
    first = next(iter(numbers or control.settings), None)
    if first is None:
        raise LeeboardError(f"--set {plain(demand, 60)}: {control.id} has no settings")
    return [one for one in control.settings if (_levels(one), one.unit) == (_levels(first), first.unit)]


def _levels(setting: Setting) -> tuple[object, ...]:
    choice = setting.accept.value
    return choice.standard, choice.sensitive, choice.high


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _value(text: str, setting: Setting, demand: str) -> Value:
    """The value in the kind that the setting wants now. Raises LeeboardError."""
    present = next((one for one in setting.accept.value.every_value() if not isinstance(one, Parameter)), "")
    if isinstance(present, bool):
        if text.casefold() not in SWITCHES:
            raise LeeboardError(f"--set {plain(demand, 60)}: {setting.id} is a switch: say true or false")
        return SWITCHES[text.casefold()]
    if isinstance(present, int):
        if not WHOLE.match(text):
            raise LeeboardError(f"--set {plain(demand, 60)}: {setting.id} is a whole number")
        return int(text)
    if isinstance(present, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _with(baseline: Baseline, control: Control, settings: set[str], value: Value) -> Baseline:
    """The baseline in which these settings of a control want a value."""

    def other(setting: Setting) -> Setting:
        if setting.id not in settings:
            return setting
        choice: Choice[Parameter | Value] = Choice(standard=value, sensitive=value, high=value)
        return setting.model_copy(update={"accept": setting.accept.model_copy(update={"value": choice})})

    changed = control.model_copy(update={"settings": tuple(map(other, control.settings))})
    families = tuple(
        family.model_copy(
            update={"controls": tuple(changed if one.id == control.id else one for one in family.controls)}
        )
        for family in baseline.families
    )
    return baseline.model_copy(update={"families": families, "digest": f"{baseline.digest} with other values"})
