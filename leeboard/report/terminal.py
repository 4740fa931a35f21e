"""An EstateStatus in the terminal: one device in full, or schools with their devices and what drifted where.

No lines are drawn and no markup is parsed, so the text is the same in colour, in a pipe and on a dumb terminal. Every
text passes `Screen.text`, which escapes it and brings it to what the output's encoding can hold.
"""

from __future__ import annotations

from rich.console import Console

from leeboard.model.accepted import EVERYTHING, PIN
from leeboard.model.enums import Mode
from leeboard.model.finding import Finding, Judged
from leeboard.model.verdicts import Verdict
from leeboard.model.words import age, date_text, length, local, local_day, number
from leeboard.report.overview import (
    Group,
    School,
    about,
    blamed,
    counts_of,
    exit_reason,
    gap,
    groups,
    headline,
    marking,
    mode_note,
    note_of,
    planned,
    reason,
    remedies,
    risks,
    schools,
    standing,
    summary,
    todo,
)
from leeboard.report.screen import Screen
from leeboard.report.silence import silence
from leeboard.report.standing import sentences, sums
from leeboard.report.words import GAPS, MEANINGS, OUTCOMES, VERDICTS, both, clean, counted, listed, prose
from leeboard.report.worklist import worklist
from leeboard.report.worklist_text import print_items
from leeboard.verdict.status import DeviceStatus, EstateStatus
from leeboard.verdict.waivers import SOON

STYLES = {
    Verdict.ERROR: "bold magenta",
    Verdict.DRIFTED: "bold red",
    Verdict.NOT_CHECKED: "yellow",
    Verdict.MISSING: "magenta",
    Verdict.STALE: "magenta",
    Verdict.PENDING: "cyan",
    Verdict.WAIVED: "blue",
    Verdict.COMPLIANT: "green",
    Verdict.NOT_APPLICABLE: "dim",
}
# Verdicts that are explained control by control, in this order.
EXPLAINED = (Verdict.DRIFTED, Verdict.ERROR, Verdict.NOT_CHECKED, Verdict.PENDING, Verdict.WAIVED)
MOST_SETTINGS = 12  # of one control, before the rest is only counted
MOST_DEVICES = 30  # of one control and school, likewise
MOST_SCHOOLS = 12  # of one control, likewise
WORST = 5  # things to do that stand before everything else
MOST_RISKS = 40  # waivers, likewise


def show(status: EstateStatus, console: Console, *, details: bool | None = None, exit_code: bool = True) -> None:
    """Print `status`. `details` forces (or forbids) the full view of each device; by default one device has it."""
    screen = Screen(console)
    whole = details if details is not None else len(status.devices) == 1
    screen.line((marking(status).line, "bold reverse"))
    if not whole:
        screen.line(" ".join(sentences(sums(status))))
        screen.gap()
    if items := worklist(status):
        screen.line(("Worst first", "bold underline"))
        print_items(screen, items, WORST)
        screen.gap()
    if whole:
        for device in status.devices:
            _device(screen, status, device)
        for school in schools(status):
            _whole(screen, status, school)
    else:
        _estate(screen, status)
    _risks(screen, status)
    screen.line((marking(status).line, "bold reverse"))
    for problem in status.problems:
        screen.line(("Problem with the run: ", STYLES[Verdict.ERROR]), clean(problem))
    screen.line((summary(status), "bold"))
    if exit_code:
        screen.line((exit_reason(status), "bold"))


def show_wrong(status: EstateStatus, console: Console, *, exit_code: bool = True) -> None:
    """Print all that leads to an exit code, and nothing where none does. Drift that is only reported is left out."""
    if status.exit_code == 0:
        return
    screen = Screen(console)
    screen.line((marking(status).line, "bold reverse"))
    items = worklist(status)
    print_items(screen, [one for one in items if one.verdict != Verdict.DRIFTED or one.reported < one.findings])
    for problem in status.problems:
        screen.line(("Problem with the run: ", STYLES[Verdict.ERROR]), clean(problem))
    if exit_code:
        screen.line((exit_reason(status), "bold"))


def _device(screen: Screen, status: EstateStatus, device: DeviceStatus) -> None:
    it = device.device
    screen.line((clean(it.asset), "bold"), f", {clean(it.school, 120)} ({it.urn})")
    seen = f"Seen {age(device.seen, status.at)} ({local(device.seen)})" if device.seen else "Never seen"
    screen.line(f"{_kind(device)}. {seen}.")
    if device.message:
        screen.line((f"{OUTCOMES.get(device.outcome, device.outcome)}: ", "bold"), clean(device.message))
    why = gap(device)
    if why is not None:
        title, meaning, advice = GAPS[why]
        screen.line((f"{title}. ", STYLES[device.verdict]), f"{meaning} {advice}")
    screen.gap()
    _families(screen, status, device)
    for verdict in EXPLAINED:
        _explain(screen, status, device, verdict)
    _left_out(screen, device)
    for change in device.changes:
        screen.line(("Changed in the last run: ", "bold"), clean(change))


def _title(verdict: Verdict) -> str:
    words = both(verdict)
    return words[0].upper() + words[1:]


def _kind(device: DeviceStatus) -> str:
    it = device.device
    return ", ".join(word.replace("_", " ") for word in (it.platform, it.form, it.role, f"level {it.level}"))


def _seen(status: EstateStatus, device: DeviceStatus) -> str:
    return age(device.seen, status.at) if device.seen else "never seen"


def _families(screen: Screen, status: EstateStatus, device: DeviceStatus) -> None:
    titles = {family.family: prose(family.title) for family in status.baseline.families}
    by_family: dict[str, list[Finding]] = {}
    for finding in device.findings:
        if finding.verdict is not Verdict.NOT_APPLICABLE:
            by_family.setdefault(finding.control[:3], []).append(finding)
    for family in [*titles, *sorted(set(by_family) - set(titles))]:
        findings = by_family.get(family)
        if not findings:
            continue
        screen.line((titles.get(family, family), "bold underline"))
        rows = []
        for finding in findings:
            known = about(status.baseline, finding.control)
            tag = _tag(status, device, finding) if finding.verdict is not Verdict.COMPLIANT else ""
            word = screen.text((VERDICTS[finding.verdict], STYLES[finding.verdict]), tag)
            rows.append([screen.text(known.id), screen.text(known.title), screen.text(known.severity), word])
        screen.table(["control", "what is asked for", "severity", "verdict"], rows, wide=(1,))
        screen.gap()


def _explain(screen: Screen, status: EstateStatus, device: DeviceStatus, verdict: Verdict) -> None:
    findings = [finding for finding in device.findings if finding.verdict is verdict and not finding.planned_only]
    bare: dict[str, list[str]] = {}
    for finding in findings:
        if not finding.judged:
            bare.setdefault(reason(finding), []).append(finding.control)
    full = [finding for finding in findings if finding.judged]
    if not findings:
        return
    screen.line((f"{_title(verdict)}: ", STYLES[verdict]), MEANINGS[verdict])
    screen.gap()
    for why, controls in bare.items():
        screen.line((number(len(controls), "control"), "bold"), f": {why or 'no reason was given'}", indent=2)
        screen.line(("  " + ", ".join(clean(control, 40) for control in controls), "dim"), indent=2)
        screen.gap()
    for finding in full:
        _finding(screen, status, device, finding)


def _finding(screen: Screen, status: EstateStatus, device: DeviceStatus, finding: Finding) -> None:
    known = about(status.baseline, finding.control)
    since = device.since.get(finding.control)
    tag = _tag(status, device, finding)
    held = f", since {local_day(since)} ({length(status.at - since)})" if since is not None else ""
    screen.line((known.id, "bold"), f"  {known.title}", indent=2)
    screen.line((VERDICTS[finding.verdict], STYLES[finding.verdict]), f", {known.severity}{tag}{held}", indent=4)
    blame = blamed(finding)
    if finding.reason:
        screen.fields([("because", clean(finding.reason))], 4)
    for one in blame[:MOST_SETTINGS]:
        if len(blame) == 1:
            screen.fields(_setting(one), 4)
        else:
            other = "" if one.verdict is finding.verdict else f" [{VERDICTS[one.verdict]}]"
            screen.line(f"- {clean(one.title, 120)}{other}: ", _compact(one), indent=4)
    if len(blame) > MOST_SETTINGS:
        screen.line(f"- and {len(blame) - MOST_SETTINGS} more settings", indent=4)
    rows = [("why it matters", known.why)]
    rows += [("what to do" if not place else "", step) for place, step in enumerate(_steps(status, device, finding))]
    screen.fields(rows, 4)
    screen.gap()


def _tag(status: EstateStatus, device: DeviceStatus | None, finding: Finding) -> str:
    """What is said of the mode behind a verdict."""
    note = mode_note(status, device, finding).replace("only reported", "report only")
    return f", {note}" if note else ""


def _steps(status: EstateStatus, device: DeviceStatus, finding: Finding) -> tuple[str, ...]:
    if finding.verdict is Verdict.WAIVED:
        return ()
    return todo(status.baseline, finding.control, blamed(finding), device.device.platform)


def _setting(one: Judged) -> list[tuple[str, str]]:
    return [
        ("setting", clean(one.title, 160)),
        ("seen", clean(one.seen)),
        ("wanted", clean(one.wanted)),
        ("where", " ".join(filter(None, (clean(one.source), f"[{clean(one.address)}]")))),
        ("note", clean(note_of(one))),
    ]


def _compact(one: Judged) -> str:
    said = f"seen {clean(one.seen, 160)}, " if one.seen else ""
    note = f"; {clean(said_why, 200)}" if (said_why := note_of(one)) else ""
    return f"{said}wanted {clean(one.wanted, 160)} [{clean(one.source or one.address, 200)}]{note}"


def _left_out(screen: Screen, device: DeviceStatus) -> None:
    later = planned([device])
    if later:
        said = f"{len(later)} because Leeboard cannot check them yet: {', '.join(later)}"
        screen.line((f"{VERDICTS[Verdict.NOT_CHECKED]}: ", STYLES[Verdict.NOT_CHECKED]), said)
    by_reason: dict[str, list[str]] = {}
    for finding in device.findings:
        if finding.verdict is Verdict.NOT_APPLICABLE:
            by_reason.setdefault(reason(finding) or "no reason given", []).append(clean(finding.control, 40))
    if by_reason:
        total = sum(map(len, by_reason.values()))
        said = "; ".join(f"{', '.join(controls)} ({why})" for why, controls in by_reason.items())
        screen.line((f"not applicable: {total}", "bold"), f": {said}")
    if later or by_reason:
        screen.gap()


def _estate(screen: Screen, status: EstateStatus) -> None:
    for school in (every := schools(status)):
        _school(screen, status, school, alone=len(every) == 1)
    for verdict in EXPLAINED:
        found = groups(status, verdict)
        if found:
            screen.line((_title(verdict), "bold underline"), f": {MEANINGS[verdict]}")
            screen.gap()
            for group in found:
                _group(screen, status, group)
    _gaps(screen, status)
    later = planned(status.devices)
    if later:
        screen.line(("Leeboard cannot check these yet: ", STYLES[Verdict.NOT_CHECKED]), ", ".join(later))
        screen.gap()


def _school(screen: Screen, status: EstateStatus, school: School, *, alone: bool) -> None:
    unknown = headline(school.devices).unknown
    screen.line((f"{school.name} ({school.urn})", "bold underline"), f" {school.history}".rstrip())
    said = "" if alone else " ".join(sentences(sums(status, school.devices)))  # stands above already
    screen.line(f"{said} {unknown:,} not fully known. {counted(school.counts())}.".lstrip())
    if silent := silence(school.devices, status.at).words:
        screen.line(f"{silent}.")
    if school.enforces:
        screen.line(school.enforces)
    rows = []
    for device in school.devices:
        state = standing(device)
        outcome = "" if device.outcome == "observed" else OUTCOMES.get(device.outcome, clean(device.outcome, 40))
        seen = ": ".join(filter(None, (_seen(status, device), outcome)))
        tally = counted(counts_of([device]))
        cells = (
            clean(device.device.asset),
            device.device.platform.value,
            (VERDICTS[state], STYLES[state]),
            tally,
            seen,
        )
        rows.append([screen.text(cell) for cell in cells])
    screen.table(["device", "platform", "worst", "findings", "seen"], rows, wide=(3, 4))
    screen.gap()
    _whole(screen, status, school)


def _whole(screen: Screen, status: EstateStatus, school: School) -> None:
    """What is asked of a school as a whole: few things, so all of them are shown."""
    if school.whole is None or not school.whole.findings:
        return
    screen.line((f"{school.name} as a whole", "bold"), f", level {school.whole.level}")
    for finding in school.whole.findings:
        known = about(status.baseline, finding.control)
        tag = _tag(status, None, finding) if finding.verdict is Verdict.DRIFTED else ""
        word = (VERDICTS[finding.verdict], STYLES[finding.verdict])
        screen.line((known.id, "bold"), f"  {known.title}: ", word, tag, indent=2)
        shown = [one for one in finding.judged if one.verdict is finding.verdict]
        rows = [("because", clean(finding.reason))]
        rows += [("", _measured(one)) for one in shown]
        rows += [("what to do" if not place else "", step) for place, step in enumerate(remedies(finding))]
        screen.fields(rows, 4)
    screen.gap()


def _measured(one: Judged) -> str:
    wanted = "" if one.verdict is Verdict.COMPLIANT else f"wanted {clean(one.wanted, 160)}"
    said = "; ".join(part for part in (clean(one.seen, 160), clean(one.reason, 200), wanted) if part)
    return f"{clean(one.title, 120)}: {said} [{clean(one.source, 200)}]"


def _group(screen: Screen, status: EstateStatus, group: Group) -> None:
    known = group.about
    reported = sum(hit.finding.mode is Mode.REPORT and not status.fails(hit.device, hit.finding) for hit in group.hits)
    tag = f" ({reported:,} report only)" if reported else ""
    count = f"{number(len(group.hits), 'device')}{tag}"
    screen.line((known.id, "bold"), f"  {known.title}", indent=2)
    screen.line((count, STYLES[group.verdict]), f", {known.severity}" if known.severity else "", indent=4)
    where: dict[str, list[str]] = {}
    whys: dict[str, int] = {}
    for hit in group.hits:
        where.setdefault(hit.device.device.urn, []).append(clean(hit.device.device.asset))
        whys[reason(hit.finding)] = whys.get(reason(hit.finding), 0) + 1
    rows = [(f"at {urn}", listed(assets, MOST_DEVICES)) for urn, assets in list(where.items())[:MOST_SCHOOLS]]
    rest = [assets for urn, assets in list(where.items())[MOST_SCHOOLS:]]
    if rest:
        rows.append(("and at", f"{number(len(rest), 'more school')}: {number(sum(map(len, rest)), 'device')}"))
    if group.verdict is not Verdict.DRIFTED:
        most = sorted((why for why in whys if why), key=lambda why: -whys[why])
        rows += [("because", f"{why} ({whys[why]:,})") for why in most[:5]]
    rows.append(("why it matters", known.why))
    steps = group.todo if group.verdict is not Verdict.WAIVED else ()
    rows += [("what to do" if not place else "", step) for place, step in enumerate(steps)]
    screen.fields(rows, 4)
    screen.gap()


def _gaps(screen: Screen, status: EstateStatus) -> None:
    for kind, (title, meaning, advice) in GAPS.items():
        found = [device for device in status.devices if gap(device) == kind]
        if not found:
            continue
        screen.line((f"{title}: {number(len(found), 'device')}", "bold"), f". {meaning} {advice}")
        for device in found[:MOST_DEVICES]:
            note = f": {clean(device.message)}" if device.message else ""
            where = f"{clean(device.device.asset)} at {device.device.urn}"
            screen.line(f"{where}, {_seen(status, device)}{note}", indent=2)
        if len(found) > MOST_DEVICES:
            screen.line(f"and {len(found) - MOST_DEVICES:,} more, in the tables above", indent=2)
        screen.gap()


def show_risks(status: EstateStatus, console: Console) -> None:
    """Print every waiver with its reason, and what is wrong with some."""
    screen = Screen(console)
    _risks(screen, status, most=None, reasons=True)
    if not status.waivers:
        screen.line("There is no waiver that concerns a device.")
    for problem in status.problems:
        screen.line(("Problem: ", STYLES[Verdict.ERROR]), clean(problem, 1000))


def _risks(screen: Screen, status: EstateStatus, most: int | None = MOST_RISKS, reasons: bool = False) -> None:
    """Every waiver, in force or not: what needs somebody first, then what ends first."""
    every = risks(status)
    if not every:
        return
    soon = [one for one in every if one.ends_soon]
    within = f", {number(len(soon), 'of them ends', 'of them end')} within {SOON} days" if soon else ""
    screen.line(("Accepted risks", "bold underline"), f": {number(len(every), 'waiver')}{within}")
    rows = []
    for one in every[:most]:
        it = one.waiver
        style = STYLES[Verdict.DRIFTED if one.problem else Verdict.PENDING if one.ends_soon else Verdict.WAIVED]
        who = clean(f"{it.approved_by}; owner: {it.owner}")
        if reasons:
            about = f" {it.control} at {one.urn}, for {clean(it.scope, 200)}, until {date_text(it.last_day)}: "
            screen.line((clean(it.id, 40), "bold"), about, (one.left, style))
            screen.line(f"accepted by {who}. {clean(it.reason, 600)}", indent=4)
            screen.line(f"covers {clean(it.covered, 600)}", indent=4)
        cells = [clean(it.id, 40), it.control, one.urn, clean(it.scope, 200), who, date_text(it.last_day)]
        rows.append([*(screen.text(cell) for cell in cells), screen.text((one.left, style))])
    if not reasons:
        screen.table(["waiver", "control", "school", "for", "accepted by", "until", ""], rows, wide=(3, 4))
    loose = [clean(one.waiver.id, 40) for one in every if not one.waiver.settings and not one.problem]
    if loose:
        names = ", ".join(loose[:12]) + (f" and {len(loose) - 12:,} more" if len(loose) > 12 else "")
        screen.line(f"{names}: no settings named, so {EVERYTHING} is covered. {PIN}", indent=2)
    if most is not None and len(every) > most:
        screen.line(f"and {len(every) - most:,} more, which leeboard waiver list shows", indent=2)
    screen.gap()
