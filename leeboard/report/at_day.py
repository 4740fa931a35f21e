"""What was known of a device on a day, for people and for programs, with the bundle it stands in and its hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leeboard.evidence.asking.at_day import Filed, Nights
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.model.waiver import Waiver
from leeboard.model.words import age, date_text, iso, local, number
from leeboard.policy.model import Baseline
from leeboard.report import overview
from leeboard.report.screen import Screen
from leeboard.report.summary.questions import QUESTIONS, answer_of, grounds
from leeboard.report.summary.questions import Answer as Said
from leeboard.report.words import OUTCOMES, VERDICTS, clean, counted

SCHEMA = 1
ECHOES = {
    True: "and gave back the challenge of that visit, so it is no older answer",
    False: "and did NOT give back the challenge of that visit: it may be an older answer",
    None: "in a run that sent no challenge, so nothing proves that it was given in that visit",
}
WELL = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE)
SAID = {
    Said.YES: "yes", Said.NO: "no", Said.ACCEPTED: "no, and somebody accepted that", Said.UNKNOWN: "not known",
    Said.NONE: "does not apply to it",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What is told: the moment `until` (the end of the day), which runs count then, and what their bundles say.

    `last` is the bundle of the last run that expected the device where another one observed it.
    """

    label: str
    day: str
    until: datetime
    nights: Nights
    seen: Filed | None
    last: Filed | None
    accepted: tuple[Waiver, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not as it was written, in either bundle."""
        return tuple(problem for filed in (self.seen, self.last) if filed for problem in filed.problems)


def show(screen: Screen, answer: Answer, baseline: Baseline) -> None:
    """Print what was known."""
    screen.line((clean(answer.label), "bold"), f": what was known at the end of {answer.day}")
    if answer.nights.expected is None:
        screen.line("No run had expected it until then.")
        return
    if answer.last is not None:
        said = f": {clean(answer.last.message)}" if answer.last.message else ""
        word = OUTCOMES.get(answer.last.outcome, clean(answer.last.outcome))
        night = answer.last.night
        screen.line(f"The last run that expected it, {night.run} ({local(night.at)}), did not observe it: {word}{said}")
        _file(screen, answer.last)
    if answer.seen is None:
        screen.line("No run had observed it until then: nothing was known of it.")
        return
    night = answer.seen.night
    when = f"{local(night.at)}, {age(night.at, answer.until)} by then"
    screen.line(f"Last observed by the {night.action} {night.run} ({when}).")
    _file(screen, answer.seen)
    if answer.seen.answered is not None:
        echo = ECHOES[answer.seen.echoed]
        screen.line(
            f"It answered {local(answer.seen.answered)} with {number(answer.seen.readings, 'reading')}, {echo}."
        )
        _findings(screen, answer, baseline)


def as_json(answer: Answer) -> dict[str, Any]:
    """The same for programs; findings as the bundle has them."""
    return {
        "schema": SCHEMA,
        "subject": clean(answer.label),
        "until": iso(answer.until),
        "observed": _filed(answer.seen),
        "last_expected": _filed(answer.last),
        "accepted": [
            {"waiver": one.id, "control": one.control, "last_day": one.last_day.isoformat()} for one in answer.accepted
        ],
        "problems": [clean(problem, 2000) for problem in answer.problems],
    }


def _file(screen: Screen, filed: Filed) -> None:
    rows = [("bundle", str(filed.path) if filed.path else ""), ("sha256", filed.found)]
    if filed.found and filed.found == filed.night.sha256:
        rows.append(("", "the same as when it was loaded into the store"))
    elif filed.found:
        rows.append(("as loaded", filed.night.sha256))
    screen.fields(rows, 2)
    for problem in filed.problems:
        screen.line(("Problem: ", "bold magenta"), clean(problem, 2000), indent=2)


def _findings(screen: Screen, answer: Answer, baseline: Baseline) -> None:
    seen = answer.seen
    if seen is None:
        return
    counts = {verdict: sum(one.verdict is verdict for one in seen.findings) for verdict in Verdict}
    note = ", judged by today's baseline, since the bundle has no findings" if seen.judged_now else ""
    screen.line(f"{counted(counts)}{note}.")
    screen.fields(list(answers(seen.findings)), 2)
    for finding in sorted(seen.findings, key=lambda one: (-one.verdict.badness, one.control)):
        if finding.verdict not in WELL and not finding.planned_only:
            _finding(screen, finding, baseline)
    for one in answer.accepted:
        until = f"{one.control} until {date_text(one.last_day)} by {clean(one.approved_by)}"
        screen.line(f"Accepted that day: {until} ({clean(one.id)}): {clean(one.reason)}")


def answers(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """What a head asks after a theft, each question with its answer that day and the verdicts that it rests on."""
    for question in QUESTIONS:
        said = SAID[answer_of(question, findings)]
        why = grounds(question, findings)
        yield question.one, f"{said} ({why})" if why else said


def _finding(screen: Screen, finding: Finding, baseline: Baseline) -> None:
    about = overview.about(baseline, finding.control)
    why = clean(finding.reason)
    screen.line((about.id, "bold"), f" {VERDICTS[finding.verdict]}, {about.title}{f': {why}' if why else ''}", indent=2)
    for one in overview.blamed(finding):
        said = f"{clean(one.title, 120)}: seen {clean(one.seen, 160) or 'nothing'}"
        wanted = f", wanted {clean(one.wanted, 160)}" if one.wanted else ""
        note = clean(overview.note_of(one), 200)
        screen.line(f"- {said}{wanted}{f'; {note}' if note else ''}", indent=4)


def _filed(filed: Filed | None) -> dict[str, Any] | None:
    if filed is None:
        return None
    return {
        "run": filed.night.run,
        "run_began": iso(filed.night.at),
        "action": filed.night.action,
        "baseline": filed.night.baseline,
        "bundle": str(filed.path) if filed.path else None,
        "sha256": filed.found or None,
        "sha256_loaded": filed.night.sha256,
        "outcome": filed.outcome,
        "message": clean(filed.message, 2000),
        "answered": iso(filed.answered),
        "challenge_echoed": filed.echoed,
        "readings": filed.readings,
        "judged_now": filed.judged_now,
        "findings": [finding.as_json() for finding in filed.findings],
    }
