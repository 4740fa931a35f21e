"""What there is to do, by what matters: an item is one action, however many devices and controls it would mend. Pure.

Findings with the same steps are one item, and so are devices with the same message: what stands 180 times in a log is
one thing to do. The most severe come first, then those that concern most devices, then new before old, then those that
mend most findings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from leeboard.model.enums import Mode, Severity
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.report import overview
from leeboard.report.coverage import place_of
from leeboard.report.words import GAPS, VERDICTS, clean, prose
from leeboard.verdict.codes import Code
from leeboard.verdict.status import DeviceStatus, EstateStatus, unknown

NEW = timedelta(days=7)
NUMBERS = re.compile(r"[0-9]+")
# A device of which nothing is known stands by what it might hide, another machine in its place first.
OF_DEVICES = {"another_machine": "critical", "failed": "high", "missing": "high", "stale": "high", "never": "medium"}


@dataclass(frozen=True)
class Item:
    """One thing to do. `what` names it in a line, `steps` say how, `why` is what devices said where they said the same.

    `devices` are (URN, asset tag), `findings` how many would be well after it, `controls` their ids. `newest` and
    `oldest` are when the first and the last of them began, as far as that is known; `new` is how many began within a
    week. `reported` is how many of the findings are only reported. Without devices it concerns schools as a whole.
    """

    severity: str
    verdict: str
    what: str
    steps: tuple[str, ...]
    why: str
    controls: tuple[str, ...]
    devices: tuple[tuple[str, str], ...]
    schools: tuple[str, ...]
    findings: int
    new: int
    newest: datetime | None
    oldest: datetime | None
    reported: int = 0


@dataclass(frozen=True)
class Part:
    """One finding, or one device as a whole, before equal ones are put together."""

    key: tuple[str, ...]
    severity: str
    verdict: str
    title: str
    steps: tuple[str, ...]
    why: str
    control: str
    urn: str
    asset: str
    since: datetime | None
    reported: bool


def worklist(status: EstateStatus) -> tuple[Item, ...]:
    """Everything that is to be done about what is not well, the most important first."""
    return together(parts(status), status.at)


def together(every: Iterable[Part], at: datetime) -> tuple[Item, ...]:
    """The same from parts, which may be of schools that were looked at one after the other."""
    groups: dict[tuple[str, ...], _Together] = {}
    for part in every:
        group = groups.get(part.key)
        if group is None:
            group = groups[part.key] = _Together(part)
        group.add(part, at)
    return tuple(sorted((group.item() for group in groups.values()), key=_order))


def parts(status: EstateStatus) -> Iterator[Part]:
    """What is not well, finding by finding, before it is put together."""
    for device in status.devices:
        place = place_of(device, status.at)
        if place in ("failed", "never", "stale"):
            yield _of_device(device, place)
        elif place != "other":
            for finding in device.findings:
                yield from _of_finding(status, device, device.device.urn, finding)
    for school in status.schools:
        for finding in school.findings:
            yield from _of_finding(status, None, school.urn, finding)


def _of_device(device: DeviceStatus, place: str) -> Part:
    """What is to be done about a device of which nothing counts; equal messages differ in their numbers at most."""
    known = overview.gap(device)
    kind = known if known in OF_DEVICES else "missing"
    title, _, advice = GAPS[kind]
    it = device.device
    # When a device was last seen stands elsewhere: its message is about the visit that failed.
    # Ansible may begin it with the device's name, which alone would make one thing to do of each device.
    why = "" if place == "stale" else clean(device.message.removeprefix(f"{it.name}: "), 300)
    return Part(
        ("device", kind, NUMBERS.sub("#", why)), OF_DEVICES[kind], device.verdict.value, title, (advice,), why, "",
        it.urn, it.asset, device.seen, False,
    )  # fmt: skip


def _of_finding(status: EstateStatus, device: DeviceStatus | None, urn: str, finding: Finding) -> Iterator[Part]:
    drifted = finding.verdict is Verdict.DRIFTED
    if finding.planned_only or not (drifted or unknown(device, finding)):
        return
    about = overview.about(status.baseline, finding.control)
    steps = _steps(status, device, finding)
    # Only what several controls have alike word by word is one action: a remedy, a value that the school has to give,
    # or a check run as root.
    alike = steps if steps and (drifted or _lacks(finding) or finding.needs_root_only) else (about.id, *steps)
    yield Part(
        ("finding", finding.verdict.value, *alike), about.severity, finding.verdict.value, f"{about.id} {about.title}",
        steps, "" if drifted else overview.reason(finding), about.id, urn, device.device.asset if device else "",
        device.since.get(finding.control) if device else None,
        finding.mode is Mode.REPORT and not status.fails(device, finding),
    )  # fmt: skip


def _steps(status: EstateStatus, device: DeviceStatus | None, finding: Finding) -> tuple[str, ...]:
    if device is None:
        return overview.remedies(finding)
    if _lacks(finding):
        return tuple(dict.fromkeys(clean(one.reason) for one in finding.judged if one.code == Code.LACKING))
    steps = overview.todo(status.baseline, finding.control, overview.blamed(finding), device.device.platform)
    control = status.baseline.control(finding.control)
    own = prose(control.remedy.on(device.device.platform)) if control is not None else ""
    # Where no setting has words of its own, those of the control stand for every platform: one is enough.
    return (own,) if own in steps and len(steps) > 1 and finding.verdict is Verdict.DRIFTED else steps


def _lacks(finding: Finding) -> bool:
    """True where the school has to give a value before anything can be compared."""
    return finding.verdict is Verdict.NOT_CHECKED and any(one.code == Code.LACKING for one in finding.judged)


class _Together:
    """Parts of one key, added up: of 25,000 devices there are too many to be kept."""

    def __init__(self, part: Part) -> None:
        self.first = part  # the first of the most severe
        self.controls: set[str] = set()
        self.devices: dict[tuple[str, str], None] = {}
        self.schools: set[str] = set()
        self.whys: Counter[str] = Counter()
        self.findings = self.reported = self.recent = 0
        self.newest: datetime | None = None
        self.oldest: datetime | None = None

    def add(self, part: Part, at: datetime) -> None:
        """Count a part at a moment."""
        if _rank(part.severity) < _rank(self.first.severity):
            self.first = part
        if part.control:
            self.controls.add(part.control)
            self.findings += 1
        if part.asset:
            self.devices[part.urn, part.asset] = None
        self.schools.add(part.urn)
        if part.why:
            self.whys[part.why] += 1
        self.reported += part.reported
        if part.since is not None:
            self.newest = max(self.newest or part.since, part.since)
            self.oldest = min(self.oldest or part.since, part.since)
            self.recent += at - part.since <= NEW

    def item(self) -> Item:
        """What all of them come to."""
        first = self.first
        more = f" and {len(self.controls) - 1} more of its kind" if len(self.controls) > 1 else ""
        state = f" ({VERDICTS[Verdict(first.verdict)]})" if first.control and first.verdict != Verdict.DRIFTED else ""
        return Item(
            severity=first.severity,
            verdict=first.verdict,
            what=f"{first.title}{more}{state}",
            steps=first.steps,
            why=_most(self.whys),
            controls=tuple(sorted(self.controls)),
            devices=tuple(self.devices),
            schools=tuple(sorted(self.schools)),
            findings=self.findings,
            new=self.recent if first.control else 0,
            newest=self.newest,
            oldest=self.oldest,
            reported=self.reported,
        )


def _most(whys: Counter[str]) -> str:
    """What was said most often, and how many said something else."""
    if not whys:
        return ""
    why, count = whys.most_common(1)[0]
    others = whys.total() - count
    return f"{why} ({others:,} say something else)" if others else why


def _rank(severity: str) -> int:
    return overview.SEVERITIES.get(severity, len(Severity))


def _order(item: Item) -> tuple[int, int, float, int, str]:
    newest = item.newest.timestamp() if item.newest else 0.0
    return _rank(item.severity), -len(item.devices), -newest, -item.findings, item.what
