"""The pages of the estate, from what is left of each school once its own pages are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from leeboard.model.verdicts import Verdict
from leeboard.model.words import LONDON, local_day, number
from leeboard.report import overview, standing
from leeboard.report.export.source import Source
from leeboard.report.history import KINDS, Line, line_text
from leeboard.report.overview import About
from leeboard.report.site import charts, tables
from leeboard.report.site.frame import Frame, Pages, tiles
from leeboard.report.site.school import NEW_DAYS, PAGES, WELL, Add, Brief, Matrix, verdicts_in
from leeboard.report.site.tables import KEYS
from leeboard.report.summary.questions import Counted
from leeboard.report.worklist import together
from leeboard.verdict.status import EstateStatus

PLACE = "All schools"
MOST_SCHOOLS = 100  # of a control, in rows of their own
OWN = (("index.html", "Overview"), ("devices.html", "Devices"), *PAGES[1:])


def pages_of(source: Source, briefs: Sequence[Brief], problems: Sequence[str]) -> Pages:
    """The files of the estate's folder but for those of schools, by name. `problems` are those of the inventory."""
    status = _marked(source, briefs)
    sums = standing.total([one.sums for one in briefs])
    said = standing.sentences(sums)
    keys = Counted(
        KEYS, *(sum(getattr(one.keys, name) for one in briefs) for name in ("yes", "no", "accepted", "unknown"))
    )
    matrix = _matrix(source, briefs)
    frame = Frame(PLACE, overview.marking(status), source.baseline.digest, OWN)
    made = frame.files(source.at)
    made["schools.js"] = tables.schools((one.school.urn, one.school.name, one.sums, one.keys) for one in briefs).script(
        "schools"
    )
    made["devices.js"] = tables.joined([one.rows for one in briefs]).script("devices")
    risks = overview.risks(replace(status, waivers=tuple(risk for one in briefs for risk in one.risks)))
    made["risks.js"] = tables.risks(risks).script("risks")

    def add(template: str, path: str, title: str, scripts: Sequence[str] = (), **words: object) -> None:
        made[path] = frame.page(template, path, title, scripts, status=status, coverage=said[0], **words)

    every = [*problems, *(text for one in briefs for text in one.problems)]
    add(
        "estate/index", "index.html", f"Device security: {number(len(briefs), 'school')}", ("schools.js",), sums=sums,
        sentences=said, problems=list(dict.fromkeys(every)), places=tiles(sums),
        charts=charts.charts(charts.added([one.days for one in briefs]), sums.coverage.devices),
    )  # fmt: skip
    add("estate/devices", "devices.html", "Devices", ("devices.js",))
    items = together((part for one in briefs for part in one.parts), source.at)
    add(
        "estate/worklist", "worklist.html", "What to do", items=items,
        names={one.school.urn: one.school.name for one in briefs},
    )  # fmt: skip
    add("new", "new.html", "What is new", told=_news(briefs), days=NEW_DAYS)
    add("estate/not-seen", "not-seen.html", "Not seen", ("devices.js",))
    add("controls", "controls.html", "Requirements", families=matrix, own_verdicts=verdicts_in(matrix))
    add("estate/risks", "risks.html", "Accepted risks", ("risks.js",))
    add("estate/keys", "keys.html", "Recovery keys", ("schools.js",), keys=keys)
    _controls(add, source, briefs, matrix)
    return made


def _controls(add: Add, source: Source, briefs: Sequence[Brief], matrix: Matrix) -> None:
    """A page a control, with the schools at which it is not well, those with most drift first."""
    by_school = [(one.school, {known.id: counts for _, rows in one.matrix for known, counts in rows}) for one in briefs]
    for known, counts in (row for _, rows in matrix for row in rows):
        control = source.baseline.control(known.id)
        if control is None:
            continue
        amiss = [verdict for verdict in sorted(counts, key=lambda one: -one.badness) if verdict not in WELL]
        found = [
            (school.urn, school.name, own[known.id])
            for school, own in by_school
            if known.id in own and any(own[known.id][verdict] for verdict in amiss)
        ]
        found.sort(key=lambda row: (-row[2][Verdict.DRIFTED], -sum(row[2][verdict] for verdict in amiss), row[1]))
        add(
            "estate/control", f"controls/{known.id}.html", f"{known.id} {known.title}", known=known, counts=counts,
            references=control.references, rows=found, amiss=amiss, most=MOST_SCHOOLS,
        )  # fmt: skip


def _marked(source: Source, briefs: Sequence[Brief]) -> EstateStatus:
    """A status that has what marks a page, and no finding."""
    return EstateStatus(
        tuple(device for one in briefs for device in one.school.devices),
        source.baseline,
        source.at,
        schools=tuple(one.school.whole for one in briefs if one.school.whole is not None),
    )


def _matrix(source: Source, briefs: Sequence[Brief]) -> Matrix:
    """By family each control with how many devices have each verdict, of all schools."""
    counts: dict[str, dict[About, Counter[Verdict]]] = {}
    for one in briefs:
        for family, rows in one.matrix:
            for known, own in rows:
                counts.setdefault(family, {}).setdefault(known, Counter()).update(own)
    order = {control.id: place for place, control in enumerate(source.baseline.controls)}
    made = [
        (family, sorted(rows.items(), key=lambda row: (order.get(row[0].id, len(order)), row[0].id)))
        for family, rows in counts.items()
    ]
    return sorted(made, key=lambda family: order.get(family[1][0][0].id, len(order)))


@dataclass
class _Together:
    """Equal lines of several schools: on how many devices, and at how many schools."""

    line: Line
    devices: int = 0
    schools: int = 0


def _news(briefs: Sequence[Brief]) -> list[tuple[str, str, str]]:
    """What is new, newest first: what happened on a day at several schools in one line."""
    found: dict[tuple[str, ...], _Together] = {}
    for brief in briefs:
        for line in brief.lines:
            day = local_day(line.at)
            key = (day, line.kind, line.name, line.element, line.verdict, line.code, line.was, line.action)
            known = found.setdefault(key, _Together(replace(line, run="")))
            known.devices += len(line.devices)
            known.schools += 1
    every = sorted(found.values(), key=lambda one: (one.line.at.astimezone(LONDON).date(), one.devices), reverse=True)
    return [
        (
            local_day(one.line.at), KINDS[one.line.kind],
            line_text(one.line, f"on {number(one.devices, 'device')} at {number(one.schools, 'school')}"),
        )
        for one in every
    ]  # fmt: skip
