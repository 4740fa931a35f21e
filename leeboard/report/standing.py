"""How devices stand by what is kept, in a few sentences: coverage first, then drift, then what is fine, then the worst.

Every number is one of `overview` and `coverage`, so that no two reports count differently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leeboard.model.verdicts import Verdict
from leeboard.model.words import age, iso, length, local, local_day, number
from leeboard.report import overview, worklist_text
from leeboard.report.coverage import PLACES, Coverage, coverage, place_of
from leeboard.report.screen import Screen
from leeboard.report.words import OUTCOMES, VERDICTS, clean, counted
from leeboard.report.worklist import worklist
from leeboard.verdict.status import DeviceStatus, EstateStatus

SCHEMA = 1
WORST = 5
KNOWN = dict(PLACES)


@dataclass(frozen=True)
class Sums:
    """Devices and findings counted: `enforced` and `reported` are drifted findings, the devices may share them."""

    coverage: Coverage
    drifted: int
    enforced: int
    reported: int
    accepted: int
    unread: int
    clear: int


def sums(status: EstateStatus, devices: Sequence[DeviceStatus] | None = None) -> Sums:
    """Count the devices of a status, or some of them, and the findings on them."""
    every = status.devices if devices is None else devices
    found: Counter[str] = Counter()
    for device in every:
        failed = place_of(device, status.at) == "failed"
        for finding in device.findings:
            if finding.verdict is Verdict.DRIFTED:
                found["enforced" if status.fails(device, finding) else "reported"] += 1
            found["accepted"] += finding.verdict is Verdict.WAIVED
            found["unread"] += finding.verdict is Verdict.ERROR and not failed
    head = overview.headline(every)
    return Sums(
        coverage(every, status.at), head.drifted, found["enforced"], found["reported"], found["accepted"],
        found["unread"], head.clear,
    )  # fmt: skip


def total(several: Sequence[Sums]) -> Sums:
    """The sums of schools that were looked at one after the other."""
    places = {key: sum(one.coverage.places[key] for one in several) for key in KNOWN}

    def all_of(name: str) -> int:
        return sum(getattr(one, name) for one in several)

    return Sums(
        Coverage(sum(one.coverage.devices for one in several), places),
        *map(all_of, ("drifted", "enforced", "reported", "accepted", "unread", "clear")),
    )


def sentences(found: Sums) -> tuple[str, ...]:
    """The sentences about several devices."""
    drift = "Nothing has drifted."
    if found.drifted:
        enforced = number(found.enforced, "finding that is enforced", "findings that are enforced")
        drift = f"{number(found.drifted, 'device')} drifted: {enforced}, {found.reported:,} only reported."
    meets = "meets" if found.clear == 1 else "meet"
    fine = f"{number(found.clear, 'device')} {meets} all that is checked."
    rest = []
    if found.unread:
        rest.append(f"{number(found.unread, 'finding')} could not be read.")
    if found.accepted:
        rest.append(
            f"{number(found.accepted, 'finding')} are accepted risks."
            if found.accepted > 1
            else "1 finding is an accepted risk."
        )
    return (f"{found.coverage.words}.", drift, *rest, fine)


def show(screen: Screen, status: EstateStatus, newest: str) -> None:
    """Print how several devices stand, school by school where there are several. `newest`: the newest run, in words."""
    screen.line((overview.marking(status).line, "bold reverse"))
    for sentence in (*sentences(sums(status)), newest):
        screen.line(sentence)
    schools = overview.schools(status)
    if len(schools) > 1:
        screen.gap()
        rows = []
        for school in schools:
            known, head = coverage(school.devices, status.at), overview.headline(school.devices)
            cells = [f"{school.urn} {school.name}", str(known.devices)]
            cells += [str(known.places[key]) for key in ("seen", "silent", "stale", "never", "failed", "other")]
            rows.append([screen.text(cell) for cell in (*cells, str(head.drifted), str(head.clear))])
        heads = ("school", "devices", "seen", "silent", "stale", "never", "failed", "not checked", "drifted", "fine")
        screen.table(heads, rows, wide=(0,))
    items = worklist(status)
    if items:
        screen.gap()
        screen.line(("The worst", "bold underline"))
        worklist_text.print_items(screen, items, WORST)
    _end(screen, status)


def show_device(screen: Screen, status: EstateStatus, device: DeviceStatus, run: str) -> None:
    """Print how one device stands. `run` is the newest run that expected it, in words."""
    it = device.device
    screen.line((overview.marking(status).line, "bold reverse"))
    screen.line((clean(it.asset), "bold"), f" ({clean(it.name)}), {clean(it.school, 120)} ({it.urn})")
    known = KNOWN[place_of(device, status.at)]
    screen.line(f"{known[0].upper()}{known[1:]}: {seen_words(device, status)}. {run}".rstrip())
    if device.message:
        screen.line(f"{OUTCOMES.get(device.outcome, device.outcome)}: {clean(device.message)}")
    screen.line(f"{counted(overview.counts_of([device]))}.")
    for finding in sorted(device.findings, key=lambda one: -one.verdict.badness):
        # Of what nobody has ever seen each control has the same to say, which stands above.
        if finding.verdict in (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE, Verdict.NOT_CHECKED, Verdict.MISSING):
            continue
        about = overview.about(status.baseline, finding.control)
        began = device.since.get(finding.control)
        since = f" since {local_day(began)} ({length(status.at - began)})" if began else ""
        why = overview.reason(finding)
        tail = f": {why}" if why else ""
        screen.line((about.id, "bold"), f" {VERDICTS[finding.verdict]}{since}, {about.title}{tail}", indent=2)
    items = worklist(status)
    if items:
        screen.gap()
        screen.line(("What to do", "bold underline"))
        worklist_text.print_items(screen, items, WORST)
    _end(screen, status)


def seen_words(device: DeviceStatus, status: EstateStatus) -> str:
    """When a device was last observed, for people."""
    return f"{age(device.seen, status.at)}, {local(device.seen)}" if device.seen else "no run has ever observed it"


def as_json(status: EstateStatus) -> dict[str, Any]:
    """The same for programs, with each device in a few words; `leeboard report --json` has every finding."""
    found = sums(status)
    return {
        "schema": SCHEMA,
        "at": iso(status.at),
        "marking": overview.marking(status).label,
        "exit_code": status.exit_code,
        "devices": found.coverage.devices,
        "coverage": found.coverage.places,
        "devices_drifted": found.drifted,
        "findings_enforced": found.enforced,
        "findings_reported": found.reported,
        "findings_accepted": found.accepted,
        "findings_unread": found.unread,
        "devices_clear": found.clear,
        "schools": [
            {
                "urn": school.urn,
                "name": school.name,
                "coverage": coverage(school.devices, status.at).places,
                "devices_drifted": overview.headline(school.devices).drifted,
                "devices_clear": overview.headline(school.devices).clear,
                "devices": [_device(device, status) for device in school.devices],
            }
            for school in overview.schools(status)
        ],
        "worst": worklist_text.as_json(worklist(status)[:WORST]),
        "problems": [clean(problem, 8192) for problem in status.problems],
    }


def _device(device: DeviceStatus, status: EstateStatus) -> dict[str, Any]:
    counts = overview.counts_of([device])
    return {
        "asset": clean(device.device.asset),
        "name": clean(device.device.name),
        "place": place_of(device, status.at),
        "seen": iso(device.seen),
        "worst": overview.standing(device).value,
        "clear": overview.is_clear(device),
        "counts": {verdict.value: counts[verdict] for verdict in Verdict if counts[verdict]},
    }


def _end(screen: Screen, status: EstateStatus) -> None:
    for problem in status.problems:
        screen.line(("Problem: ", "bold magenta"), clean(problem, 2000))
    screen.line((overview.marking(status).line, "bold reverse"))
    screen.line((overview.exit_reason(status), "bold"))
