"""What is wanted of one device, and where each value comes from. Pure: the inventory's origins are passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from leeboard.model.device import Device
from leeboard.model.operators import OPERATORS
from leeboard.model.values import Value, plain
from leeboard.policy.functions import FUNCTIONS
from leeboard.policy.model import Baseline, Choice, Parameter
from leeboard.policy.resolve import Wanted, WantedSetting, resolve

CHOSEN_BY = ("level", "role", "form", "platform")


@dataclass(frozen=True)
class ShownSetting:
    """One setting of a device: what is accepted and written, and where that comes from.

    `source` is one of "baseline" (the same for every device), "level", "role", "form", "platform" (the most specific
    choice that the baseline makes for such a device), "school" or "device" (the inventory says it). `origin` says it in
    words, `wanted` what is accepted ("at most 900 seconds, and not 0") and `writes` what a roll-out writes; the latter
    is empty, and `write` None, for what is only read. `mode` is the baseline's; nothing is enforced while the family is
    not `switched_on` in leeboard_enforce.
    """

    control: str
    setting: str
    title: str
    address: str
    state: str
    mode: str
    switched_on: bool
    operator: str
    value: Value
    unit: str
    write: Value | None
    source: str
    origin: str
    wanted: str
    writes: str


@dataclass(frozen=True)
class Shown:
    """What is wanted of a device. `not_asked` names each control without settings for it, and why."""

    device: Device
    settings: tuple[ShownSetting, ...]
    not_asked: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        settings = [
            {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(setting).items()}
            for setting in self.settings
        ]
        return {
            "device": self.device.name,
            **{key: str(getattr(self.device, key).value) for key in CHOSEN_BY},
            "settings": settings,
            "not_asked": [{"control": control, "reason": reason} for control, reason in self.not_asked],
        }


def show(baseline: Baseline, device: Device, origins: Mapping[str, str]) -> Shown:
    """What `baseline` wants of `device`. Raises LeeboardError for an override that is wrong.

    `origins` says for each `leeboard_*` variable who gave it: "device", or "group NAME".
    """
    wanted = resolve(baseline, device)
    settings = tuple(_setting(wanted, one, origins) for one in wanted.settings)
    not_asked = [(one.control.id, one.not_asked) for one in wanted.controls if not one.settings]
    schools = [(one.id, "asked of the school as a whole") for one in baseline.controls if baseline.about_school(one)]
    return Shown(device, settings, tuple(sorted(not_asked + schools)))


def _setting(wanted: Wanted, one: WantedSetting, origins: Mapping[str, str]) -> ShownSetting:
    device = wanted.device
    driver = wanted.baseline.drivers[one.setting.driver]
    source, origin = _origin(one, device, origins)
    writes = "" if one.write is None else driver.name_of(one.write) or plain(one.write, 60) or "nothing (empty)"
    return ShownSetting(
        control=one.control.id,
        setting=one.setting.id,
        title=one.setting.title,
        address=f"{one.setting.driver}:{one.setting.address}",
        state=driver.state,
        mode=one.mode.value,
        switched_on=one.control.family in device.enforce,
        operator=one.operator,
        value=one.value,
        unit=one.setting.unit,
        write=one.write,
        source=source,
        origin=origin,
        wanted=one.lacks
        or OPERATORS[one.operator].said(driver.name_of(one.value) or plain(one.value), one.setting.unit),
        writes=FUNCTIONS[one.write_function].words if one.write_function is not None else writes,
    )


def _origin(one: WantedSetting, device: Device, origins: Mapping[str, str]) -> tuple[str, str]:
    """(source, words) for a value."""
    if one.setting.id in device.overrides.get(one.control.id, {}):
        return _given("leeboard_overrides", origins)
    choice = one.setting.accept.value
    picked, words = choice.pick(device.level, device.platform, device.form, device.role)
    if isinstance(picked, Parameter):
        if picked.parameter in device.parameters:
            return _given(f"leeboard_{picked.parameter}", origins)
        if one.lacks:
            return "baseline", one.lacks
        return "baseline", f"Leeboard's default text; leeboard_{picked.parameter} is not given"
    if not choice.special and len({repr(getattr(choice, level)) for level in type(device.level)}) == 1:
        return "baseline", "the same for every device"
    named = _named(choice, device)
    by = [f"leeboard_{word} from {origins[f'leeboard_{word}']}" for word in named if f"leeboard_{word}" in origins]
    source = next((word for word in ("role", "form", "platform") if word in named), "level")
    return source, f"{words} ({', '.join(by)})" if by else words


def _given(variable: str, origins: Mapping[str, str]) -> tuple[str, str]:
    where = origins.get(variable, "")
    source = "device" if where == "device" else "school"
    return source, f"{variable} from {where}" if where else variable


def _named(choice: Choice[Parameter | Value], device: Device) -> tuple[str, ...]:
    """Which of level, role, form and platform decided."""
    where = (device.level, device.platform, device.form, device.role)
    matching = [special for special in choice.special if special.matches(*where)]
    if not matching:
        return ("level",)
    best = max(matching, key=lambda special: special.specificity)
    return tuple(word for word in CHOSEN_BY if getattr(best, word))
