"""An EstateStatus as JUnit XML, for whatever shows test results: a suite a device, a test case a control.

It fails where `leeboard drift` would: failures are what exit code 2 is made of, errors what 3 is made of. What is only
reported, accepted or not asked is skipped, with the reason.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from typing import TextIO

from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.report import overview
from leeboard.report.words import both, clean
from leeboard.verdict.status import DeviceStatus, EstateStatus, unknown

PASSED = (Verdict.COMPLIANT, Verdict.PENDING)


def write_junit(status: EstateStatus, stream: TextIO) -> None:
    """Write the report to `stream`."""
    found = list(suites(status))
    root = ElementTree.Element("testsuites", {"name": "leeboard", **_sums(found)})
    root.extend(found)
    ElementTree.indent(root)
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    stream.write(ElementTree.tostring(root, encoding="unicode") + "\n")


def suites(status: EstateStatus) -> Iterator[ElementTree.Element]:
    """A suite for the problems of the run, for each school as a whole, and for each device."""
    if status.problems:
        yield _problems(status.problems)
    for school in overview.schools(status):
        if school.whole is not None:
            cases = [_case(status, None, finding) for finding in school.whole.findings]
            yield _suite(f"{school.urn} {school.name}", cases)
        yield from (_device(status, device) for device in school.devices)


def _device(status: EstateStatus, device: DeviceStatus) -> ElementTree.Element:
    cases = [_case(status, device, finding) for finding in device.findings]
    if device.unjudged:
        case = ElementTree.Element("testcase", classname=_class(device), name="the visit")
        _say(case, "error", device.outcome, device.message or f"nothing is known of it: {device.outcome}")
        cases.append(case)
    it = device.device
    return _suite(f"{it.urn} {clean(it.asset)} {clean(it.name)}", cases)


def _case(status: EstateStatus, device: DeviceStatus | None, finding: Finding) -> ElementTree.Element:
    about = overview.about(status.baseline, finding.control)
    case = ElementTree.Element("testcase", classname=_class(device), name=f"{about.id} {about.title}")
    words = overview.reason(finding) or "; ".join(
        f"{clean(one.title)}: {clean(one.seen)}, wanted {clean(one.wanted)}" for one in overview.blamed(finding)
    )
    if unknown(device, finding):
        _say(case, "error", finding.verdict.value, words)
    elif status.fails(device, finding):
        _say(case, "failure", finding.verdict.value, words)
    elif finding.verdict not in PASSED:
        _say(case, "skipped", "", f"{both(finding.verdict)}, {finding.mode.value}: {words}")
    return case


def _problems(problems: Iterable[str]) -> ElementTree.Element:
    cases = []
    for number, problem in enumerate(problems, 1):
        case = ElementTree.Element("testcase", classname="leeboard.run", name=f"problem {number}")
        _say(case, "error", "run", problem)
        cases.append(case)
    return _suite("the run", cases)


def _suite(name: str, cases: list[ElementTree.Element]) -> ElementTree.Element:
    counts = {kind: sum(case.find(tag) is not None for case in cases) for kind, tag in KINDS.items()}
    suite = ElementTree.Element("testsuite", {"name": _xml(name), "tests": str(len(cases)), **_text(counts)})
    suite.extend(cases)
    return suite


KINDS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


SUMS = ("tests", "failures", "errors")  # of all suites: the schema of Jenkins has no more there


def _sums(suites: list[ElementTree.Element]) -> dict[str, str]:
    return _text({kind: sum(int(suite.get(kind, "0")) for suite in suites) for kind in SUMS})


def _text(counts: dict[str, int]) -> dict[str, str]:
    return {kind: str(count) for kind, count in counts.items()}


def _say(case: ElementTree.Element, tag: str, kind: str, message: str) -> None:
    given = {"message": _xml(message), **({"type": kind} if kind else {})}
    ElementTree.SubElement(case, tag, given)


def _class(device: DeviceStatus | None) -> str:
    return "leeboard.school" if device is None else _xml(f"leeboard.{device.device.urn}.{clean(device.device.asset)}")


def _xml(text: str) -> str:
    """Text that XML 1.0 can hold: `clean` escapes what cannot be printed, and with it what XML has no place for."""
    return clean(text, 2000)
