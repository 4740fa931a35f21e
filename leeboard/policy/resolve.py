"""What is wanted of one device: the baseline, narrowed to its level, platform, form and role, with its overrides.

This is the first arrow of the design: inventory and baseline in, wanted out. Nothing here looks at a device.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leeboard.errors import LeeboardError
from leeboard.model.device import Device
from leeboard.model.enums import Form, Level, Mode, Platform, Role
from leeboard.model.operators import OPERATORS, WrongType, named
from leeboard.model.values import Value, flat
from leeboard.policy.functions import FUNCTIONS
from leeboard.policy.model import Baseline, Control, Named, Parameter, Setting, ValueChoice


@dataclass(frozen=True)
class WantedSetting:
    """One setting of one device: the value it must meet, the one to write (None: read only), and where both are from.

    `origin` reads like "level standard" or "overridden by the inventory (baseline: 900, level standard)". `lacks` says
    what the school has to give before anything can be compared ("no collector is named: set leeboard_log_collector");
    the value is then an empty text, and nothing is written. `kept` are members of a list that a waiver accepts: what is
    worked out from the present list leaves them in it.
    """

    control: Control
    setting: Setting
    mode: Mode
    value: Value
    write: Value | None
    write_function: str | None
    origin: str
    lacks: str = ""
    kept: tuple[str, ...] = ()

    def written(self, current: Value | None) -> Value | None:
        """What a roll-out writes where `current` is there (None: nothing); None for what is only read."""
        if self.write_function is None:
            return self.write
        result = FUNCTIONS[self.write_function].written(current, self.value)
        if isinstance(result, tuple) and isinstance(current, tuple):
            return tuple(sorted({*result, *(set(self.kept) & set(current))}))
        return result

    @property
    def operator(self) -> str:
        """The name of the operator that compares."""
        return self.setting.accept.operator


@dataclass(frozen=True)
class WantedControl:
    """One control of one device. `not_asked` says in words why it has no settings, where it has none.

    With `planned` it is asked for, and nobody has written yet how to check it on this platform.
    """

    control: Control
    mode: Mode
    settings: tuple[WantedSetting, ...]
    not_asked: str = ""
    planned: bool = False


@dataclass(frozen=True)
class Wanted:
    """Everything that is wanted of one device."""

    device: Device
    baseline: Baseline
    controls: tuple[WantedControl, ...]

    @property
    def settings(self) -> tuple[WantedSetting, ...]:
        """All settings of all controls."""
        return tuple(setting for control in self.controls for setting in control.settings)


def resolve(baseline: Baseline, device: Device) -> Wanted:
    """What `baseline` wants of `device`. Raises LeeboardError for an override that names nothing or is weaker.

    What is asked of a school as a whole is not in it: see `resolve_school`.
    """
    _check_overrides(baseline, device)
    controls = [control for control in baseline.controls if not baseline.about_school(control)]
    return _wanted(baseline, controls, device)


def resolve_school(baseline: Baseline, urn: str, school: str, level: Level) -> Wanted:
    """What `baseline` wants of a school as a whole whose most sensitive device has this level.

    A school has no form or role of its own: the device in it stands for what answers for the school, the controller.
    """
    controller = Device(
        name=f"school {urn}",
        asset=f"school {urn}",
        urn=urn,
        school=school,
        platform=Platform.OTHER,
        form=Form.SERVER,
        role=Role.SERVER,
        level=level,
    )
    controls = [control for control in baseline.controls if baseline.about_school(control)]
    return _wanted(baseline, controls, controller)


def parameters(baseline: Baseline, device: Device) -> Mapping[str, str]:
    """Each parameter's value for a device: the school's own, else the default. Raises LeeboardError for a bad one.

    One that has neither is left out.
    """
    values = {}
    for name, definition in baseline.parameters.items():
        value = device.parameters.get(name, definition.default)
        if value is None:
            continue
        variable = f"leeboard_{name}"
        if not isinstance(value, str) or not value.strip():
            raise LeeboardError(f"{device.name}: {variable} must be text that is not empty")
        if len(value) > definition.longest:
            raise LeeboardError(f"{device.name}: {variable} has {len(value)} characters, at most {definition.longest}")
        for forbidden in definition.forbidden:
            if forbidden in value:
                raise LeeboardError(f"{device.name}: {variable} must not contain {forbidden!r}; take it out")
        if definition.shape and not re.fullmatch(definition.shape, value):
            raise LeeboardError(f"{device.name}: {variable} must read {definition.reads}")
        if any(not character.isprintable() and character != "\n" for character in value):
            raise LeeboardError(f"{device.name}: {variable} holds a control character; only line ends may stand in it")
        values[name] = value
    return values


def _wanted(baseline: Baseline, controls: Sequence[Control], device: Device) -> Wanted:
    known = parameters(baseline, device)
    lacking = {name: about.missing for name, about in baseline.parameters.items() if name not in known}
    return Wanted(device, baseline, tuple(_control(control, device, known, lacking) for control in controls))


def _control(control: Control, device: Device, known: Mapping[str, str], lacking: Mapping[str, str]) -> WantedControl:
    where = (device.level, device.platform, device.form, device.role)
    picked, _ = control.mode.pick(*where)
    mode = picked or Mode.OFF
    if not control.applies_to.matches(*where):
        return WantedControl(control, mode, (), f"not meant for role {device.role} at level {device.level}")
    if mode is Mode.OFF:
        return WantedControl(control, mode, (), f"not asked for at level {device.level}")
    settings = tuple(
        wanted
        for setting in control.settings
        if setting.platform in (None, device.platform)
        for wanted in [_setting(control, setting, device, mode, known, lacking)]
        if wanted is not None
    )
    if settings:
        # What a roll-out changes nothing of is only reported, whatever its control says of others.
        only_reported = all(setting.mode is Mode.REPORT for setting in settings)
        return WantedControl(control, Mode.REPORT if only_reported else mode, settings)
    if any(setting.platform in (None, device.platform) for setting in control.settings):
        return WantedControl(control, mode, (), f"not asked for at level {device.level}")
    return WantedControl(control, mode, (), f"Leeboard cannot check this on {device.platform} yet", planned=True)


def _setting(
    control: Control,
    setting: Setting,
    device: Device,
    mode: Mode,
    known: Mapping[str, str],
    lacking: Mapping[str, str],
) -> WantedSetting | None:
    where = (device.level, device.platform, device.form, device.role)
    if setting.mode is not None:
        own, _ = setting.mode.pick(*where)
        if own in (None, Mode.OFF):
            return None
        mode = Mode.REPORT if Mode.REPORT in (own, mode) else mode
    if setting.unless_named is not None and _is_named(setting.unless_named, known):
        return None
    if setting.changed_if_named is not None and not _is_named(setting.changed_if_named, known):
        mode = Mode.REPORT
    picked, _ = setting.accept.value.pick(*where)
    if isinstance(picked, Parameter) and picked.parameter in lacking:
        if not lacking[picked.parameter]:
            return None
        variable = f"leeboard_{picked.parameter}"
        lacks = f"{lacking[picked.parameter]}: set {variable}"
        return WantedSetting(control, setting, mode, "", None, None, f"{variable}, not given", lacks)
    value, origin = _value(setting.accept.value, device, known)
    if value is None:
        return None
    write: Value | None = None
    function: str | None = None
    if setting.write == "wanted":
        write = value
    elif setting.write is not None:
        function = setting.write.function
        if setting.write.value is not None:
            write, _ = _value(setting.write.value, device, known)
    override = device.overrides.get(control.id, {}).get(setting.id)
    if override is not None:
        stricter = flat(override)
        if not _narrows(setting, stricter, value):
            raise LeeboardError(
                f"{device.name}: leeboard_overrides asks {control.id} {setting.id} for {override!r}, "
                f"which accepts what the baseline does not ({setting.accept.operator} {value!r}); "
                "only a stricter value is taken"
            )
        origin = f"overridden by the inventory (baseline {value!r}, {origin})"
        value = stricter
        if write is not None:
            write = _written(setting, write, value)
            if write is None:
                raise LeeboardError(
                    f"{device.name}: leeboard_overrides asks {control.id} {setting.id} for {override!r}, "
                    f"and no value that could be written meets that ({setting.accept.operator}); choose another"
                )
    return WantedSetting(control, setting, mode, value, write, function, origin)


def _is_named(one: Named, known: Mapping[str, str]) -> bool:
    return one.among(named(known.get(one.parameter, "")))


def _value(choice: ValueChoice, device: Device, known: Mapping[str, str]) -> tuple[Value | None, str]:
    value, origin = choice.pick(device.level, device.platform, device.form, device.role)
    if isinstance(value, Parameter):
        name = value.parameter
        source = "given by the inventory" if name in device.parameters else "Leeboard's default text"
        return known[name], f"leeboard_{name}, {source}"
    return value, origin


def _written(setting: Setting, usual: Value, wanted: Value) -> Value | None:
    """What to write so that it meets an override: the override itself, the usual value, or a member of a list."""
    operator = OPERATORS[setting.accept.operator]
    for candidate in (wanted, usual, *(wanted if isinstance(wanted, tuple) else ())):
        try:
            if operator.holds(candidate, wanted):
                return candidate
        except WrongType:
            continue
    return None


def _narrows(setting: Setting, override: Value, value: Value) -> bool:
    bounds = setting.bounds
    if bounds is not None and isinstance(override, int) and not bounds.least <= override <= bounds.most:
        return False
    try:
        return OPERATORS[setting.accept.operator].narrows(override, value)
    except WrongType:
        return False


def _check_overrides(baseline: Baseline, device: Device) -> None:
    for control_id, settings in device.overrides.items():
        control = baseline.control(control_id)
        if control is None:
            raise LeeboardError(f"{device.name}: leeboard_overrides names {control_id}, which is no control")
        if baseline.about_school(control):
            raise LeeboardError(
                f"{device.name}: leeboard_overrides names {control_id}, which is asked of the school as a whole; "
                "take it out, since a device cannot override it"
            )
        known = {setting.id for setting in control.settings}
        for setting_id in settings:
            if setting_id not in known:
                raise LeeboardError(
                    f"{device.name}: leeboard_overrides names {control_id} {setting_id}, which is no setting of it; "
                    f"it has {', '.join(sorted(known))}"
                )
