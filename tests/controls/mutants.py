"""Wrong policies, each one slip away from the right one: a case must notice every one of them.

What is changed in turn, for each setting: its address, its operator (to those it is easily mistaken for), its values
(another level's, looser, stricter), what its absence means, each of its conditions, and whether it is asked for at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leeboard.model.enums import Level
from leeboard.model.operators import OPERATORS
from leeboard.model.values import Value
from leeboard.policy.model import Baseline, Choice, Control, Means, Parameter, Setting

# What somebody might write in its place.
MISTAKEN_FOR = {
    "at_least": ("at_most", "equals"),
    "at_most": ("at_least", "equals"),
    "at_most_not_zero": ("at_most", "equals"),
    "equals": ("non_empty", "at_least", "at_most"),
    "includes": ("equals", "at_most"),
    "no_system_details": ("non_empty",),
    "non_empty": ("equals",),
    "none": ("non_empty",),
    "one_of": ("non_empty", "equals"),
    "only_named": ("none",),
    "permissions_at_most": ("equals", "non_empty"),
}
LOOSER = {"at_least": 0.5, "at_most": 2, "at_most_not_zero": 2}


@dataclass(frozen=True)
class Mutant:
    """A control with one slip in it. `slip` says which."""

    control: Control
    setting: str
    slip: str

    @property
    def name(self) -> str:
        """What a failing test calls it."""
        return f"{self.control.id} {self.setting}: {self.slip}"


def mutants(control: Control) -> Iterator[Mutant]:
    """Every slip in a control that is tried."""
    for index, setting in enumerate(control.settings):
        for slip, changed in _slips(setting):
            settings = [*control.settings[:index], *([changed] if changed else []), *control.settings[index + 1 :]]
            yield Mutant(control.model_copy(update={"settings": tuple(settings)}), setting.id, slip)


def to_notice(baseline: Baseline, control_id: str) -> list[Mutant]:
    """The slips in a control that must be noticed: those in settings whose driver is there."""
    control = baseline.control(control_id)
    if control is None:
        return []
    built = {setting.id for setting in control.settings if baseline.drivers[setting.driver].state == "built"}
    return [mutant for mutant in mutants(control) if mutant.setting in built]


def _slips(setting: Setting) -> Iterator[tuple[str, Setting | None]]:
    yield "not asked for", None
    yield "another address", setting.model_copy(update={"address": setting.address + "-misspelt"})
    for operator in MISTAKEN_FOR.get(setting.accept.operator, ()):
        if _fits(operator, setting):
            accept = setting.accept.model_copy(update={"operator": operator})
            yield f"{operator} instead of {setting.accept.operator}", setting.model_copy(update={"accept": accept})
    for slip, value in _values(setting):
        accept = setting.accept.model_copy(update={"value": value})
        yield slip, setting.model_copy(update={"accept": accept})
    for absent in ("compliant", "drifted", "not_checked"):
        if absent not in _absent(setting):
            yield f"absent is {absent}", setting.model_copy(update={"absent": absent})
    for index, condition in enumerate(setting.applies_when):
        rest = (*setting.applies_when[:index], *setting.applies_when[index + 1 :])
        yield f"also where {condition.fact} is otherwise", setting.model_copy(update={"applies_when": rest})
    if setting.unless_named is not None:
        yield "also where the school allows it", setting.model_copy(update={"unless_named": None})
    if setting.changed_if_named is not None:
        yield "changed though nobody asked for it", setting.model_copy(update={"changed_if_named": None})


def _absent(setting: Setting) -> set[str]:
    """What an absent value comes to at the levels; one word that says the same as a value is no slip."""
    if not isinstance(setting.absent, Means):
        return {setting.absent}
    means, holds = setting.absent.means, OPERATORS[setting.accept.operator].holds
    wanted = [value for value in setting.accept.value.every_value() if not isinstance(value, Parameter)]
    verdicts = {"compliant" if holds(means, value) else "drifted" for value in wanted} or {"drifted"}
    return verdicts if len(verdicts) == 1 else set()


def _fits(operator: str, setting: Setting) -> bool:
    """Whether the operator can compare with what is wanted: one that never can is no slip that anybody makes."""
    wanted = setting.accept.value.every_value()
    same_at_none = {("at_most", "equals"), *([("equals", "at_most")] if setting.type == "dword" else [])}
    if set(wanted) == {0} and (setting.accept.operator, operator) in same_at_none:
        return False  # nothing counts below none, and a double word has no sign
    if operator.startswith(("at_", "includes")):
        return all(isinstance(value, int) and not isinstance(value, bool) for value in wanted)
    if operator == "non_empty":
        return not any(isinstance(value, bool) for value in wanted)
    return True


def _values(setting: Setting) -> Iterator[tuple[str, Choice[Parameter | Value]]]:
    choice = setting.accept.value
    values = {level.value: getattr(choice, level.value) for level in Level}
    if len(set(values.values())) == 1:  # written once in the file, so it is one slip
        for slip, value in _near(choice.standard, setting.accept.operator):
            yield slip, choice.model_copy(update=dict.fromkeys(values, value))
    else:
        for level, mine in values.items():
            for other, theirs in values.items():
                if theirs != mine and mine is not None:
                    yield f"{level} has the value of {other}", choice.model_copy(update={level: theirs})
            for slip, value in _near(mine, setting.accept.operator):
                yield f"{level} {slip}", choice.model_copy(update={level: value})
    for index, special in enumerate(choice.special):
        rest = (*choice.special[:index], *choice.special[index + 1 :])
        yield f"without the special value {special.value!r}", choice.model_copy(update={"special": rest})


def _near(value: Any, operator: str) -> Iterator[tuple[str, Value]]:
    """Values that somebody could have typed for it."""
    if isinstance(value, bool):
        yield f"{not value} instead of {value}", not value
    elif isinstance(value, int) and operator in LOOSER:
        looser = int(value * LOOSER[operator])
        if looser != value:
            yield f"{looser} instead of {value}", looser
    elif isinstance(value, int):
        yield f"{value + 1} instead of {value}", value + 1
    elif isinstance(value, tuple):
        for item in value:
            yield f"without {item!r}", tuple(other for other in value if other != item)
