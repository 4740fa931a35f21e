"""What a head asks of devices, and how many of how many can be answered with yes. Pure.

A device is a yes only where every control of the question is known and well. What is not known is never a yes, and
what somebody accepted is not one either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from leeboard.model.enums import Form
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.model.words import number
from leeboard.report.overview import UNKNOWN
from leeboard.report.words import VERDICTS, clean
from leeboard.verdict.status import DeviceStatus


class Answer(StrEnum):
    """What a device answers to a question. `none`: the question does not concern it."""

    YES = "yes"
    NO = "no"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    NONE = "none"


@dataclass(frozen=True)
class Question:
    """A question, the controls that answer it, and the forms of device that it is about.

    `one` is the same about one device in a word or two, `of_one` as a question.
    """

    id: str
    text: str
    controls: tuple[str, ...]
    forms: tuple[Form, ...] = tuple(Form)
    one: str = ""
    of_one: str = ""


@dataclass(frozen=True)
class Counted:
    """How many devices give which answer; `of` is how many the question concerns."""

    question: Question
    yes: int
    no: int
    accepted: int
    unknown: int

    @property
    def of(self) -> int:
        """How many devices the question concerns."""
        return self.yes + self.no + self.accepted + self.unknown

    def said(self, thing: str = "device") -> str:
        """The numbers in one sentence."""
        rest = [
            f"{number(self.no, 'is', 'are')} not" if self.no else "",
            f"{number(self.accepted, 'is an accepted risk', 'are accepted risks')}" if self.accepted else "",
            f"{number(self.unknown, 'is', 'are')} not known" if self.unknown else "",
        ]
        return "; ".join([f"{self.yes:,} of {number(self.of, thing)}: yes", *filter(None, rest)]) + "."


# Becta asked for encryption of what leaves the school, locked screens, keys that can be had back, and kept logs.
QUESTIONS = (
    Question(
        "encrypted",
        "Are the laptops encrypted?",
        ("ENC-01", "ENC-02", "ENC-09", "ENC-10", "ENC-12"),
        (Form.PORTABLE,),
        "encrypted",
        "Is it encrypted?",
    ),
    Question(
        "locked",
        "Do the screens lock, and is guessing stopped?",
        ("LCK-01", "LCK-04", "LCK-05"),
        one="locks",
        of_one="Does its screen lock, and is guessing stopped?",
    ),
    Question(
        "recoverable",
        "Can a disk be opened when its key is lost?",
        ("ENC-06", "ENC-07", "ENC-08"),
        one="recoverable",
        of_one="Can its disk be opened when the key is lost?",
    ),
    Question(
        "logs",
        "Is it recorded what happens, and kept safe?",
        ("AUD-01", "AUD-11", "AUD-13", "FWD-01", "FWD-02"),
        one="recorded",
        of_one="Is it recorded what happens on it, and kept safe?",
    ),
)
ILL = (Verdict.DRIFTED, Verdict.PENDING)


def answer(question: Question, device: DeviceStatus) -> Answer:
    """What a device answers. One that is never checked is not known, and no reason to leave it out."""
    if device.device.form not in question.forms:
        return Answer.NONE
    return answer_of(question, device.findings, lost(device))


def lost(device: DeviceStatus) -> bool:
    """True where nothing is known of a device now, whatever is on file."""
    return device.unjudged or device.outcome == "other"


def answer_of(question: Question, findings: Iterable[Finding], unknown: bool = False) -> Answer:
    """What these findings answer. `unknown`: whatever is on file, nothing is known now."""
    verdicts = {finding.verdict for finding in findings if finding.control in question.controls}
    if verdicts.intersection(ILL):
        return Answer.NO
    if unknown or not verdicts or verdicts.intersection(UNKNOWN):
        return Answer.UNKNOWN
    if Verdict.WAIVED in verdicts:
        return Answer.ACCEPTED
    return Answer.NONE if verdicts == {Verdict.NOT_APPLICABLE} else Answer.YES


def grounds(question: Question, findings: Iterable[Finding]) -> str:
    """The verdicts that an answer rests on, each with its controls: "drifted: LCK-01; compliant: LCK-05"."""
    by: dict[str, list[str]] = {}
    for one in findings:
        if one.control in question.controls:
            by.setdefault(VERDICTS[one.verdict], []).append(clean(one.control, 40))
    return "; ".join(f"{verdict}: {', '.join(controls)}" for verdict, controls in by.items())


def counted(question: Question, devices: Iterable[DeviceStatus]) -> Counted:
    """Count the answers of devices."""
    return counts(question, (answer(question, device) for device in devices))


def counts(question: Question, answers: Iterable[Answer]) -> Counted:
    """Count answers."""
    found = Counter(answers)
    return Counted(question, found[Answer.YES], found[Answer.NO], found[Answer.ACCEPTED], found[Answer.UNKNOWN])
