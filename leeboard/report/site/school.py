"""The pages of one school: its folder can be handed over alone, and holds nothing of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from leeboard.evidence.asking.day_by_day import Day, day_by_day
from leeboard.evidence.asking.history import Event, Scope, Spell, events, spells
from leeboard.model.enums import LEVELS
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.model.words import local, local_day
from leeboard.report import overview, page, standing
from leeboard.report.export.source import Source
from leeboard.report.history import KINDS, Line, devices_of, line_text, lines_of
from leeboard.report.overview import About, School
from leeboard.report.silence import silence
from leeboard.report.site import tables
from leeboard.report.site.charts import DAYS, charts
from leeboard.report.site.frame import Frame, Pages, tiles
from leeboard.report.site.tables import ANSWERS, KEYS, Table
from leeboard.report.summary.questions import QUESTIONS, Counted, answer_of, counted, grounds, lost
from leeboard.report.worklist import Part, parts, together
from leeboard.verdict.codes import Code
from leeboard.verdict.status import DeviceStatus, EstateStatus
from leeboard.verdict.waivers import Standing

PAGES = (
    ("index.html", "Overview"),
    ("worklist.html", "What to do"),
    ("new.html", "What is new"),
    ("not-seen.html", "Not seen"),
    ("controls.html", "Requirements"),
    ("risks.html", "Accepted risks"),
    ("keys.html", "Recovery keys"),
)
NEW_DAYS = 14
MOST_LINES = 40  # of what happened on one device
WELL = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE)
Add = Callable[..., None]
Matrix = list[tuple[str, list[tuple[About, Counter[Verdict]]]]]


@dataclass(frozen=True)
class Brief:
    """What the estate's pages need of a school, once its own are made."""

    school: School
    sums: standing.Sums
    keys: Counted
    parts: tuple[Part, ...]
    matrix: Matrix
    days: Sequence[Day]
    lines: tuple[Line, ...]
    risks: tuple[Standing, ...]
    rows: Table
    problems: tuple[str, ...]


def pages_of(source: Source, urn: str, mistakes: Sequence[str] = ()) -> tuple[Pages, Brief] | None:
    """The files of a school's folder by name, and what the estate's pages need of it; None for one without devices.

    `mistakes` are those in the school's own part of the inventory.
    """
    status = source.status(urn)
    if not status.devices:
        return None
    status = replace(status, problems=(*mistakes, *status.problems))
    (school,) = overview.schools(status)
    made = _School(source, status, school)
    return made.pages(), made.brief()


class _School:
    """One school while its pages are made."""

    def __init__(self, source: Source, status: EstateStatus, school: School) -> None:
        self.status, self.school = status, school
        urns = {school.urn, *(source.variables[school.urn].predecessors if school.urn in source.variables else ())}
        self.frame = Frame(
            school.name, overview.marking(status), status.baseline.digest, PAGES, school.urn, "../../index.html"
        )
        self.files = tables.file_names(one.device.asset for one in school.devices)
        self.abouts: dict[str, About] = {}
        self.spells: dict[str, list[Spell]] = {}
        with source.store.reading() as session:
            for spell in spells(session, Scope(urns=urns)):
                self.spells.setdefault(spell.asset, []).append(spell)
            controls = [control.id for control in status.baseline.controls]
            self.days = day_by_day(session, urns, self.files, controls, status.at, DAYS)
        self.sums = standing.sums(status)
        self.parts = tuple(parts(status))
        self.matrix = page.matrix(status, school)
        self.keys = counted(KEYS, school.devices)
        recent = status.at - timedelta(days=NEW_DAYS)
        self.lines = lines_of((one for one in self._events(*self.files) if one.run.at >= recent), False)

    def brief(self) -> Brief:
        """What the estate's pages need; of the devices only what marks a page."""
        most = max(self.school.devices, key=lambda one: LEVELS.index(one.device.level))
        bearer = replace(most, findings=(), since={}, waived={}, changes=())
        whole = self.school.whole and replace(self.school.whole, findings=(), waived={})
        word = (self.school.urn, self.school.name, "")
        return Brief(
            School(self.school.urn, self.school.name, (bearer,), whole), self.sums, self.keys, self.parts, self.matrix,
            self.days, tuple(self.lines), tuple(self.status.waivers), tables.devices(self.status, self.files, word),
            tuple(self.status.problems),
        )  # fmt: skip

    def pages(self) -> Pages:
        """Every file of the folder."""
        status, school, frame = self.status, self.school, self.frame
        said = standing.sentences(self.sums)
        coverage = said[0]
        lists = ("devices.js",)
        made = frame.files(status.at)
        made["devices.js"] = tables.devices(status, self.files).script("devices")

        def add(template: str, path: str, title: str, scripts: Sequence[str] = (), **words: object) -> None:
            made[path] = frame.page(
                template, path, title, scripts, status=status, about=self._about, mode_note=self._mode_note,
                coverage=coverage, files=self.files, **words,
            )  # fmt: skip

        add(
            "school/index", "index.html", school.name, lists, school=school, sentences=said, sums=self.sums,
            silent=silence(school.devices, status.at), not_asked=overview.not_asked(status),
            places=tiles(self.sums), charts=charts(self.days, len(school.devices)),
        )  # fmt: skip
        add("school/worklist", "worklist.html", "What to do", items=together(self.parts, status.at))
        newest = sorted(self.lines, key=lambda one: one.at, reverse=True)
        told = [(local_day(one.at), KINDS[one.kind], line_text(one, devices_of(one))) for one in newest]
        add("new", "new.html", "What is new", told=told, days=NEW_DAYS)
        add("school/not-seen", "not-seen.html", "Not seen", lists, gaps=page.gaps(school.devices))
        verdicts = sorted(overview.counts_of(school.devices), key=lambda one: -one.badness)
        add("controls", "controls.html", "Requirements", families=self.matrix, own_verdicts=verdicts)
        add("school/risks", "risks.html", "Accepted risks", risks=overview.risks(status))
        families = only(self.matrix, KEYS.controls)
        add(
            "school/keys", "keys.html", "Recovery keys", lists, keys=self.keys, families=families,
            own_verdicts=verdicts_in(families),
        )  # fmt: skip
        self._controls(add)
        for device in school.devices:
            self._device(add, device)
        return made

    def _controls(self, add: Add) -> None:
        groups: dict[str, list[tuple[Verdict, overview.Group]]] = {}
        for verdict in page.WORK:
            for group in overview.groups(self.status, verdict, self.school.devices):
                groups.setdefault(group.about.id, []).append((verdict, group))
        for _, rows in self.matrix:
            for known, counts in rows:
                control = self.status.baseline.control(known.id)
                if control is not None:
                    add(
                        "school/control", f"controls/{known.id}.html", f"{known.id} {known.title}", known=known,
                        counts=counts, references=control.references, work=groups.get(known.id, []),
                    )  # fmt: skip

    def _device(self, add: Add, device: DeviceStatus) -> None:
        asset = device.device.asset
        alone = replace(
            self.status,
            devices=(device,),
            schools=(),
            waivers=tuple(one for one in self.status.waivers if asset in one.assets),
        )
        found = sorted(lines_of(self._events(asset), True), key=lambda one: one.at, reverse=True)
        told = [(local(one.at), KINDS[one.kind], line_text(one)) for one in found[:MOST_LINES]]
        well = [
            (verdict, [self._about(one.control) for one in device.findings if one.verdict is verdict])
            for verdict in WELL
        ]
        add(
            "school/device", f"devices/{self.files[asset]}.html", asset, ("devices.js",), device=device,
            file=self.files[asset], kind=tables.kind_of(device), items=together(parts(alone), alone.at),
            answers=_answers(device),
            shown=page.details(device), risks=overview.risks(alone), told=told, older=len(found) - len(told),
            well=[(verdict, controls) for verdict, controls in well if controls],
        )  # fmt: skip

    def _events(self, *assets: str) -> list[Event]:
        known = (spell for asset in assets for spell in self.spells.get(asset, ()))
        return [event for event in events(known) if event.code != Code.PLANNED]

    def _about(self, control: str) -> About:
        if control not in self.abouts:
            self.abouts[control] = overview.about(self.status.baseline, control)
        return self.abouts[control]

    def _mode_note(self, device: DeviceStatus | None, finding: Finding) -> str:
        return overview.mode_note(self.status, device, finding)


def _answers(device: DeviceStatus) -> list[tuple[str, str, str, str]]:
    """What a head asks, of one device, as `leeboard evidence` has it: question, answer, its look, what it rests on."""
    words = {name: (text, look) for name, text, look in ANSWERS}
    gone = lost(device)
    return [
        (one.of_one, *words[answer_of(one, device.findings, gone)], grounds(one, device.findings)) for one in QUESTIONS
    ]


def only(matrix: Matrix, controls: Sequence[str]) -> Matrix:
    """The rows of these controls."""
    return [(name, rows) for name, every in matrix if (rows := [row for row in every if row[0].id in controls])]


def verdicts_in(matrix: Matrix) -> list[Verdict]:
    """The verdicts that occur in it, the worst first."""
    occurring = {verdict for _, rows in matrix for _, counts in rows for verdict in counts}
    return sorted(occurring, key=lambda one: -one.badness)
