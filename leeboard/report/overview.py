"""What reports are arranged by: schools, controls, gaps and the headline, taken from an EstateStatus. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from leeboard.model.enums import LEVELS, Mode, Platform, Severity
from leeboard.model.finding import Finding, Judged, needed
from leeboard.model.verdicts import Verdict, worst
from leeboard.model.words import number
from leeboard.policy.model import FRESHNESS, Baseline
from leeboard.report.silence import is_silent, silence
from leeboard.report.words import ADVICE, PLATFORMS, VERDICTS, WAIT, clean, counted, prose
from leeboard.verdict.status import DeviceStatus, EstateStatus, SchoolStatus, unknown
from leeboard.verdict.waivers import Standing

UNKNOWN = (Verdict.STALE, Verdict.MISSING, Verdict.NOT_CHECKED, Verdict.ERROR)
SEVERITIES = {severity.value: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True)
class About:
    """What the baseline says of a control; evidence may name one that the baseline no longer has."""

    id: str
    title: str
    severity: str
    why: str


@dataclass(frozen=True)
class School:
    """One school and its devices, the worst first. `whole` is what is asked of it as a whole, None without a run."""

    urn: str
    name: str
    devices: tuple[DeviceStatus, ...]
    whole: SchoolStatus | None = None

    @property
    def history(self) -> str:
        """Where its evidence was filed before, in words; "" for a school that was always itself."""
        return clean(self.whole.history) if self.whole is not None else ""

    @property
    def enforces(self) -> str:
        """What a roll-out may change there, in words; "" without a run."""
        return clean(self.whole.enforces, 1000) if self.whole is not None else ""

    def counts(self) -> Counter[Verdict]:
        """How many findings have each verdict, those on the school as a whole among them."""
        own = self.whole.findings if self.whole is not None else ()
        return counts_of(self.devices) + Counter(finding.verdict for finding in own)


@dataclass(frozen=True)
class Marking:
    """What every report says of itself: its label, and for whom it is where the schools name somebody."""

    label: str
    recipients: str

    @property
    def line(self) -> str:
        """Both in one line."""
        return f"{self.label}. For: {self.recipients}" if self.recipients else self.label


@dataclass(frozen=True)
class Hit:
    """One finding and the device it is of."""

    device: DeviceStatus
    finding: Finding


@dataclass(frozen=True)
class Group:
    """All findings of one control that have the same verdict. `todo` says once what to do about them.

    Among devices of several platforms a step begins with the platform that it is for, unless it is for all of them.
    """

    about: About
    verdict: Verdict
    hits: tuple[Hit, ...]
    todo: tuple[str, ...]


@dataclass(frozen=True)
class Headline:
    """Devices counted for people. `drifted` and `unknown` may share devices; those are `in_both`."""

    devices: int
    clear: int
    accepted: int
    drifted: int
    unknown: int
    in_both: int


def marking(status: EstateStatus) -> Marking:
    """The label of the most sensitive level that occurs, and everybody whom the schools name."""
    level = max((device.device.level for device in status.devices), key=LEVELS.index, default=LEVELS[0])
    known = status.baseline.levels.get(level)
    named = dict.fromkeys(clean(school.recipients) for school in status.schools if school.recipients)
    return Marking(prose(known.label) if known is not None else level.value, "; ".join(named))


def counts_of(devices: Iterable[DeviceStatus]) -> Counter[Verdict]:
    """How many findings of these devices have each verdict."""
    return Counter(finding.verdict for device in devices for finding in device.findings)


def about(baseline: Baseline, control_id: str) -> About:
    """What is known of a control."""
    control = baseline.control(control_id)
    if control is None:
        return About(clean(control_id, 40), "a control that this baseline does not have", "", "")
    return About(control.id, prose(control.title), control.severity.value, prose(control.why))


def standing(status: DeviceStatus) -> Verdict:
    """The worst verdict of what is checked at all: what Leeboard cannot check yet is counted, not held against it."""
    checked = [f.verdict for f in status.findings if not f.planned_only and not _only_fresh(f)]
    return worst(checked) if checked else status.verdict


def is_clear(status: DeviceStatus) -> bool:
    """True when all that Leeboard can check was checked, and nothing of it has drifted, not even if only reported."""
    return not is_unknown(status) and not has_drifted(status)


def is_unknown(status: DeviceStatus) -> bool:
    """True when nobody can say how the device stands, or some part of it that Leeboard could check.

    A device that was not seen in the last run is among them from the first night: what is on file is not how it stands.
    """
    checked = [f for f in status.findings if not f.planned_only and f.verdict is not Verdict.NOT_APPLICABLE]
    nothing = all(_only_fresh(finding) for finding in checked)
    not_seen = is_silent(status) or status.unjudged or status.outcome == "other"
    return not_seen or nothing or any(f.verdict in UNKNOWN for f in checked)


def _only_fresh(finding: Finding) -> bool:
    """True for "the evidence is fresh", which says nothing of the device itself."""
    about_age = bool(finding.judged) and all(one.address.startswith(f"{FRESHNESS}:") for one in finding.judged)
    return about_age and finding.verdict is Verdict.COMPLIANT


def has_drifted(status: DeviceStatus) -> bool:
    """True for a device with a drifted finding, enforced or only reported, and also behind an error in a control."""
    return any(
        finding.verdict is Verdict.DRIFTED
        or (finding.verdict is Verdict.ERROR and any(one.verdict is Verdict.DRIFTED for one in finding.judged))
        for finding in status.findings
    )


def mode_note(status: EstateStatus, device: DeviceStatus | None, finding: Finding) -> str:
    """What a reader must know of a finding's mode: "" where it is enforced. Without a device: of a school."""
    if finding.mode is not Mode.REPORT:
        return ""
    return "only reported, and fails on a portable" if status.fails(device, finding) else "only reported"


def note_of(one: Judged) -> str:
    """Why a setting is so, "" where that stands in what was seen or wanted already."""
    return "" if one.reason in (one.seen, one.wanted) else one.reason


def counts_for_exit(status: EstateStatus, device: DeviceStatus | None, finding: Finding) -> bool:
    """True for a finding that leads to exit code 2 or 3. Without a device it is of a school as a whole."""
    return status.fails(device, finding) or unknown(device, finding)


def switched_off(status: EstateStatus, devices: Iterable[DeviceStatus] | None = None) -> Counter[str]:
    """On how many portables a control is off that would fail there even where it is only reported, by control."""
    return Counter(
        finding.control
        for device in (status.devices if devices is None else devices)
        for finding in device.findings
        if finding.mode is Mode.OFF and finding.control in status.baseline.fails_in_report(device.device.form)
    )


def not_asked(status: EstateStatus) -> str:
    """The same in words, for the headline; "" where there is none."""
    said = (
        f"{control} is switched off on {number(count, 'portable')}" for control, count in switched_off(status).items()
    )
    return "; ".join(said)


def headline(devices: Iterable[DeviceStatus]) -> Headline:
    """The numbers that a head teacher reads first."""
    every = list(devices)
    drifted = [device for device in every if has_drifted(device)]
    return Headline(
        devices=len(every),
        clear=sum(is_clear(device) for device in every),
        accepted=sum(is_clear(d) and any(f.verdict is Verdict.WAIVED for f in d.findings) for d in every),
        drifted=len(drifted),
        unknown=sum(is_unknown(device) for device in every),
        in_both=sum(is_unknown(device) for device in drifted),
    )


def schools(status: EstateStatus) -> tuple[School, ...]:
    """The schools by name, each with its devices, the worst first."""
    found: dict[str, list[DeviceStatus]] = {}
    for device in status.devices:
        found.setdefault(device.device.urn, []).append(device)
    whole = {school.urn: school for school in status.schools}
    return tuple(
        School(urn, clean(devices[0].device.school, 120), tuple(sorted(devices, key=_worst_first)), whole.get(urn))
        for urn, devices in sorted(found.items(), key=lambda item: (item[1][0].device.school.casefold(), item[0]))
    )


def blamed(finding: Finding) -> tuple[Judged, ...]:
    """The settings that made the finding what it is, the worst first.

    A setting that drifted beside one that could not be read is among them; a way to fulfil the control that was not
    needed, because another way is fulfilled or nearer to it, is not, and neither is what a waiver covers beside what it
    does not.
    """
    judged = needed(finding.judged)
    if finding.verdict is Verdict.WAIVED:
        return tuple(one for one in judged if one.verdict is Verdict.WAIVED)
    to_blame = [one for one in judged if Verdict.WAIVED.badness < one.verdict.badness]
    guilty = [one for one in to_blame if one.verdict.badness <= finding.verdict.badness]
    return tuple(sorted(guilty, key=lambda one: -one.verdict.badness))


def todo(baseline: Baseline, control_id: str, blame: Iterable[Judged], platform: Platform) -> tuple[str, ...]:
    """What a person should do on a device of this platform, each thing once.

    Remedies for drift, advice by code for what could not be read; where neither says anything, the control's remedy.
    """
    words: dict[str, None] = {}
    for one in blame:
        if one.verdict is Verdict.DRIFTED:
            words[prose(one.remedy)] = None
        elif one.verdict is Verdict.PENDING:
            words[WAIT] = None
        elif one.code in ADVICE:
            words[ADVICE[one.code]] = None
    control = baseline.control(control_id)
    if not any(words) and control is not None:
        words = {prose(control.remedy.on(platform)): None}
    return _fullest(word for word in words if word)


def _fullest(steps: Iterable[str]) -> tuple[str, ...]:
    """Steps without those that another one says in full, and goes on after a semicolon."""
    every = tuple(steps)
    return tuple(one for one in every if not any(other.startswith(f"{one.removesuffix('.')};") for other in every))


def _todo(baseline: Baseline, control_id: str, hits: Sequence[Hit]) -> tuple[str, ...]:
    """What to do on all of these devices: where platforms differ, a step names the one that it is for."""
    found: dict[Platform, list[Finding]] = {}
    for hit in hits:
        found.setdefault(hit.device.device.platform, []).append(hit.finding)
    steps: dict[str, list[str]] = {}
    for platform in sorted(found):
        blame = (one for finding in found[platform] for one in blamed(finding))
        for step in todo(baseline, control_id, blame, platform):
            steps.setdefault(step, []).append(PLATFORMS.get(platform, platform.value))
    return tuple(step if len(its) == len(found) else f"{' and '.join(its)}: {step}" for step, its in steps.items())


def remedies(finding: Finding) -> tuple[str, ...]:
    """What to do about what is asked of a school as a whole, each thing once; nothing where it is well."""
    return tuple(dict.fromkeys(prose(one.remedy) for one in blamed(finding) if one.remedy))


def groups(status: EstateStatus, verdict: Verdict, devices: Iterable[DeviceStatus] | None = None) -> tuple[Group, ...]:
    """Findings with this verdict by control: the most severe first, then the most frequent.

    Left out are controls that Leeboard cannot check yet, devices that are never checked, and errors of a whole device
    (those are gaps).
    """
    found: dict[str, list[Hit]] = {}
    for device in status.devices if devices is None else devices:
        for finding in device.findings:
            wanted = finding.verdict is verdict and not finding.planned_only and device.outcome != "other"
            whole_device = verdict is Verdict.ERROR and not finding.judged and gap(device) is not None
            if wanted and not whole_device:
                found.setdefault(finding.control, []).append(Hit(device, finding))
    made = [
        Group(
            about(status.baseline, control_id),
            verdict,
            tuple(hits),
            _todo(status.baseline, control_id, hits),
        )
        for control_id, hits in found.items()
    ]
    return tuple(sorted(made, key=lambda g: (SEVERITIES.get(g.about.severity, 9), -len(g.hits), g.about.id)))


def risks(status: EstateStatus) -> tuple[Standing, ...]:
    """Every waiver: those without effect first, then those that end first."""
    return tuple(sorted(status.waivers, key=lambda one: (not one.problem, one.days_left, one.urn, one.waiver.id)))


def waived_by(status: EstateStatus) -> Counter[tuple[str, str]]:
    """By school and id of a waiver, how many findings it makes accepted risks."""
    spared = Counter((d.device.urn, one.id) for d in status.devices for one in d.waived.values())
    return spared + Counter((school.urn, one.id) for school in status.schools for one in school.waived.values())


def planned(devices: Iterable[DeviceStatus]) -> tuple[str, ...]:
    """The controls that Leeboard cannot check yet, somewhere on these devices."""
    return tuple(sorted({clean(f.control, 40) for device in devices for f in device.findings if f.planned_only}))


def gap(status: DeviceStatus) -> str | None:
    """Which of `words.GAPS` a device falls in, or None when it was seen as it should."""
    if status.outcome in ("another_machine", "failed", "other"):
        return status.outcome
    verdicts = {finding.verdict for finding in status.findings}
    for verdict in (Verdict.MISSING, Verdict.STALE):
        if verdict in verdicts or (not verdicts and status.verdict is verdict and status.outcome != "never"):
            return verdict.value
    if status.outcome == "never":
        return "never"
    return "silent" if status.outcome in ("unreachable", "not_seen") else None


def reason(finding: Finding) -> str:
    """Why a finding is what it is, in one line."""
    if finding.reason:
        return clean(finding.reason)
    worst_of = [one for one in blamed(finding) if one.verdict is finding.verdict]
    return clean("; ".join(dict.fromkeys(one.reason for one in worst_of if one.reason)))


def drifting_since(status: DeviceStatus) -> datetime | None:
    """The start of the longest drift that still lasts; None when there is none or nobody knows."""
    moments = [
        status.since[finding.control]
        for finding in status.findings
        if finding.verdict is Verdict.DRIFTED and finding.control in status.since
    ]
    return min(moments, default=None)


def summary(status: EstateStatus) -> str:
    """All counts in one line; no verdict hides another."""
    counts = status.counts()
    reported = sum(f.verdict is Verdict.DRIFTED and not status.fails(d, f) for d, f in status.every_finding())
    later = sum(finding.planned_only for _, finding in status.every_finding())
    notes = [f"{number(reported, 'drift')} only reported" if reported else ""]
    notes.append(f"{later:,} of those not checked because Leeboard cannot do so yet" if later else "")
    notes += [silence(status.devices, status.at).words, not_asked(status)]
    total = f"{number(sum(counts.values()), 'finding')} on {number(len(status.devices), 'device')}"
    total += f" and {number(len(status.schools), 'school')}" if status.schools else ""
    return "; ".join([f"{total}: {counted(counts, names=True)}", *filter(None, notes)])


def exit_reason(status: EstateStatus) -> str:
    """Why the exit code is what it is. Says what leads to 2 and what leads to 3 when both hold."""
    drifted = sum(status.fails(device, finding) for device, finding in status.every_finding())
    unsure = Counter(finding.verdict for device, finding in status.every_finding() if unknown(device, finding))
    parts = [f"{number(drifted, 'finding')} drifted"] if drifted else []
    parts += [f"{unsure[v]:,} {VERDICTS[v]}" for v in sorted(unsure, key=lambda v: -v.badness)]
    unjudged = sum(device.unjudged for device in status.devices)
    parts += [f"{number(unjudged, 'device')} could not be judged"] if unjudged else []
    parts += [f"{number(len(status.problems), 'problem')} with the run"] if status.problems else []
    silent = sum(map(is_silent, status.devices))
    well = "nothing enforced has drifted, and nothing is unknown"
    if silent:
        well = f"nothing enforced has drifted; {number(silent, 'device')} not seen, within the limit of the level"
    return f"{', '.join(parts) or well}: exit {status.exit_code}"


def _worst_first(status: DeviceStatus) -> tuple[int, str]:
    return -standing(status).badness, status.device.asset
