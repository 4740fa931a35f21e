"""What waivers do at one moment: which of them count, what they make of findings, and what a roll-out leaves alone.

Everything here follows from what devices carry (`Device.waivers`), the baseline and a clock that is passed in, so that
a report, a roll-out and whoever reads a bundle years later come to the same answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from leeboard.model import accepted
from leeboard.model.accepted import Accepted
from leeboard.model.device import Device
from leeboard.model.enums import Mode, Severity
from leeboard.model.finding import Finding, Judged, best_route
from leeboard.model.observation import Observation
from leeboard.model.operators import OPERATORS
from leeboard.model.values import plain
from leeboard.model.verdicts import Verdict
from leeboard.model.waiver import Waiver, parse
from leeboard.model.words import date_text
from leeboard.policy.model import FRESHNESS, Baseline, Control, Setting
from leeboard.policy.resolve import Wanted, WantedControl, WantedSetting
from leeboard.verdict.evaluate import combined, judge

SOON = 30  # days before its end in which a waiver is named
MOST_NAMED = 5  # devices in one problem


class State(StrEnum):
    """How a waiver stands."""

    IN_FORCE = "in_force"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    VOID = "void"


@dataclass(frozen=True)
class Standing:
    """A waiver of one school as it stands. `assets`: its devices; `problem`: why it has no effect, somewhere or at all.

    One that is not in force yet has no problem; one that is in force may have one, where it overlaps another.
    """

    urn: str
    school: str
    waiver: Waiver
    assets: tuple[str, ...]
    state: State
    days_left: int
    problem: str = ""

    @property
    def ends_soon(self) -> bool:
        """True for one in force that ends within 30 days."""
        return self.state is State.IN_FORCE and self.days_left <= SOON

    @property
    def left(self) -> str:
        """The time that is left, as text."""
        if self.state is State.VOID:
            return "no effect"
        if self.state is State.NOT_YET:
            return f"from {date_text(self.waiver.granted)}"
        if self.state is State.EXPIRED:
            return "expired"
        if self.days_left == 0:
            return "ends today"
        return f"{self.days_left} day{'' if self.days_left == 1 else 's'} left"


def in_force(
    waivers: Sequence[Waiver], baseline: Baseline, at: datetime, torn: Collection[str] = ()
) -> dict[str, Waiver]:
    """By control, the waiver that counts at the moment `at` (aware) among those that one device carries.

    `torn` are ids that do not count, since they mean different things on different devices of the school.
    """
    if not waivers:
        return {}
    judged = _in_order(waivers, baseline)
    return {waiver.control: waiver for waiver, why in judged if not why and waiver.id not in torn and waiver.holds(at)}


def accept(
    findings: Sequence[Finding], waivers: Mapping[str, Waiver], baseline: Baseline, asset: str = ""
) -> tuple[tuple[Finding, ...], dict[str, Waiver]]:
    """The findings on one device with what drifted and is waived in the verdict `waived`.

    Settings that a waiver does not cover stay drifted, and so does their control. Nothing else becomes better by a
    waiver: beside what could not be read, a setting that is covered is no drift, and the control stays an error. The
    second are, by control, the waivers that made a whole finding waived. `waivers` are those in force; without an
    `asset` they are asked of a school as a whole.
    """
    after = {
        finding.control: _accepted(finding, waivers[finding.control], baseline, asset)
        for finding in findings
        if finding.verdict in (Verdict.DRIFTED, Verdict.ERROR) and finding.control in waivers
    }
    spared = {control: waivers[control] for control, finding in after.items() if finding.verdict is Verdict.WAIVED}
    return tuple(after.get(finding.control, finding) for finding in findings), spared


def covers(waiver: Waiver, setting: Setting | None, judged: Judged, asset: str) -> bool:
    """True when a waiver accepts all that a drifted setting was found to be: the values it names, and better ones."""
    if not waiver.settings:
        return True
    if setting is None or not judged.values:
        return False  # no control of the baseline has it any more, or it was found before values were kept
    operator = OPERATORS[setting.accept.operator]
    named = next((entry.of(asset) for entry in waiver.settings if entry.setting == setting.id), ())
    return all(any(operator.as_good(value, other) for other in named) for value in judged.values)


def left_alone(wanted: Wanted, at: datetime, observation: Observation) -> tuple[Wanted, dict[str, Waiver]]:
    """The same in which settings whose present drift is waived at `at` are only reported, and the waivers in force."""
    spared = in_force(wanted.device.waivers, wanted.baseline, at)
    if not spared:
        return wanted, {}
    controls = tuple(
        _reported(wanted, control, spared[control.control.id], observation, at)
        if control.control.id in spared
        else control
        for control in wanted.controls
    )
    return replace(wanted, controls=controls), spared


def standings(devices: Iterable[Device], baseline: Baseline, at: datetime) -> tuple[Standing, ...]:
    """Every waiver that these devices carry, once a school, by school and id."""
    schools: dict[str, list[Device]] = {}
    for device in devices:
        if device.waivers:
            schools.setdefault(device.urn, []).append(device)
    apart = torn(device for carriers in schools.values() for device in carriers)
    return tuple(
        risk
        for urn in sorted(schools)
        for risk in _of_school(urn, schools[urn], apart.get(urn, frozenset()), baseline, at)
    )


def void(risks: Iterable[Standing]) -> tuple[str, ...]:
    """A line for each waiver that has no effect, somewhere or at all."""
    return tuple(f"school {risk.urn}: waiver {risk.waiver.id}: {risk.problem}" for risk in risks if risk.problem)


def torn(devices: Iterable[Device]) -> dict[str, frozenset[str]]:
    """By school, the ids under which its devices carry different waivers: nobody can say which was meant."""
    first: dict[tuple[str, str], tuple[object, ...]] = {}
    by_school: dict[str, set[str]] = {}
    for device in devices:
        for waiver in device.waivers:
            if first.setdefault((device.urn, waiver.id), waiver.meaning) != waiver.meaning:
                by_school.setdefault(device.urn, set()).add(waiver.id)
    return {urn: frozenset(ids) for urn, ids in by_school.items()}


def of_whole_school(devices: Iterable[Device]) -> tuple[Waiver, ...]:
    """The waivers that the devices of one school carry for the school as a whole."""
    return tuple({waiver: None for device in devices for waiver in device.waivers if waiver.school})


def listed(urn: str, entries: Iterable[Any], devices: Sequence[Device]) -> tuple[str, ...]:
    """What is wrong with a school's lists of waivers, whatever the day. `entries` has the variable of each host.

    These are the mistakes that no device can carry: what makes no sense, an id given twice, and what meets no device.
    """
    problems: dict[str, None] = {}
    every: dict[Waiver, None] = {}
    for entry in entries:
        read = parse(entry)
        problems.update(dict.fromkeys(f"school {urn}: {problem}" for problem in read.problems))
        every.update(dict.fromkeys(read.good))
    for waiver in every:
        why = unmatched(waiver, devices)
        if why:
            problems[f"school {urn}: waiver {waiver.id}: {why}"] = None
    return tuple(problems)


def unmatched(waiver: Waiver, devices: Sequence[Device]) -> str:
    """Why a waiver meets no device, or which of its devices the school does not have; "" when all are there."""
    named = {asset for entry in waiver.settings for asset, _ in entry.by_device or ()}
    strange = sorted(named - (set(waiver.devices) or {device.asset for device in devices}))
    if strange:
        more = f" and {len(strange) - MOST_NAMED} more" if len(strange) > MOST_NAMED else ""
        return plain(f"its settings name {', '.join(strange[:MOST_NAMED])}{more}, and it is not for that device", 600)
    if waiver.school:
        return ""
    if waiver.roles:
        roles = {str(device.role) for device in devices}
        missing = [str(role) for role in waiver.roles if str(role) not in roles]
        if len(missing) == len(waiver.roles):
            return f"no device of the school has the role {' or '.join(missing)}; take the waiver out"
        return f"no device of the school has the role {', '.join(missing)}; take it out of the list" if missing else ""
    assets = {device.asset for device in devices}
    missing = [asset for asset in waiver.devices if asset not in assets]
    if not missing:
        return ""
    meant = {alias.casefold(): device.asset for device in devices for alias in (device.name, device.asset)}
    names = [
        asset + (f" (did you mean {meant[asset.casefold()]}?)" if asset.casefold() in meant else "")
        for asset in missing[:MOST_NAMED]
    ]
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    what = "it has no effect" if len(missing) == len(waiver.devices) else "the other devices are waived"
    return plain(f"{', '.join(names)}{more}: no such device at the school, so {what}; name asset tags", 600)


def refused(waiver: Waiver, baseline: Baseline) -> str:
    """Why a waiver can never count under this baseline, in words; "" when it can."""
    control = baseline.control(waiver.control)
    if control is None:
        return f"{waiver.control} is no control of the baseline; docs/controls.md lists them"
    if any(setting.driver == FRESHNESS for setting in control.settings):
        return f"{control.id} says how old evidence is, and no waiver makes it newer; see why the devices stay silent"
    known = [setting.id for setting in control.settings]
    strange = [entry.setting for entry in waiver.settings if entry.setting not in known]
    if strange:
        return f"{control.id} has no setting {', '.join(strange[:MOST_NAMED])}; it has {', '.join(known)}"
    switched = next((entry for entry in waiver.settings if _no_text(control, entry)), None)
    if switched is not None:
        return f"{switched.setting} is text, and a bare yes, no, on or off is a switch in YAML; put it into quotes"
    if baseline.about_school(control) and not waiver.school:
        return f"{control.id} is asked of the school as a whole; write school: true in place of devices or roles"
    if control.severity is Severity.CRITICAL and not waiver.siro:
        return (
            f"{control.id} is of critical severity, which only the SIRO may waive; let the SIRO approve it, and write "
            "siro: true"
        )
    return ""


def expired(waiver: Waiver) -> str:
    """The message about a waiver whose last day has passed."""
    return f"it ended on {date_text(waiver.last_day)}; take it out, or let it be approved again under a new id"


def _no_text(control: Control, entry: Accepted) -> bool:
    """True where somebody wrote `yes` or `no` without quotes for a setting that is text."""
    every = [entry.values, *(values for _, values in entry.by_device or ())]
    text = any(setting.id == entry.setting and setting.type == "string" for setting in control.settings)
    return text and any(isinstance(value, bool) for values in every for value in values)


def _in_order(waivers: Sequence[Waiver], baseline: Baseline) -> list[tuple[Waiver, str]]:
    """Each waiver of one device and why it does not count there: the first of several for the same days does."""
    judged: list[tuple[Waiver, str]] = []
    taken: dict[str, list[Waiver]] = {}
    for waiver in waivers:
        why = refused(waiver, baseline)
        before = taken.setdefault(waiver.control, [])
        if not why:
            other = next((earlier for earlier in before if earlier.overlaps(waiver)), None)
            why = _twice(waiver, other) if other is not None else ""
        if not why:
            before.append(waiver)
        judged.append((waiver, why))
    return judged


def _twice(waiver: Waiver, other: Waiver) -> str:
    return (
        f"{other.id} waives {waiver.control} on some of the same days already; take one of the two out, or let "
        f"{waiver.id} begin after {date_text(other.last_day)}"
    )


def _of_school(
    urn: str, devices: Sequence[Device], apart: frozenset[str], baseline: Baseline, at: datetime
) -> list[Standing]:
    """Put together from what the devices carry; what is torn apart stands there once for each meaning."""
    carried: dict[tuple[object, ...], tuple[dict[Waiver, None], list[tuple[str, str]]]] = {}
    for device in devices:
        for risk, why in _in_order(device.waivers, baseline):
            if risk.id in apart:
                why = "devices of the school have different waivers under this id, so none of them counts"
            same, met = carried.setdefault(risk.meaning, ({}, []))
            same[risk] = None
            met.append((device.asset, why))
    result = []
    for same, met in carried.values():
        risk = next(iter(same))
        if risk.settings:
            risk = risk.model_copy(update={"settings": accepted.united(each.settings for each in same)})
        assets = tuple(sorted({asset for asset, _ in met}))
        waiver = risk.model_copy(update={"devices": assets}) if risk.devices else risk
        result.append(_standing(urn, devices[0].school, waiver, assets, met, at))
    return sorted(result, key=lambda standing: (standing.waiver.id, standing.waiver.granted, standing.assets))


def _standing(
    urn: str, school: str, waiver: Waiver, assets: tuple[str, ...], met: Sequence[tuple[str, str]], at: datetime
) -> Standing:
    whys = dict.fromkeys(why for _, why in met if why)
    hit = [asset for asset, why in met if why]
    days = waiver.days_left(at)
    problem = "; ".join(whys)
    if len(hit) == len(met):
        state = State.VOID
    elif days < 0:
        state, problem = State.EXPIRED, expired(waiver)
    else:
        state = State.IN_FORCE if waiver.holds(at) else State.NOT_YET
        if hit:
            more = f" and {len(hit) - MOST_NAMED} more" if len(hit) > MOST_NAMED else ""
            problem = f"no effect on {', '.join(hit[:MOST_NAMED])}{more}: {problem}"
    return Standing(urn, school, waiver, assets, state, days, plain(problem, 600))


def _accepted(finding: Finding, waiver: Waiver, baseline: Baseline, asset: str) -> Finding:
    """A finding that has drifted, or that is an error, as it counts under a waiver."""
    control = baseline.control(finding.control)
    settings = {setting.id: setting for setting in control.settings} if control is not None else {}
    judged = tuple(
        replace(result, verdict=Verdict.WAIVED)
        if result.verdict is Verdict.DRIFTED and covers(waiver, settings.get(result.setting), result, asset)
        else result
        for result in _with_routes(finding.judged, settings)
    )
    if finding.verdict is Verdict.ERROR:
        return replace(finding, judged=judged) if judged else finding
    if not judged:
        return finding if waiver.settings else replace(finding, verdict=Verdict.WAIVED, reason=waiver.summary)
    whole = combined(replace(finding, judged=judged))
    if whole.verdict is Verdict.WAIVED:
        return replace(whole, reason=waiver.summary)
    if whole.verdict is not Verdict.DRIFTED:
        return whole
    left = [result for result in judged if result.verdict is Verdict.DRIFTED]
    if any(not result.values for result in left):
        return replace(whole, reason=f"{waiver.id} names values, and an older Leeboard found this without; check again")
    return replace(whole, reason=f"{waiver.id} does not cover {_named(left)}")


def _with_routes(judged: Iterable[Judged], settings: Mapping[str, Setting]) -> list[Judged]:
    """What was judged, with the routes that a finding of an older Leeboard does not have."""
    return [
        replace(result, route=settings[result.setting].route or "") if result.setting in settings else result
        for result in judged
    ]


def _keeping(setting: WantedSetting, waiver: Waiver, asset: str) -> WantedSetting:
    """A setting that drifted beyond what a waiver accepts: the members of its list that it does accept stay."""
    named = next((entry.of(asset) for entry in waiver.settings if entry.setting == setting.setting.id), ())
    kept = tuple(value for value in named if isinstance(value, str))
    return replace(setting, kept=kept) if kept else setting


def _named(judged: Sequence[Judged]) -> str:
    more = f" and {len(judged) - MOST_NAMED} more" if len(judged) > MOST_NAMED else ""
    return "; ".join(f"{result.title}: {result.seen or 'not set'}" for result in judged[:MOST_NAMED]) + more


def _reported(
    wanted: Wanted, control: WantedControl, waiver: Waiver, observation: Observation, at: datetime
) -> WantedControl:
    """A control in which what a waiver covers is only reported, so that a roll-out leaves it alone."""
    asset = wanted.device.asset
    judged = [judge(wanted, setting, observation, at) for setting in control.settings]
    spared = [
        not waiver.settings or (result.verdict is Verdict.DRIFTED and covers(waiver, setting.setting, result, asset))
        for setting, result in zip(control.settings, judged, strict=True)
    ]
    counted = [
        replace(result, verdict=Verdict.WAIVED) if mine else result for mine, result in zip(spared, judged, strict=True)
    ]
    if best_route(counted) is Verdict.WAIVED:
        # One way is as it was accepted: the others are not needed, as where one fulfils the control.
        spared = [mine or bool(result.route) for mine, result in zip(spared, judged, strict=True)]
    settings = tuple(
        replace(setting, mode=Mode.REPORT)
        if mine and setting.mode is Mode.ENFORCE
        else _keeping(setting, waiver, asset)
        for setting, mine in zip(control.settings, spared, strict=True)
    )
    mode = Mode.REPORT if control.mode is Mode.ENFORCE and all(spared) else control.mode
    return replace(control, mode=mode, settings=settings)
