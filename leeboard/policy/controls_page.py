"""docs/controls.md, made from the baseline: what each control asks for, why, where it lies, and what to do."""

from __future__ import annotations

from collections.abc import Iterable

from leeboard.model.enums import Level, Mode, Platform
from leeboard.model.operators import OPERATORS
from leeboard.model.values import Value, plain
from leeboard.model.words import date_text
from leeboard.policy.functions import FUNCTIONS
from leeboard.policy.model import Baseline, Choice, Control, Means, Parameter, Selector, Setting, Write
from leeboard.policy.proofs import VALUE_IGNORED, everywhere

PLATFORMS = (Platform.LINUX, Platform.WINDOWS)
PLACES: dict[Platform | None, str] = {
    Platform.LINUX: "Linux",
    Platform.WINDOWS: "Windows",
    None: "On the controller, about each device or school",
}
INTRODUCTION = """# Controls

Made from `leeboard/baselines/` by `leeboard baseline docs --write`; do not edit it here.

Each value is for the three levels of a device: standard, sensitive, high. A setting is *enforced* (checked, and put
back for a family that is named in `leeboard_enforce`), *read only* (checked and reported, never changed), *planned*
(not checked yet, and never counted as compliant), or *measured* (no device can answer it: the controller does, each
time that somebody asks). Why some settings are read only, and what was left out, is in
[decisions/0003-policy-as-data.md](decisions/0003-policy-as-data.md).
"""


def controls_page(baseline: Baseline) -> str:
    """The whole page, Markdown, with a line end at its end."""
    parts = [INTRODUCTION, _levels(baseline)]
    for family in baseline.families:
        parts.append(f"## {family.family}: {family.title}\n")
        parts.append(_overview(baseline, family.controls))
        parts += [_control(baseline, control) for control in family.controls]
    parts.append(_frameworks(baseline))
    return "\n".join(parts)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _levels(baseline: Baseline) -> str:
    rows = (
        (level.title, level.impact_levels, f"`{level.label}`") for level in (baseline.levels[name] for name in Level)
    )
    return table(("level", "impact levels", "label"), rows)


def _overview(baseline: Baseline, controls: Iterable[Control]) -> str:
    rows = [
        (
            f"[{control.id}](#{control.id.lower()})",
            control.title,
            control.severity.value,
            *(_headline(baseline, control, level) for level in Level),
            *(_states(baseline, control, platform) for platform in PLATFORMS),
        )
        for control in controls
    ]
    return table(("control", "title", "severity", *Level, "Linux", "Windows"), rows)


def _headline(baseline: Baseline, control: Control, level: Level) -> str:
    """What the control asks for at a level: the numbers that differ by level, else the mode."""
    if getattr(control.mode, level) in (None, Mode.OFF) or (
        control.applies_to.level and level not in control.applies_to.level
    ):
        return "not asked"
    wanted = [
        _value_text(baseline, setting, getattr(setting.accept.value, level))
        for setting in control.settings
        if _varies(setting.accept.value) and getattr(setting.accept.value, level) is not None
    ]
    return "; ".join(dict.fromkeys(wanted)) or "asked"


def _varies(choice: Choice[Parameter | Value]) -> bool:
    values = [getattr(choice, level) for level in Level]
    numbers = [value for value in values if value is not None and not isinstance(value, bool)]
    return len({repr(value) for value in values}) > 1 and bool(numbers)


def _states(baseline: Baseline, control: Control, platform: Platform) -> str:
    states = [
        _state(baseline, control, setting) for setting in control.settings if setting.platform in (None, platform)
    ]
    order = ("enforced", "read only", "planned", "measured")
    return ", ".join(f"{states.count(state)} {state}" for state in order if state in states) or "no setting"


def _state(baseline: Baseline, control: Control, setting: Setting) -> str:
    if baseline.drivers[setting.driver].state == "planned":
        return "planned"
    if setting.platform is None:
        return "measured"
    modes = [control.mode] if setting.mode is None else [control.mode, setting.mode]
    changed = setting.write is not None or setting.address in baseline.drivers[setting.driver].action
    enforced = changed and any(
        control.applies_to.matches(*where) and all(mode.pick(*where)[0] is Mode.ENFORCE for mode in modes)
        for where in everywhere(setting.platform)
    )
    return "enforced" if enforced else "read only"


def _control(baseline: Baseline, control: Control) -> str:
    parts = [f'<a id="{control.id.lower()}"></a>\n\n### {control.id} {control.title}\n', f"{control.why.strip()}\n"]
    facts = [f"Severity {control.severity.value}"]
    if control.applies_to.specificity:
        facts.append(f"for {_selector(control.applies_to)} only")
    if control.fails_in_report:
        facts.append("drift on a portable fails a run in mode report too")
    facts.append(f"references: {', '.join(control.references) or 'none'}")
    facts.append(f"reviewed on {date_text(control.reviewed)}")
    parts.append("; ".join(facts) + ".\n")
    if control.no_uk_source:
        parts.append(f"No UK source: {control.no_uk_source.strip()}\n")
    for platform, place in PLACES.items():
        settings = [setting for setting in control.settings if setting.platform is platform]
        if not settings:
            continue
        parts.append(f"**{place}**\n")
        rows = [_row(baseline, control, setting) for setting in settings]
        parts.append(table(("setting", "address", "wanted", "absent means", "applies", "state", "source"), rows))
        parts.append(f"What to do: {control.remedy.on(platform).strip()}\n")
        own = [f"- `{setting.id}`: {setting.remedy.strip()}" for setting in settings if setting.remedy]
        if own:
            parts.append("\n".join(own) + "\n")
    return "\n".join(parts)


def _row(baseline: Baseline, control: Control, setting: Setting) -> tuple[str, ...]:
    applies = [f"`{_condition(setting, index)}`" for index in range(len(setting.applies_when))]
    if setting.unless_named is not None:
        applies.append(f"not where `leeboard_{setting.unless_named.parameter}` names {setting.unless_named.words}")
    applies += [f"where `leeboard_{name}` is given" for name in _only_given(baseline, setting)]
    if setting.route:
        applies.append(f"one way of several: {setting.route}")
    return (
        f"`{setting.id}`: {setting.title}",
        f"`{setting.driver}:{setting.address}`",
        _wanted(baseline, setting),
        _absent(setting),
        " and ".join(applies) or "always",
        _state(baseline, control, setting) + _asked_for(setting),
        f"{setting.confidence}: {setting.source}",
    )


def _only_given(baseline: Baseline, setting: Setting) -> list[str]:
    """The parameters without which a device is not asked for a setting."""
    named = dict.fromkeys(one.parameter for one in setting.accept.value.every_value() if isinstance(one, Parameter))
    return [
        name for name in named if baseline.parameters[name].default is None and not baseline.parameters[name].missing
    ]


def _asked_for(setting: Setting) -> str:
    one = setting.changed_if_named
    if setting.changed_once is not None:
        return f" once {setting.changed_once} is compliant, else read only"
    return "" if one is None else f" where `leeboard_{one.parameter}` names {one.words}, else read only"


def _condition(setting: Setting, index: int) -> str:
    condition = setting.applies_when[index]
    if condition.contains is not None:
        return f"{condition.fact} has {condition.contains}"
    if condition.contains_other_than is not None:
        return f"{condition.fact} has another than {', '.join(condition.contains_other_than)}"
    assert condition.equals is not None  # noqa: S101 - the model has exactly one of the three
    return f"{condition.fact} is {plain(condition.equals)}"


def _wanted(baseline: Baseline, setting: Setting) -> str:
    choice = setting.accept.value
    values = {level: getattr(choice, level) for level in Level}
    if len({repr(value) for value in values.values()}) == 1 and not choice.special:
        text = _value_text(baseline, setting, choice.standard)
    else:
        parts = [f"{level}: {_value_text(baseline, setting, value)}" for level, value in values.items()]
        parts += [
            f"{_selector(special)}: {_value_text(baseline, setting, special.value)}" for special in choice.special
        ]
        text = "; ".join(parts)
    if isinstance(setting.write, Write):
        function = setting.write.function
        written = FUNCTIONS[function].description if function is not None else _value(_standard(setting.write))
        text += f" (written: {written})"
    elif setting.write is not None and setting.accept.operator in VALUE_IGNORED - {"none"}:
        text += f" (written: {_value(choice.standard)})"
    return text


def _standard(write: Write) -> Parameter | Value | None:
    return None if write.value is None else write.value.standard


def _value_text(baseline: Baseline, setting: Setting, value: Parameter | Value | None) -> str:
    if value is None:
        return "not asked"
    shown = baseline.drivers[setting.driver].name_of(value) or _value(value)
    return OPERATORS[setting.accept.operator].describe(shown, setting.unit)


def _value(value: Parameter | Value | None) -> str:
    if isinstance(value, Parameter):
        return f"`leeboard_{value.parameter}`"
    return "nothing" if value in (None, "", ()) else plain(value)


def _absent(setting: Setting) -> str:
    means = setting.absent
    text = _value(means.means) if isinstance(means, Means) else means.replace("_", " ")
    return f"{text}; not checked where an MDM service manages the device" if setting.mdm_elsewhere else text


def _selector(selector: Selector) -> str:
    named = [
        f"{name} {' or '.join(getattr(selector, name))}"
        for name in ("role", "form", "platform", "level")
        if getattr(selector, name)
    ]
    return ", ".join(named)


def _frameworks(baseline: Baseline) -> str:
    rows = ((f"`{name}`", one.title, "yes" if one.uk else "") for name, one in baseline.frameworks.items())
    return "## Frameworks named in references\n\n" + table(("short name", "title", "UK"), rows)
