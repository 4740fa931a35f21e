"""Proofs over every combination of level, form and role: can what is written be accepted, and does anything quarrel?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from leeboard.model.enums import Form, Level, Mode, Platform, Role
from leeboard.model.operators import OPERATORS, WrongType
from leeboard.model.values import Value
from leeboard.policy.draft import Draft, DraftSetting
from leeboard.policy.functions import FUNCTIONS
from leeboard.policy.model import Choice, Means, Parameter, Special, Write
from leeboard.policy.source import Path, Problem

Where = tuple[Level, Platform, Form, Role]
# These look at the reading alone; the wanted value is not compared.
VALUE_IGNORED = frozenset(("none", "non_empty", "no_system_details"))


@dataclass(frozen=True)
class Demand:
    """What one setting asks of the devices of one combination, as `resolve` has it with sample parameters."""

    place: DraftSetting
    mode: Mode
    value: Value
    write: Value | None


def everywhere(platform: Platform | None) -> Iterator[Where]:
    """Every combination that a device of a platform can be; what is on no device is asked of every platform alike."""
    for level, form, role in product(Level, Form, Role):
        yield level, platform or Platform.OTHER, form, role


def _place_text(where: Where) -> str:
    level, _, form, role = where
    return f"level {level}, form {form}, role {role}"


def demand(draft: Draft, place: DraftSetting, where: Where) -> Demand | None:
    """What a setting asks there; None when it does not ask for anything, or names what is not defined."""
    control, setting = place.control, place.setting
    if not control.applies_to.matches(*where):
        return None
    modes = [control.mode.pick(*where)[0]]
    if setting.mode is not None:
        modes.append(setting.mode.pick(*where)[0])
    if None in modes or Mode.OFF in modes:
        return None
    value = _value(draft, setting.accept.value, where)
    if value is None:
        return None
    write: Value | None = None
    if setting.write == "wanted":
        write = value
    elif isinstance(setting.write, Write) and setting.write.value is not None:
        write = _value(draft, setting.write.value, where)
    return Demand(place, Mode.REPORT if Mode.REPORT in modes else Mode.ENFORCE, value, write)


def _value(draft: Draft, choice: Choice[Parameter | Value], where: Where) -> Value | None:
    picked, _ = choice.pick(*where)
    if isinstance(picked, Parameter):
        definition = draft.parameters.get(picked.parameter)
        return None if definition is None else definition.sample
    return picked


def holds(place: DraftSetting, actual: Value, wanted: Value) -> bool:
    """Whether the setting's operator accepts a value. Raises WrongType; an unknown operator accepts everything."""
    operator = OPERATORS.get(place.setting.accept.operator)
    return True if operator is None else operator.holds(actual, wanted)


def wanted_values(draft: Draft) -> Iterator[Problem]:
    """Each wanted value is of a kind that the operator compares, accepts at least itself, and is within the bounds."""
    for place in draft.settings():
        for path, value in _entries(draft, place.setting.accept.value):
            message = _unfit(place, value) or _out_of_bounds(place, value)
            if message:
                yield place.problem(message, "accept", "value", *path)
        write = place.setting.write
        if isinstance(write, Write) and write.value is not None:
            for path, value in _entries(draft, write.value):
                message = _out_of_bounds(place, value)
                if message:
                    yield place.problem(message, "write", "value", *path)


def _entries(draft: Draft, choice: Choice[Parameter | Value]) -> Iterator[tuple[Path, Value]]:
    """Each value of a choice and where it stands in it."""
    pairs: list[tuple[Path, Parameter | Value | None]] = [((level.value,), getattr(choice, level)) for level in Level]
    pairs += [(("special", index, "value"), special.value) for index, special in enumerate(choice.special)]
    for path, value in pairs:
        if isinstance(value, Parameter):
            definition = draft.parameters.get(value.parameter)
            value = None if definition is None else definition.sample
        if value is not None:
            yield path, value


def _unfit(place: DraftSetting, value: Value) -> str:
    name = place.setting.accept.operator
    operator = OPERATORS.get(name)
    if operator is None or name in VALUE_IGNORED:
        return ""
    members: tuple[Value, ...] = (value,)
    if name == "one_of":
        if not isinstance(value, tuple):
            return "one_of compares with a list"
        members = value
    try:
        accepted = any(operator.holds(member, value) for member in members) and operator.narrows(value, value)
    except WrongType as problem:
        return f"{name} cannot compare with {value!r}: {problem}"
    return "" if accepted else f"{name} {value!r} accepts nothing"


def _out_of_bounds(place: DraftSetting, value: Value) -> str:
    bounds = place.setting.bounds
    if bounds is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int):
        return f"{value!r} is no number, but the setting has bounds"
    return "" if bounds.least <= value <= bounds.most else f"{value} is not within {bounds.least} to {bounds.most}"


def absent_values(draft: Draft) -> Iterator[Problem]:
    """What absence means is of a kind that the operator compares with every wanted value."""
    for place in draft.settings():
        absent = place.setting.absent
        if not isinstance(absent, Means):
            continue
        for _, value in _entries(draft, place.setting.accept.value):
            try:
                holds(place, absent.means, value)
            except WrongType as problem:
                message = f"{place.setting.accept.operator} cannot compare {absent.means!r}: {problem}"
                yield place.problem(message, "absent", "means")
                break


def written_is_accepted(draft: Draft) -> Iterator[Problem]:
    """What a roll-out writes is accepted afterwards, for every combination."""
    for place in draft.settings():
        for where in everywhere(place.setting.platform):
            demanded = demand(draft, place, where)
            message = (
                ""
                if demanded is None
                else next(filter(None, (_refusal(demanded, write) for write in _writes(demanded))), "")
            )
            if message:
                yield place.problem(f"{message} ({_place_text(where)})", "write")
                break


def _writes(demanded: Demand) -> Iterator[Value]:
    """What may be written: the value, or what the function makes of each of its samples."""
    if demanded.write is not None:
        yield demanded.write
    write = demanded.place.setting.write
    if isinstance(write, Write) and write.function in FUNCTIONS:
        function = FUNCTIONS[write.function]
        for sample in function.samples:
            yield function.written(sample, demanded.value)


def _refusal(demanded: Demand, write: Value) -> str:
    operator = demanded.place.setting.accept.operator
    try:
        if holds(demanded.place, write, demanded.value):
            return ""
    except WrongType as problem:
        return f"{write!r} is written, which {operator} cannot compare: {problem}"
    return f"{write!r} is written, which {operator} {demanded.value!r} does not accept"


def enforceable(draft: Draft) -> Iterator[Problem]:
    """What is enforced can be written, or is changed by an action, and has been checked by somebody."""
    for place in draft.settings():
        setting = place.setting
        driver = draft.drivers.get(setting.driver)
        reads_only = driver is not None and not driver.writes
        by_action = driver is not None and setting.address in driver.action
        if reads_only and setting.write is not None:
            yield place.problem(f"{setting.driver} only reads; take write out", "write")
        demands = (demand(draft, place, where) for where in everywhere(setting.platform))
        if not any(demanded is not None and demanded.mode is Mode.ENFORCE for demanded in demands):
            continue
        if setting.route is not None and setting.write is None:
            continue  # another route is the one that a roll-out takes
        if reads_only and not by_action:
            yield place.problem(f"is enforced, and {setting.driver} only reads; give it mode: report", "driver")
        elif setting.write is None and not by_action:
            yield place.problem("is enforced and has nothing to write; give it write, or mode: report", missing="write")
        if setting.confidence == "unverified":
            yield place.problem(
                "is unverified and enforced; check it on a machine, or give it mode: report", "confidence"
            )


def specials_clear(draft: Draft) -> Iterator[Problem]:
    """No two special choices of equal weight give one device different values."""
    for owner in draft.controls:
        for where in (*everywhere(Platform.LINUX), *everywhere(Platform.WINDOWS)):
            index = _tied(owner.control.mode, where)
            if index is not None:
                message = f"quarrels with an earlier special of equal weight ({_place_text(where)})"
                yield owner.problem(message, "mode", "special", index)
                break
    for place in draft.settings():
        setting = place.setting
        choices: list[tuple[Path, Choice[Any]]] = [(("accept", "value"), setting.accept.value)]
        if setting.mode is not None:
            choices.append((("mode",), setting.mode))
        if isinstance(setting.write, Write) and setting.write.value is not None:
            choices.append((("write", "value"), setting.write.value))
        for path, choice in choices:
            for where in everywhere(setting.platform):
                index = _tied(choice, where)
                if index is not None:
                    message = f"quarrels with an earlier special of equal weight ({_place_text(where)})"
                    yield place.problem(message, *path, "special", index)
                    break


def _tied(choice: Choice[Any], where: Where) -> int | None:
    """The place of a special that ties with an earlier one and differs from it; None when all is clear."""
    matching: list[tuple[int, Special[Any]]] = [
        (index, special) for index, special in enumerate(choice.special) if special.matches(*where)
    ]
    most = max((special.specificity for _, special in matching), default=0)
    best = [(index, special.value) for index, special in matching if special.specificity == most]
    return next((index for index, value in best if (type(value), value) != (type(best[0][1]), best[0][1])), None)


def one_writer(draft: Draft) -> Iterator[Problem]:
    """No two settings write one address differently, and none writes what the other does not accept (PAINS 16)."""
    by_address: dict[tuple[str, str], list[DraftSetting]] = {}
    for place in draft.settings():
        address = place.setting.address
        # Registry keys and the like do not tell capitals from small letters.
        folded = address.casefold() if place.setting.platform is Platform.WINDOWS else address
        by_address.setdefault((place.setting.driver, folded), []).append(place)
    for places in by_address.values():
        for first, second in combinations(places, 2):
            if first.setting.platform is second.setting.platform and not _exclusive(draft, first, second):
                yield from _quarrel(draft, first, second)


def _exclusive(draft: Draft, first: DraftSetting, second: DraftSetting) -> bool:
    """True when the two are never asked of one device: by a fact, or by the one word that a parameter can be."""
    mine, theirs = first.setting.unless_named, second.setting.unless_named
    if mine is not None and theirs is not None and mine.parameter == theirs.parameter:
        definition = draft.parameters.get(mine.parameter)
        words = definition.shape.split("|") if definition is not None and definition.shape else []
        if len(words) > 1 and all(mine.among({word}) or theirs.among({word}) for word in words):
            return True
    return any(
        mine.fact == theirs.fact
        and mine.equals is not None
        and theirs.equals is not None
        and mine.equals != theirs.equals
        for mine in first.setting.applies_when
        for theirs in second.setting.applies_when
    )


def _quarrel(draft: Draft, first: DraftSetting, second: DraftSetting) -> Iterator[Problem]:
    for where in everywhere(first.setting.platform):
        mine, theirs = demand(draft, first, where), demand(draft, second, where)
        if mine is None or theirs is None:
            continue
        message = ""
        if mine.write is not None and theirs.write is not None and mine.write != theirs.write:
            message = f"writes {theirs.write!r} where {first.name} writes {mine.write!r}"
        elif mine.write is not None and _refusal(theirs, mine.write):
            message = f"does not accept {mine.write!r}, which {first.name} writes there"
        elif theirs.write is not None and _refusal(mine, theirs.write):
            message = f"writes {theirs.write!r}, which {first.name} does not accept"
        if message:
            yield second.problem(f"{message} ({_place_text(where)})", "address")
            return


PROOFS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    wanted_values,
    absent_values,
    written_is_accepted,
    enforceable,
    specials_clear,
    one_writer,
)
