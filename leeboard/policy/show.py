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
    settings = tuple(_setting(wanted, setting, origins) for setting in wanted.settings)
    not_asked = [(control.control.id, control.not_asked) for control in wanted.controls if not control.settings]
    schools = [
        (control.id, "asked of the school as a whole")
        for control in baseline.controls
        if baseline.about_school(control)
    ]
    return Shown(device, settings, tuple(sorted(not_asked + schools)))


def _setting(wanted: Wanted, setting: WantedSetting, origins: Mapping[str, str]) -> ShownSetting:
    device = wanted.device
    driver = wanted.baseline.drivers[setting.setting.driver]
    source, origin = _origin(setting, device, origins)
    writes = (
        "" if setting.write is None else driver.name_of(setting.write) or plain(setting.write, 60) or "nothing (empty)"
    )
    return ShownSetting(
        control=setting.control.id,
        setting=setting.setting.id,
        title=setting.setting.title,
        address=f"{setting.setting.driver}:{setting.setting.address}",
        state=driver.state,
        mode=setting.mode.value,
        switched_on=setting.control.family in device.enforce,
        operator=setting.operator,
        value=setting.value,
        unit=setting.setting.unit,
        write=setting.write,
        source=source,
        origin=origin,
        wanted=setting.lacks
        or OPERATORS[setting.operator].describe(
            driver.name_of(setting.value) or plain(setting.value), setting.setting.unit
        ),
        writes=FUNCTIONS[setting.write_function].description if setting.write_function is not None else writes,
    )


def _origin(setting: WantedSetting, device: Device, origins: Mapping[str, str]) -> tuple[str, str]:
    """The source of a value and its explanation."""
    if setting.setting.id in device.overrides.get(setting.control.id, {}):
        return _variable_source("leeboard_overrides", origins)
    choice = setting.setting.accept.value
    picked, text = choice.pick(device.level, device.platform, device.form, device.role)
    if isinstance(picked, Parameter):
        if picked.parameter in device.parameters:
            return _variable_source(f"leeboard_{picked.parameter}", origins)
        if setting.lacks:
            return "baseline", setting.lacks
        return "baseline", f"Leeboard's default text; leeboard_{picked.parameter} is not given"
    if not choice.special and len({repr(getattr(choice, level)) for level in type(device.level)}) == 1:
        return "baseline", "the same for every device"
    named = _named(choice, device)
    by = [f"leeboard_{word} from {origins[f'leeboard_{word}']}" for word in named if f"leeboard_{word}" in origins]
    source = next((word for word in ("role", "form", "platform") if word in named), "level")
    return source, f"{text} ({', '.join(by)})" if by else text


def _variable_source(variable: str, origins: Mapping[str, str]) -> tuple[str, str]:
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
