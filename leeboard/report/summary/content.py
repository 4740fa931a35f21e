"""What stands on the sheet for a head, governors and the SIRO: one school, its numbers, and what is asked of it. Pure.

Every number is counted by `questions`, `coverage` or `overview`, so that no two reports count differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from leeboard.model.enums import Mode
from leeboard.model.verdicts import Verdict
from leeboard.model.words import age, date_text, local_day, number
from leeboard.report import overview
from leeboard.report.coverage import coverage, place_of
from leeboard.report.silence import silence
from leeboard.report.summary.questions import QUESTIONS, Answer, Counted, Question, answer, counted
from leeboard.report.words import clean
from leeboard.verdict.status import DeviceStatus, EstateStatus
from leeboard.verdict.waivers import State

# What "last month" and "last term" mean here. School terms differ from one authority to the next.
AGO: Mapping[str, timedelta] = {"a month ago": timedelta(days=30), "a term ago": timedelta(weeks=13)}
MOST_RISKS, MOST_NAMES, MOST_ASKED = 4, 8, 5  # that fit on the sheet; what is left out is counted
LOST = ("stale", "never", "failed", "ahead")


@dataclass(frozen=True)
class Then:
    """How many of today's devices had drifted at a moment: a label, and None where no run is as old as that."""

    label: str
    drifted: int | None


@dataclass(frozen=True)
class Line:
    """One question with its answer. `now` is how many devices have drifted in the store; `then` compares."""

    counted: Counted
    now: int
    then: tuple[Then, ...]

    @property
    def said(self) -> str:
        """The answer in one sentence."""
        one = self.counted
        if not one.of:
            return "No device of this school is concerned."
        return one.said()

    @property
    def compared(self) -> str:
        """Better or worse than before, in one sentence."""
        if not self.counted.of:
            return ""
        known = [one for one in self.then if one.drifted is not None]
        if not known:
            return "There is no check yet that is old enough to compare with."
        parts = [f"{one.drifted:,} {one.label} ({_course(self.now, one.drifted or 0)})" for one in known]
        return f"Drifted on {number(self.now, 'device')} now; {', '.join(parts)}."


@dataclass(frozen=True)
class Risk:
    """An accepted risk that is in force."""

    control: str
    title: str
    devices: int
    by: str
    until: date


@dataclass(frozen=True)
class Sheet:
    """All that stands on the sheet. `silent` says how many devices the last run did not see, and for how long."""

    school: str
    urn: str
    at: datetime
    marking: str
    known: str
    silent: str
    newest: str
    lines: tuple[Line, ...]
    risks: tuple[Risk, ...]
    more_risks: int
    asked: tuple[str, ...]
    more_asked: int


def controls() -> dict[str, tuple[str, ...]]:
    """The controls of each question, by its id."""
    return {question.id: question.controls for question in QUESTIONS}


def sheet(
    status: EstateStatus,
    began: datetime | None,
    drifted: Mapping[str, Sequence[set[str]]],
) -> Sheet:
    """The sheet of one school, whose devices are those of `status`.

    `began`: when its first run began. `drifted`: for each question, at this moment and at each of AGO, the tags of
    the devices on which one of its controls had drifted. Raises ValueError for devices of several schools.
    """
    (school,) = overview.schools(status)
    risks = _risks(status)
    asked = list(_asked(status, school))
    seen = [device.seen for device in status.devices if device.seen is not None]
    unseen = silence(status.devices, status.at).words
    newest = f"The latest answer of a device is of {local_day(max(seen))}, {age(max(seen), status.at)}." if seen else ""
    return Sheet(
        school=school.name,
        urn=school.urn,
        at=status.at,
        marking=overview.marking(status).line,
        known=f"{coverage(status.devices, status.at).words}.",
        silent=f"{unseen}." if unseen else "",
        newest=newest,
        lines=tuple(_line(question, status, began, drifted[question.id]) for question in QUESTIONS),
        risks=tuple(risks[:MOST_RISKS]),
        more_risks=len(risks[MOST_RISKS:]),
        asked=tuple(asked[:MOST_ASKED]) or ("Nothing at present.",),
        more_asked=len(asked[MOST_ASKED:]),
    )


def _line(question: Question, status: EstateStatus, began: datetime | None, drifted: Sequence[set[str]]) -> Line:
    concerned = {device.device.asset for device in status.devices if answer(question, device) is not Answer.NONE}
    now, *before = (len(devices & concerned) for devices in drifted)
    then = [
        Then(label, count if began is not None and began <= status.at - span else None)
        for (label, span), count in zip(AGO.items(), before, strict=True)
    ]
    return Line(counted(question, status.devices), now, tuple(then))


def _course(now: int, then: int) -> str:
    return "better" if now < then else "worse" if now > then else "the same"


def _risks(status: EstateStatus) -> list[Risk]:
    """Those in force, that which ends first before the others."""
    return [
        Risk(
            one.waiver.control,
            overview.about(status.baseline, one.waiver.control).title,
            len(one.assets),
            clean(one.waiver.approved_by, 60),
            one.waiver.last_day,
        )
        for one in overview.risks(status)
        if one.state is State.IN_FORCE
    ]


def _asked(status: EstateStatus, school: overview.School) -> Iterable[str]:
    """What a school's leaders can do, what matters most first."""
    lost = [device for device in school.devices if place_of(device, status.at) in LOST]
    if lost:
        has, them = ("has", "it") if len(lost) == 1 else ("have", "them")
        find = f"find {them} and have {them} switched on in school ({_names(lost)})"
        yield f"{number(len(lost), 'device')} {has} not been checked for too long: {find}."
    bare = [device for device in school.devices if answer(QUESTIONS[0], device) is Answer.NO]
    if bare:
        yield f"Keep {number(len(bare), 'laptop')} in school until encrypted: {_names(bare)}."
    for finding in school.whole.findings if school.whole else ():
        if finding.verdict is Verdict.DRIFTED:
            about = overview.about(status.baseline, finding.control)
            yield f"See to it that this is so: {about.title} ({about.id})."
    ending = [one for one in overview.risks(status) if one.ends_soon]
    if ending:
        last = date_text(min(one.waiver.last_day for one in ending))
        risks = (
            "an accepted risk that ends"
            if len(ending) == 1
            else f"{len(ending)} accepted risks, the first of which ends"
        )
        yield f"Decide about {risks} on {last}."
    reported = [
        finding
        for device in school.devices
        for finding in device.findings
        if finding.verdict is Verdict.DRIFTED and finding.mode is Mode.REPORT
    ]
    if reported:
        yield f"Allow us to put back what is only reported now: {number(len(reported), 'finding')}."


def _names(devices: Sequence[DeviceStatus]) -> str:
    names = [clean(device.device.asset, 20) for device in devices[:MOST_NAMES]]
    more = len(devices) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")
