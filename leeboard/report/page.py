"""An EstateStatus as one HTML page that needs nothing else: no script, no other file, no network.

`page.html.j2` holds the words and the order, `parts.html.j2` what it shares with the site, `page.css` the looks. All
are package data.
"""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment
from jinja2.environment import TemplateStream
from markupsafe import Markup

from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.model.words import age, date_text, length, local, local_day, number
from leeboard.report import html, overview, standing, words
from leeboard.report.overview import About, Group, Headline, Hit, School, marking
from leeboard.report.silence import silence
from leeboard.storage import files
from leeboard.verdict.status import DeviceStatus, EstateStatus
from leeboard.version import __version__

COLOURS = {
    Verdict.NOT_APPLICABLE: "none",
    Verdict.COMPLIANT: "good",
    Verdict.WAIVED: "wait",
    Verdict.PENDING: "wait",
    Verdict.STALE: "unsure",
    Verdict.MISSING: "unsure",
    Verdict.NOT_CHECKED: "open",
    Verdict.DRIFTED: "bad",
    Verdict.ERROR: "unsure",
}
CSS = Path(__file__).parent / "page.css"
WORK = (Verdict.DRIFTED, Verdict.ERROR, Verdict.NOT_CHECKED, Verdict.PENDING, Verdict.WAIVED)
MOST_PRINTED = 100  # devices whose details are printed; of more, those that somebody opened
MOST_REASONS = 5  # of one control; the rest is in the details of each device
PIECES = 1000  # of a page, that are written at once


@dataclass(frozen=True)
class Details:
    """What is shown of one device: findings without settings by verdict and reason, and those with settings."""

    bare: tuple[tuple[tuple[Verdict, str], tuple[str, ...]], ...]
    full: tuple[Finding, ...]


def render(status: EstateStatus) -> str:
    """The whole page."""
    return "".join(_made(status))


def _made(status: EstateStatus) -> TemplateStream:
    """The page in pieces, made as they are taken."""
    templates, plain_css = _prepared()
    css, css_hash = html.on_each_sheet(plain_css, marking(status).line)
    schools = overview.schools(status)
    devices = [device for school in schools for device in school.devices]
    numbers = {id(device): place for place, device in enumerate(devices)}
    counts = status.counts()
    seen = [device.seen for device in status.devices if device.seen is not None]
    sums = overview.headline(status.devices)
    made = templates.get_template("page.html.j2").stream(
        status=status,
        schools=schools,
        names={school.urn: school.name for school in schools},
        devices=devices,
        details=[details(device) for device in devices],
        most_printed=MOST_PRINTED,
        number_of=lambda device: numbers[id(device)],
        title=f"Device security: {schools[0].name}" if len(schools) == 1 else "Device security",
        marking=marking(status),
        about=lambda control: overview.about(status.baseline, control),
        sums=sums,
        sentences=standing.sentences(standing.sums(status)),
        sentences_of=lambda school: standing.sentences(standing.sums(status, school.devices)),
        bar=_bar(sums),
        counts=counts,
        matrix=lambda school: matrix(status, school),
        work=[(verdict, found) for verdict in WORK if (found := overview.groups(status, verdict))],
        gaps=gaps(devices),
        risks=overview.risks(status),
        soon=[one for one in overview.risks(status) if one.ends_soon],
        planned=overview.planned(status.devices),
        not_asked=overview.not_asked(status),
        mode_note=lambda device, finding: overview.mode_note(status, device, finding),
        reported_of=lambda group: _reported(status, group),
        summary=overview.summary(status),
        exit_reason=overview.exit_reason(status),
        newest=max(seen, default=None),
        oldest=min(seen, default=None),
        version=__version__,
        css=css,
        css_hash=css_hash,
    )
    made.enable_buffering(PIECES)
    return made


def write_page(status: EstateStatus, path: Path) -> None:
    """Write the page to `path`, whole or not at all. Raises LeeboardError when it cannot be written.

    A new file can be read by its owner only, since it names weak points; a file that exists keeps its permissions.
    It is written as it is made: of 25,000 devices it is tens of megabytes, in pieces of a few letters.
    """
    with html.written(path, "the page"):
        _sweep(path)
        with files.replaced(path, html.mode_of(path)) as file:
            _made(status).dump(file, "utf-8", "backslashreplace")


def _sweep(path: Path) -> None:
    """Remove what killed runs of older versions left beside a page, each under a name of its own."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.{'[a-z0-9_]' * 8}"):
        left.unlink(missing_ok=True)


@cache
def _prepared() -> tuple[Environment, Markup]:
    return environment(), html.style(CSS)[0]


def environment() -> Environment:
    """The templates of the page and of the site, with all that they say a device's state in."""
    made = html.environment("report", _edge)
    made.filters["short"] = words.clean
    made.globals.update(
        words=words.VERDICTS,
        meanings=words.MEANINGS,
        outcomes=words.OUTCOMES,
        colour=COLOURS,
        count=number,
        age=age,
        day=local_day,
        when=local,
        length=length,
        headline=overview.headline,
        silence=silence,
        counts_of=overview.counts_of,
        remedies=overview.remedies,
        standing=overview.standing,
        drifting_since=overview.drifting_since,
        drifted=overview.has_drifted,
        blamed=overview.blamed,
        said=date_text,
        by_school=_by_school,
        reasons=_reasons,
        verdicts_of=lambda counts: sorted(counts, key=lambda verdict: -verdict.badness),
        tally=lambda device: words.counted(overview.counts_of([device])),
    )
    return made


def _edge(value: object) -> object:
    """The last thing that happens to a value before it is escaped: one line, without control characters."""
    return value if isinstance(value, Markup | int | float) else words.clean(value, 2000)


def _bar(sums: Headline) -> list[tuple[str, float, float, int, int]]:
    """Name, start and width of each part of the bar, in thousandths, and its top and height in tenths.

    A device that has drifted and is not fully known either is both: the two stand above each other there.
    """
    parts: list[tuple[str, float, float, int, int]] = []
    start = 0.0
    only_drifted, only_unknown = sums.drifted - sums.in_both, sums.unknown - sums.in_both
    for names, share in (
        (("good",), sums.clear),
        (("bad",), only_drifted),
        (("bad", "unsure"), sums.in_both),
        (("unsure",), only_unknown),
    ):
        width = 1000 * share / sums.devices if sums.devices else 0.0
        height = 10 // len(names)
        if share:
            parts += [
                (name, round(start, 1), round(width, 1), place * height, height) for place, name in enumerate(names)
            ]
        start += width
    return parts


def matrix(status: EstateStatus, school: School) -> list[tuple[str, list[tuple[About, Counter[Verdict]]]]]:
    """By family, each control with how many devices have each verdict."""
    counts: dict[str, Counter[Verdict]] = {}
    for device in school.devices:
        for finding in device.findings:
            counts.setdefault(finding.control, Counter())[finding.verdict] += 1
    made = []
    for family in status.baseline.families:
        ids = [control.id for control in family.controls if control.id in counts]
        rows = [(overview.about(status.baseline, control), counts.pop(control)) for control in ids]
        made.append((words.prose(family.title), rows))
    others = [(overview.about(status.baseline, control), row) for control, row in sorted(counts.items())]
    return [(title, rows) for title, rows in [*made, ("Not in this baseline", others)] if rows]


def gaps(devices: Iterable[DeviceStatus]) -> list[tuple[tuple[str, str, str], list[DeviceStatus]]]:
    """The devices of which something is not known, by why, in the words of GAPS."""
    found: dict[str, list[DeviceStatus]] = {}
    for device in devices:
        kind = overview.gap(device)
        if kind is not None:
            found.setdefault(kind, []).append(device)
    return [(said, found[kind]) for kind, said in words.GAPS.items() if kind in found]


def details(device: DeviceStatus) -> Details | None:
    """None when there is nothing to show: all is compliant, not applicable, or cannot be checked yet."""
    bare: dict[tuple[Verdict, str], list[str]] = {}
    full = []
    for finding in sorted(device.findings, key=lambda finding: -finding.verdict.badness):
        if finding.verdict in (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE) or finding.planned_only:
            continue
        if overview.blamed(finding):
            full.append(finding)
        else:
            bare.setdefault((finding.verdict, overview.reason(finding)), []).append(finding.control)
    if not (bare or full or device.message or device.changes):
        return None
    return Details(tuple((key, tuple(controls)) for key, controls in bare.items()), tuple(full))


def _by_school(hits: Iterable[Hit]) -> list[tuple[str, list[Hit]]]:
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        found.setdefault(hit.device.device.urn, []).append(hit)
    return list(found.items())


def _reasons(group: Group) -> list[tuple[str, int]]:
    counts = Counter(overview.reason(hit.finding) for hit in group.hits)
    del counts[""]
    return counts.most_common(MOST_REASONS)


def _reported(status: EstateStatus, group: Group) -> int:
    return sum(hit.finding.mode is Mode.REPORT and not status.fails(hit.device, hit.finding) for hit in group.hits)
