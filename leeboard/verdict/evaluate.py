"""From what is wanted and what was observed to findings. Pure: no clock (the moment is passed in), no file, no device.

The rules that keep it honest: what could not be read is `error`, a failed fact is never "not applicable", the effective
value decides and not the configured one, and the worst answer counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from leeboard.model.enums import Mode
from leeboard.model.finding import Finding, Judged, best_route, needed
from leeboard.model.judgements import QUESTIONS
from leeboard.model.observation import Aspect, Found, Nothing, Observation, Reading, Unreadable, measurements, text_of
from leeboard.model.operators import OPERATORS, WrongType, number
from leeboard.model.values import Value, plain
from leeboard.model.verdicts import Verdict, worst
from leeboard.model.words import measure
from leeboard.policy.model import Condition
from leeboard.policy.resolve import Wanted, WantedControl, WantedSetting
from leeboard.verdict.cause import cause
from leeboard.verdict.checkpoint import under_checkpoint
from leeboard.verdict.codes import Code, joined
from leeboard.verdict.compare import absent, compared
from leeboard.verdict.judgements.answer import CannotBeTold, DoesNotApply, MakesNoSense, UnderWay
from leeboard.verdict.judgements.registry import derive

GROUP_POLICY = Code.GROUP_POLICY.value  # a drift that only its owner can mend, an MDM service too
MOST_ASKED = 10_000  # characters of one text that is judged again later; no text that is judged has more
MOST_GROUNDS = 1000  # characters; a machine with many volumes has much to say


def evaluate(wanted: Wanted, observation: Observation, at: datetime) -> tuple[Finding, ...]:
    """The finding for each control of the baseline whose subject is the device, at a moment of the controller's clock.

    What a device says of the time is a claim: no certificate is valid for longer because its clock was put back.
    """
    return tuple(
        _control(wanted, control, observation, at) for control in wanted.controls if control.control.subject == "device"
    )


def measured(wanted: Wanted, readings: Sequence[Reading], at: datetime) -> tuple[Finding, ...]:
    """The finding for each control that no device answers for, from what the controller measured just now, at `at`.

    Where one setting says that all of this is too old, nothing of it counts: the whole control is stale.
    """
    taken = measurements(readings)
    findings = (
        _control(wanted, control, taken, at) for control in wanted.controls if control.control.subject != "device"
    )
    return tuple(_all_stale(finding) for finding in findings)


def _all_stale(finding: Finding) -> Finding:
    if not any(result.verdict is Verdict.STALE for result in finding.judged):
        return finding
    judged = tuple(
        result
        if result.verdict is Verdict.STALE
        else replace(result, verdict=Verdict.STALE, reason=f"it was {result.verdict.value} then", values=())
        for result in finding.judged
    )
    return replace(finding, verdict=Verdict.STALE, judged=judged)


def unseen(wanted: Wanted, verdict: Verdict, reason: str, measured_too: bool = False) -> tuple[Finding, ...]:
    """The same verdict for every control that is asked for: the device as a whole could not be judged.

    With `measured_too` also for those that no device answers for.
    """
    return tuple(
        Finding(control.control.id, verdict, control.mode, (), reason)
        if control.settings or control.planned
        else _without_settings(control)
        for control in wanted.controls
        if control.control.subject == "device" or measured_too
    )


def _control(wanted: Wanted, control: WantedControl, observation: Observation, at: datetime) -> Finding:
    if not control.settings:
        return _without_settings(control)
    settings = (_held_back(wanted, setting, observation, at) for setting in control.settings)
    judged = tuple(judge(wanted, setting, observation, at) for setting in settings)
    finding = combined(Finding(control.control.id, Verdict.COMPLIANT, control.mode, judged))
    if finding.verdict is Verdict.NOT_APPLICABLE:
        return replace(finding, reason="; ".join(dict.fromkeys(result.reason for result in judged if result.reason)))
    return finding


def combined(finding: Finding) -> Finding:
    """The finding with the verdict, mode and cause that follow from its settings.

    The worst of all that must hold counts; of several routes to the same end, the best that applies. A control in mode
    enforce whose only drift is in settings that are reported is itself only reported.
    """
    judged = finding.judged
    always = [result.verdict for result in judged if not result.route]
    best = best_route(judged)
    verdict = worst(always if best is None else [*always, best])
    blame = [result for result in needed(judged) if result.verdict is verdict]
    mode = finding.mode
    if verdict is Verdict.DRIFTED and blame and all(result.mode is Mode.REPORT for result in blame):
        mode = Mode.REPORT
    # A way that is not needed, since another one fulfils the control, is no cause of anything.
    counts = [result for result in judged if not result.route or best is not Verdict.COMPLIANT]
    if verdict is not Verdict.WAIVED:
        counts = [result for result in counts if result.verdict is not Verdict.WAIVED]
    return replace(finding, verdict=verdict, mode=mode, cause=cause(counts))


def _without_settings(control: WantedControl) -> Finding:
    """Not applicable with the reason; not checked where only we are not ready yet."""
    if not control.planned:
        return Finding(control.control.id, Verdict.NOT_APPLICABLE, control.mode, (), control.not_asked)
    result = Judged(
        setting="platform",
        title=control.control.title,
        address="",
        verdict=Verdict.NOT_CHECKED,
        reason=control.not_asked,
        code=Code.PLANNED.value,
        mode=control.mode,
    )
    return Finding(control.control.id, Verdict.NOT_CHECKED, control.mode, (result,), control.not_asked)


def to_mend(wanted: Wanted, control: WantedControl, observation: Observation, at: datetime) -> list[WantedSetting]:
    """The settings of a control that drifted at a moment, or are right and not loaded yet (pending).

    Where one route fulfils the control already, the others are left as they are.
    """
    settings = [_held_back(wanted, setting, observation, at) for setting in control.settings]
    pairs = [(setting, judge(wanted, setting, observation, at)) for setting in settings]
    fulfilled = best_route(judged for _setting, judged in pairs) is Verdict.COMPLIANT
    return [
        setting
        for setting, judged in pairs
        if judged.verdict in (Verdict.DRIFTED, Verdict.PENDING) and not (fulfilled and setting.setting.route)
    ]


def _held_back(wanted: Wanted, setting: WantedSetting, observation: Observation, at: datetime) -> WantedSetting:
    """The setting as it is wanted now: only reported while a control that has to come first is not compliant."""
    first = setting.setting.changed_once
    if first is None or setting.mode is not Mode.ENFORCE:
        return setting
    controls = (control for control in wanted.controls if control.control.id == first)
    if any(_control(wanted, control, observation, at).verdict is Verdict.COMPLIANT for control in controls):
        return setting
    return replace(setting, mode=Mode.REPORT)


def judge(wanted: Wanted, setting: WantedSetting, observation: Observation, at: datetime) -> Judged:
    """The verdict on one setting at a moment."""
    judged = _judge(wanted, setting, observation, at)
    driver = wanted.baseline.drivers[setting.setting.driver]
    if driver.risk == "cut_off":
        judged = under_checkpoint(judged, observation)
    name = driver.name_of(setting.value)
    if not name:
        return judged
    reading = observation.reading(setting.setting.driver, setting.setting.address)
    value = reading.effective.value if reading is not None and isinstance(reading.effective, Found) else None
    return replace(judged, seen=driver.name_of(value) or judged.seen, wanted=OPERATORS[setting.operator].describe(name))


def _judge(wanted: Wanted, setting: WantedSetting, observation: Observation, at: datetime) -> Judged:
    for condition in setting.setting.applies_when:
        verdict, reason, code = _condition(condition, observation)
        if verdict is not None:
            return _judged(setting, verdict, reason=reason, code=code)
    driver = wanted.baseline.drivers[setting.setting.driver]
    if driver.state == "planned":
        return _judged(
            setting,
            Verdict.NOT_CHECKED,
            reason=f"Leeboard cannot check this yet: {driver.summary}",
            code=Code.PLANNED,
        )
    reading = observation.reading(setting.setting.driver, setting.setting.address)
    if reading is None:
        return _judged(setting, Verdict.ERROR, reason="the device gave no reading for it", code=Code.NO_READING)
    effective = reading.effective
    if setting.setting.mdm_elsewhere and isinstance(effective, Nothing):
        verdict, reason, code = _managed(observation)
        if verdict is not None:
            return _judged(setting, verdict, effective, reason, code)
    if setting.lacks and not isinstance(effective, Unreadable):
        # There is nothing to compare with: absent is what it always is, and of a value nobody can say that it is right.
        verdict = absent(setting).verdict if isinstance(effective, Nothing) else Verdict.NOT_CHECKED
        values = (None,) if verdict is Verdict.DRIFTED else ()
        return _judged(setting, verdict, effective, setting.lacks, Code.LACKING, values)
    if setting.setting.judgement is not None and isinstance(effective, Found):
        judged = derived(setting, setting.setting.judgement, effective, observation, at)
        if judged.verdict is Verdict.COMPLIANT and isinstance(reading.running, Unreadable):
            why = plain(reading.running.why, MOST_GROUNDS)
            return replace(judged, verdict=Verdict.PENDING, reason=why, code=Code.PENDING.value)
        return judged
    answer = compared(setting, effective)
    verdict, reason, code = answer.verdict, answer.reason, answer.code
    if verdict is Verdict.COMPLIANT and reading.running is not None:
        if isinstance(reading.running, Unreadable):
            # The daemon does not tell what it holds, and its configuration is newer than it.
            note = effective.note if isinstance(effective, Found | Nothing) else ""
            why = "" if note == reading.running.why else plain(reading.running.why)
            return _judged(setting, Verdict.PENDING, effective, why, Code.PENDING)
        if compared(setting, reading.running).verdict is Verdict.DRIFTED:
            return _judged(
                setting, Verdict.PENDING, effective, f"still running with {text_of(reading.running)}", Code.PENDING
            )
    configured = reading.configured if verdict is Verdict.DRIFTED and not reason else None
    if configured is not None and compared(setting, configured).verdict is Verdict.COMPLIANT:
        reason = f"configured as {text_of(configured)}, but that is not what takes effect"
        code = Code.NOT_EFFECTIVE
    if verdict is Verdict.DRIFTED and reading.owner:
        note = f"{plain(reading.owner)} sets this, and would set it again"
        return _judged(
            setting, verdict, effective, "; ".join(part for part in (reason, note) if part), GROUP_POLICY, answer.values
        )
    return _judged(setting, verdict, effective, reason, code, answer.values)


def derived(setting: WantedSetting, judgement: str, aspect: Found, observation: Observation, at: datetime) -> Judged:
    """The verdict on what a judgement makes of the objects in a reading; its grounds are the reason."""
    try:
        answer = derive(judgement, aspect.value, observation.facts, at)
    except CannotBeTold as problem:
        # The objects themselves are for machines: a person is told what came of them.
        return _judged(setting, Verdict.NOT_CHECKED, None, plain(str(problem), MOST_GROUNDS), Code.CANNOT_BE_TOLD)
    except UnderWay as progress:
        under_way = _judged(setting, Verdict.PENDING, None, plain(str(progress), MOST_GROUNDS), Code.PENDING)
        return _kept(under_way, judgement, aspect)
    except DoesNotApply as problem:
        return _judged(setting, Verdict.NOT_APPLICABLE, None, plain(str(problem), MOST_GROUNDS))
    except MakesNoSense as problem:
        return _judged(setting, Verdict.ERROR, None, plain(problem.why, MOST_GROUNDS), problem.code)
    value = list(answer.value) if isinstance(answer.value, tuple) else answer.value
    found = Found(state="value", value=value, source=aspect.source)
    result = compared(setting, found)
    grounds = plain(answer.grounds, MOST_GROUNDS)
    reason = "; ".join(part for part in (result.reason, grounds) if part)
    code = joined(answer.codes) if result.code == Code.OTHER_VALUE and answer.codes else result.code
    if result.verdict is Verdict.COMPLIANT and aspect.length is not None:
        # Only the beginning was sent, and what is wrong may stand behind it.
        return _judged(setting, Verdict.ERROR, None, "it is too long to be judged", "too_large")
    judged = _judged(setting, result.verdict, found, reason, code, result.values)
    return _kept(judged, judgement, aspect)


def _kept(judged: Judged, judgement: str, aspect: Found) -> Judged:
    """With what it was judged by, where it may come to something else at another moment."""
    if QUESTIONS[judgement].asks_time and isinstance(aspect.value, list):
        asked = tuple(plain(text, MOST_ASKED) for text in aspect.value)
        return replace(judged, asked=asked, source=plain(aspect.source, 300))
    return judged


def _managed(observation: Observation) -> tuple[Verdict | None, str, str]:
    """What to say of a value that is not there, and that a device management service (MDM) would keep elsewhere."""
    verdict, reason, code = _condition(Condition(fact="mdm_enrolled", equals=True), observation)
    if verdict is None:
        return Verdict.NOT_CHECKED, "an MDM service manages this device, and may keep it elsewhere", Code.MANAGED
    return (None, "", "") if verdict is Verdict.NOT_APPLICABLE else (verdict, reason, code)


def _condition(condition: Condition, observation: Observation) -> tuple[Verdict | None, str, str]:
    """(None, "", "") when it holds; else the verdict it leads to, with the fact named."""
    fact = observation.facts.get(condition.fact)
    if fact is None:
        return Verdict.ERROR, f"the device did not say what its {condition.fact} is", Code.NO_READING
    if isinstance(fact, Unreadable):
        return Verdict.ERROR, f"{condition.fact}: {plain(fact.why)}", fact.code
    value = fact.value if isinstance(fact, Found) else []
    held = False
    if condition.equals is not None:
        held = value == condition.equals and isinstance(value, bool) == isinstance(condition.equals, bool)
    elif isinstance(value, list):
        if condition.contains is not None:
            held = condition.contains in value
        else:
            held = any(item not in (condition.contains_other_than or ()) for item in value)
    else:
        return Verdict.ERROR, f"{condition.fact} is {plain(value)} where a list is meant", Code.MALFORMED
    return (None, "", "") if held else (Verdict.NOT_APPLICABLE, f"{condition.fact}: {plain(value)}", "")


def _judged(
    wanted: WantedSetting,
    verdict: Verdict,
    aspect: Aspect | None = None,
    reason: str = "",
    code: str = "",
    values: tuple[Value | None, ...] = (),
) -> Judged:
    setting = wanted.setting
    note = aspect.note if aspect is not None and not isinstance(aspect, Unreadable) else ""
    # Of what lies on no device there is a value to show, or a reason that says why there is none.
    shown = aspect is not None and (setting.platform is not None or isinstance(aspect, Found))
    seen = text_of(aspect) if aspect is not None and shown else ""
    if setting.unit and isinstance(aspect, Found) and _is_number(aspect):
        seen = measure(seen, setting.unit)
    return Judged(
        setting=setting.id,
        title=setting.title,
        address=f"{setting.driver}:{setting.address}",
        verdict=verdict,
        seen=seen,
        wanted=wanted.lacks or OPERATORS[wanted.operator].describe(plain(wanted.value), setting.unit),
        source=plain(aspect.source, 300) if aspect is not None else "",
        reason="; ".join(part for part in (reason, plain(note)) if part),
        code=str(code),
        values=values if verdict is Verdict.DRIFTED else (),
        remedy=setting.remedy or wanted.control.remedy.on(setting.platform),
        mode=wanted.mode,
        route=setting.route or "",
    )


def _is_number(aspect: Found) -> bool:
    """True for a whole number, also one that is written as text. Anything else says in itself what it is."""
    try:
        number(aspect.value if not isinstance(aspect.value, list) else tuple(aspect.value))
    except WrongType:
        return False
    return aspect.length is None
