"""One aspect of a reading beside what is wanted: is it accepted, why not, and which of its values are not. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from leeboard.model.observation import Aspect, Nothing, Unreadable
from leeboard.model.operators import OPERATORS, WrongType
from leeboard.model.values import Value, plain
from leeboard.model.verdicts import Verdict
from leeboard.policy.model import Means
from leeboard.policy.resolve import WantedSetting
from leeboard.verdict.cause import stored_values
from leeboard.verdict.codes import Code

MOST_SHOWN = 1000  # characters of a value that is not accepted
# Types of the registry that stand neither for a number nor for text: whatever they hold, Windows reads something else.
UNFIT_TYPES = frozenset(("qword", "binary", "none"))


def accepts(wanted: WantedSetting, aspect: Aspect) -> bool | None:
    """Whether an aspect meets what is wanted; None when it cannot be told."""
    verdict = compared(wanted, aspect).verdict
    return {Verdict.COMPLIANT: True, Verdict.DRIFTED: False}.get(verdict)


@dataclass(frozen=True)
class Answer:
    """The answer for one aspect. `values` are what of it is not accepted."""

    verdict: Verdict
    reason: str = ""
    code: str = ""
    values: tuple[Value | None, ...] = ()


def compared(setting: WantedSetting, aspect: Aspect) -> Answer:
    """The answer for an aspect, with what other people of the machine have in place of it."""
    if isinstance(aspect, Unreadable):
        return Answer(Verdict.ERROR, plain(aspect.why), aspect.code)
    if isinstance(aspect, Nothing):
        answer = absent(setting)
    else:
        answer = _value(setting, aspect.value, aspect.type)
        if answer.verdict is Verdict.COMPLIANT and aspect.length is not None:
            # Only the beginning of the text was sent: it cannot be equal to anything that we would write.
            answer = _drifted("it is too long to be what is wanted", Code.TOO_LONG, (_text(aspect.value),))
        if answer.values and aspect.sha256 is not None:
            # Two long texts that begin alike are not the same.
            answer = replace(answer, values=(f"sha256:{plain(aspect.sha256)}",))
    theirs = [
        (other, absent(setting) if other.value is None else _value(setting, other.value, other.type))
        for other in aspect.others
    ]
    values = stored_values((*answer.values, *(value for _, own in theirs for value in own.values)))
    if answer.verdict is Verdict.COMPLIANT:
        for other, own in theirs:
            if own.verdict is not Verdict.COMPLIANT:
                shown = "not set" if other.value is None else plain(other.value)
                return Answer(own.verdict, f"for {plain(other.who)} it is {shown}", Code.FOR_OTHERS, values)
    return answer if values == answer.values else replace(answer, values=values)


def absent(setting: WantedSetting) -> Answer:
    """What it means that a setting is not set."""
    means = setting.setting.absent
    if isinstance(means, Means):
        answer = _value(setting, means.means, "")
        code = Code.DEFAULT if answer.code else ""
        return replace(answer, reason=f"not set, which means {plain(means.means)}", code=code)
    # What is on no device is not "set" either; the reading's note says what is not there.
    reason = "" if means == "compliant" or setting.setting.platform is None else "not set"
    if means == "drifted":
        return _drifted(reason, Code.NOT_SET, (None,))
    return Answer(Verdict(means), reason, "" if means == "compliant" else Code.NOT_SET)


def _value(setting: WantedSetting, value: Value | list[str], type: str) -> Answer:
    operator = OPERATORS[setting.operator]
    actual = tuple(value) if isinstance(value, list) else value
    if type in UNFIT_TYPES:
        message = f"it is of type {type} where {setting.setting.type} is meant"
        return _drifted(message, Code.WRONG_TYPE, (f"{type}: {_text(actual)}",))
    try:
        holds = operator.holds(actual, setting.value)
    except WrongType as problem:
        message = f"{problem}" + (f" (it is of type {plain(type)})" if type else "")
        return _drifted(message, Code.WRONG_TYPE, (actual,))
    if holds:
        return Answer(Verdict.COMPLIANT)
    if setting.setting.otherwise != "drifted":
        return Answer(Verdict(setting.setting.otherwise))
    return _drifted("", Code.OTHER_VALUE, operator.beyond(actual, setting.value))


def _text(value: Value | list[str]) -> str:
    return value if isinstance(value, str) else plain(value, MOST_SHOWN)


def _drifted(reason: str, code: Code, values: tuple[Value | None, ...]) -> Answer:
    return Answer(Verdict.DRIFTED, reason, code, stored_values(values))
