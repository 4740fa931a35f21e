"""A workbook for Excel and LibreOffice, written row by row: what it is, schools, devices, what is not well, risks.

Every text is a cell of the type text, whatever it begins with, so that none is ever a formula; one that looks like a
formula has Excel's own mark for text besides, so that it stays text when somebody edits it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from leeboard.model.enums import LEVELS
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.model.words import when
from leeboard.report import overview
from leeboard.report.export.writers import Piece
from leeboard.report.sheet import found
from leeboard.report.silence import is_silent
from leeboard.report.words import VERDICTS, clean
from leeboard.storage.sheet import FORMULA
from leeboard.verdict.status import DeviceStatus, EstateStatus
from leeboard.version import __version__

Cell = str | int | datetime | None

MOST_ROWS = 1_048_576  # of a sheet, in the format
LONGEST = 4000  # characters; the format takes 32,767
WELL = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE)
ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # a reader takes _x202E_ for the character of that number
MOMENT = "yyyy-mm-dd hh:mm"
EARLIEST = datetime(1900, 3, 1, tzinfo=UTC)  # before it the format counts days wrongly
COUNTED = [verdict for verdict in sorted(Verdict, key=lambda one: -one.badness) if verdict not in WELL]
SHEETS: dict[str, tuple[tuple[str, int], ...]] = {
    "Schools": (
        *(("URN", 9), ("School", 36), ("Level", 11), ("Devices", 9), ("Clear", 9), ("Drifted", 9), ("Unknown", 9)),
        *(("Not seen", 9), *((f"Findings {VERDICTS[verdict]}", 12) for verdict in COUNTED)),
    ),
    "Devices": (
        *(("URN", 9), ("School", 36), ("Asset", 16), ("Host", 28), ("Platform", 10), ("Form", 10), ("Role", 16)),
        *(("Level", 11), ("Last run", 16), ("Last seen (UTC)", 17), ("Worst", 16), ("Drifted", 9), ("Message", 40)),
    ),
    "Not well": (
        *(("URN", 9), ("School", 36), ("Asset", 16), ("Host", 28), ("Control", 10), ("Title", 48), ("Severity", 10)),
        *(("Verdict", 16), ("Mode", 9), ("Counts", 8), ("Since (UTC)", 17), ("Found", 60), ("Reason", 48)),
        ("What to do", 60),
    ),
    "Accepted risks": (
        *(("URN", 9), ("School", 36), ("Id", 14), ("Control", 10), ("State", 10), ("Last day", 12), ("Days left", 9)),
        *(("Owner", 24), ("Approved by", 24), ("For", 36), ("Reason", 60), ("Problem", 48)),
    ),
}


class WorkbookWriter:
    """Writes a workbook. A sheet that is full goes on in another one."""

    def __init__(self, file: BinaryIO, at: datetime) -> None:
        """Begin a workbook."""
        self._file, self._at = file, at
        self._book = Workbook(write_only=True)
        self._about: Any = self._book.create_sheet("About")
        self._sheets: dict[str, tuple[Any, int, int]] = {}  # the sheet, its rows, its number
        self._marks: dict[str, None] = {}
        self._level, self._label = LEVELS[0], ""
        self._since = ""
        self._schools = 0
        for title in SHEETS:
            self._begin(title, 1)

    def school(self, piece: Piece) -> None:
        """Write the rows of one school."""
        status, name = piece.status, clean(piece.name, 120)
        self._schools += 1
        self._since = piece.since if piece.only is not None else ""
        marking = overview.marking(status)
        self._level = max(self._level, *(one.device.level for one in status.devices), key=LEVELS.index)
        known = status.baseline.levels.get(self._level)
        self._label = clean(known.label) if known is not None else self._level.value
        self._marks.update({one: None for one in [marking.recipients] if one})
        self._row("Schools", _school(piece, name))
        for school in overview.schools(status):
            if school.whole is not None and piece.only is None:
                for finding in school.whole.findings:
                    self._finding(status, (piece.urn, name), None, finding)
            for device in school.devices:
                if piece.only is None or (device.device.urn, device.device.asset) in piece.only:
                    self._row("Devices", _device(device, name))
                    for finding in device.findings:
                        self._finding(status, (piece.urn, name), device, finding)
        for row in _risks(status, name):
            self._row("Accepted risks", row)

    def close(self) -> None:
        """Write the first sheet, and the file."""
        self._about.column_dimensions["A"].width, self._about.column_dimensions["B"].width = 24, 90
        label = self._label
        recipients = "; ".join(self._marks)
        for sheet, _, _ in self._sheets.values():
            # & begins a code in a header; two are one.
            sheet.oddHeader.center.text = label.replace("&", "&&")
        rows: list[tuple[str, Cell]] = [
            ("Marking", label),
            ("For", recipients),
            ("Made", when(self._at)),
            ("Leeboard", __version__),
            ("Schools", self._schools),
            ("Only what changed since", self._since),
            ("Not well", "every finding that is neither compliant nor not applicable, and that Leeboard can check"),
            ("Counts", "yes where the finding leads to exit code 2 or 3 (docs/exit-codes.md)"),
        ]
        for row in rows:
            self._about.append([self._cell(self._about, one) for one in row])
        self._book.save(self._file)

    def _finding(
        self, status: EstateStatus, school: tuple[str, str], device: DeviceStatus | None, finding: Finding
    ) -> None:
        if finding.verdict not in WELL and not finding.planned_only:
            self._row("Not well", [*school, *_finding(status, device, finding)])

    def _row(self, title: str, cells: Sequence[Cell]) -> None:
        sheet, rows, number = self._sheets[title]
        if rows == MOST_ROWS:
            self._begin(title, number + 1)
            sheet, rows, number = self._sheets[title]
        sheet.append([self._cell(sheet, one) for one in cells])
        self._sheets[title] = (sheet, rows + 1, number)

    def _begin(self, title: str, number: int) -> None:
        """A sheet with its heading. `number`: the how manieth of this title."""
        name = title if number == 1 else f"{title} {number}"
        sheet = self._book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for place, (_, width) in enumerate(SHEETS[title]):
            sheet.column_dimensions[_letter(place)].width = width
        heading = [WriteOnlyCell(sheet, value=words) for words, _ in SHEETS[title]]
        for cell in heading:
            cell.font = Font(bold=True)
        sheet.append(heading)
        self._sheets[title] = (sheet, 1, number)

    @staticmethod
    def _cell(sheet: Any, value: Cell) -> Any:
        if value is None or isinstance(value, int):
            return value
        if isinstance(value, datetime):
            if value < EARLIEST:
                return WorkbookWriter._cell(sheet, value.isoformat())
            cell = WriteOnlyCell(sheet, value=value.astimezone(UTC).replace(tzinfo=None))
            cell.number_format = MOMENT
            return cell
        text = clean(value, LONGEST)
        cell = WriteOnlyCell(sheet, value=ESCAPE.sub("_x005F_", text))
        cell.data_type = "s"
        if FORMULA.match(text):
            cell.quotePrefix = True
        return cell


def _school(piece: Piece, name: str) -> list[Cell]:
    status = piece.status
    sums, counts = overview.headline(status.devices), status.counts()
    level = max((one.device.level for one in status.devices), key=LEVELS.index, default=None)
    return [
        *(piece.urn, name, level.value if level else "", sums.devices, sums.clear, sums.drifted, sums.unknown),
        *(sum(map(is_silent, status.devices)), *(counts[verdict] for verdict in COUNTED)),
    ]


def _device(status: DeviceStatus, school: str) -> list[Cell]:
    it = status.device
    return [
        *(it.urn, school, it.asset, it.name, it.platform.value, it.form.value, it.role.value, it.level.value),
        *(status.outcome, status.seen, VERDICTS[overview.standing(status)]),
        *(overview.counts_of([status])[Verdict.DRIFTED], status.message),
    ]


def _finding(status: EstateStatus, device: DeviceStatus | None, finding: Finding) -> list[Cell]:
    about = overview.about(status.baseline, finding.control)
    blamed = overview.blamed(finding)
    platform = device.device.platform if device else None
    todo = overview.todo(status.baseline, finding.control, blamed, platform) if platform else overview.remedies(finding)
    return [
        *((device.device.asset, device.device.name) if device else ("", "the school")),
        *(about.id, about.title, about.severity, VERDICTS[finding.verdict], finding.mode.value),
        "yes" if overview.counts_for_exit(status, device, finding) else "no",
        device.since.get(finding.control) if device else None,
        *("; ".join(map(found, blamed)), overview.reason(finding), "; ".join(todo)),
    ]


def _risks(status: EstateStatus, school: str) -> Iterator[list[Cell]]:
    for one in overview.risks(status):
        it = one.waiver
        yield [
            *(one.urn, school, it.id, it.control, one.state.value, it.last_day.isoformat(), one.days_left),
            *(it.owner, it.approved_by, it.scope, it.reason, one.problem),
        ]


def _letter(place: int) -> str:
    """The letters of a column, from place 0; no sheet here has more than 26."""
    return chr(ord("A") + place)
