"""Schools in the national register: a download of "Get Information About Schools", read as a stream.

The download "Establishment fields" is a CSV in Windows-1252 called edubasealldataYYYYMMDD.csv, of about 60 MB. Its
columns' names, statuses, phases and kinds of links are those that public code of the Department and others reads, seen
in November 2026 (DFE-Digital/education-benchmarking-and-insights, documentation/data/CFR/3_DimGIAS.md and its
preparation of gias_links; the lists of phases and link types of several Rails applications of the DfE). The register
itself was not reachable from where this was written: docs/import.md says what could not be verified.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.estate.importing.csvfile import Line, opened
from leeboard.estate.importing.problems import Problems, quoted
from leeboard.model.device import URN
from leeboard.model.problem import Problem
from leeboard.storage.tabular import plain_name

LAESTAB = re.compile(r"([0-9]{3})/?([0-9]{4})\Z")
DATE = re.compile(r"([0-9]{1,2})[-/]([0-9]{1,2})[-/]([0-9]{4})|([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T].*)?")
LONGEST_NAME = 200
CLOSED, OPEN = "closed", "open"

# Columns by what they are to us; the names are the register's.
COLUMNS = {
    "urn": "URN",
    "la": "LA (code)",
    "number": "EstablishmentNumber",
    "name": "EstablishmentName",
    "kind": "TypeOfEstablishment (name)",
    "status": "EstablishmentStatus (name)",
    "phase": "PhaseOfEducation (name)",
    "opened": "OpenDate",
    "closed": "CloseDate",
}
NEEDED = ("urn", "name", "status")
LINK_COLUMNS = {"urn": "URN", "other": "LinkURN", "kind": "LinkType", "name": "LinkName", "day": "LinkEstablishedDate"}
LINKS_NEEDED = ("urn", "other", "kind")
PHASES = {
    "nursery": "nursery",
    "primary": "primary",
    "middledeemedprimary": "middle",
    "middledeemedsecondary": "middle",
    "secondary": "secondary",
    "16plus": "post_16",
    "allthrough": "all_through",
}
# Such schools have the phase "Not applicable", and their type says what they are. The words are parts of types' names.
KINDS = (("special", "special"), ("pupilreferral", "alternative"), ("alternativeprovision", "alternative"))
LA = re.compile(r"[0-9]{3}\Z")
# What the register lists under an LA and no LA looks after: parts of types' names, which are from memory.
NOT_OF_AN_LA = ("independent", "childrenscentre", "highereducation", "overseas", "offshore")


@dataclass(frozen=True)
class RegisterSchool:
    """A school as the register has it. `phase` is "" where it says none; `laestab` is "999/2001" or ""."""

    row: int
    urn: str
    name: str
    phase: str
    laestab: str
    status: str
    kind: str
    opened: date | None
    closed: date | None
    la: str = ""

    @property
    def is_closed(self) -> bool:
        """True when it has closed; one that is proposed to close is open."""
        return self.status.casefold() == CLOSED

    @property
    def not_of_an_la(self) -> str:
        """Why the import of a whole LA does not take it; "" where it does."""
        status = self.status.casefold()
        if status == CLOSED or not status.startswith(OPEN):
            return status or "of no status"
        return self.kind if any(word in plain_name(self.kind) for word in NOT_OF_AN_LA) else ""


@dataclass(frozen=True)
class Link:
    """`urn` goes on where `before` ended. `kind` is the register's word, such as Predecessor - merged."""

    urn: str
    before: str
    name: str
    kind: str
    day: date | None

    @property
    def alone(self) -> bool:
        """True when one school became one other: no merger, amalgamation or split."""
        return plain_name(self.kind) in ("predecessor", "successor")


@dataclass(frozen=True)
class Matches:
    """The schools that were asked for, in the file's order, and what is wrong with the file."""

    schools: tuple[RegisterSchool, ...]
    problems: tuple[Problem, ...]


def laestab_of(text: str) -> str:
    """A LAESTAB as 999/2001. Raises LeeboardError for what is none."""
    match = LAESTAB.match(text.strip())
    if not match:
        raise LeeboardError(
            f"{quoted(text)} is no LAESTAB; write three digits, a slash and four digits, as in 999/2001"
        )
    return f"{match[1]}/{match[2]}"


def la_of(text: str) -> str:
    """The code of an LA, three digits. Raises LeeboardError for what is none."""
    if not LA.match(text.strip()):
        raise LeeboardError(f"{quoted(text)} is no code of an LA; write three digits, as in 999")
    return text.strip()


def find(path: Path, urns: Collection[str] = (), laestabs: Collection[str] = (), las: Collection[str] = ()) -> Matches:
    """The schools with one of these URNs, LAESTABs or codes of LAs. Raises LeeboardError when this is no register."""
    problems = Problems(str(path))
    schools: list[RegisterSchool] = []
    with opened(path, problems) as lines:
        for cells, line in _table(lines, path, COLUMNS, NEEDED, problems):
            laestab = _laestab(cells)
            wanted = cells["urn"] in urns or cells["la"] in las or (laestab != "" and laestab in laestabs)
            if not wanted:
                continue
            school = _school(cells, line, laestab, problems)
            if school is None:
                continue
            twin = next((other for other in schools if other.urn == school.urn), None)
            if twin is not None:
                problems.add(
                    line.number, COLUMNS["urn"], f"{school.urn} stands in row {twin.row} already; that one counts"
                )
            else:
                schools.append(school)
    return Matches(tuple(schools), problems.all())


def links(path: Path, urns: Collection[str]) -> tuple[tuple[Link, ...], tuple[Problem, ...]]:
    """Which school went on in which, as far as these are one of the two, each link once. Raises LeeboardError."""
    problems = Problems(str(path))
    by_pair: dict[tuple[str, str], Link] = {}
    with opened(path, problems) as lines:
        for cells, line in _table(lines, path, LINK_COLUMNS, LINKS_NEEDED, problems):
            kind = plain_name(cells["kind"])
            if kind.startswith("predecessor"):
                urn, before, name = cells["urn"], cells["other"], cells["name"]
            elif kind.startswith("successor"):
                urn, before, name = cells["other"], cells["urn"], ""
            else:
                continue
            if urn not in urns and before not in urns:
                continue
            wrong = next((value for value in (urn, before) if not URN.match(value)), before if urn == before else None)
            if wrong is not None:
                column = LINK_COLUMNS["other" if wrong == cells["other"] else "urn"]
                problems.add(line.number, column, f"{quoted(wrong)} is no URN of another school; the row is left out")
                continue
            day = _day(cells["day"], line.number, LINK_COLUMNS["day"], problems)
            known = by_pair.get((urn, before))
            # Each link stands there twice, from both ends; the predecessor's row has the name.
            if known is None or (name and not known.name):
                by_pair[urn, before] = Link(urn, before, _clean(name), _clean(cells["kind"]), day)
    ordered = sorted(by_pair.values(), key=lambda link: (link.urn, link.day or date.min, link.before))
    return tuple(ordered), problems.all()


def _table(
    lines: Iterator[Line], path: Path, columns: dict[str, str], needed: Collection[str], problems: Problems
) -> Iterator[tuple[dict[str, str], Line]]:
    """Each row's cells by what they are to us, all columns present, "" where the file has none."""
    head = next(lines, None)
    places = {plain_name(cell): place for place, cell in reversed(list(enumerate(head.cells if head else ())))}
    at = {key: places[plain_name(name)] for key, name in columns.items() if plain_name(name) in places}
    missing = [columns[key] for key in needed if key not in at]
    if head is None or missing:
        raise LeeboardError(
            f"{path}: has no column {' and no column '.join(missing)}, so it is not this file of the register; "
            "docs/import.md says which files to download"
        )
    for line in lines:
        if len(line.cells) != len(head.cells):
            message = (
                f"has {len(line.cells)} cells under {len(head.cells)} columns; it is damaged, or was cut off there"
            )
            problems.add(line.number, "", message)
            continue
        yield {key: line.cells[at[key]].strip() if key in at else "" for key in columns}, line


def _school(cells: dict[str, str], line: Line, laestab: str, problems: Problems) -> RegisterSchool | None:
    if not URN.match(cells["urn"]):
        problems.add(
            line.number, COLUMNS["urn"], f"{quoted(cells['urn'])} is no URN of six digits; the row is left out"
        )
        return None
    name = cells["name"]
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or "�" in name:
        message = f"{quoted(name)} is no name of at most {LONGEST_NAME} printable characters; the row is left out"
        problems.add(line.number, COLUMNS["name"], message)
        return None
    kind = plain_name(cells["kind"])
    phase = next((known for word, known in KINDS if word in kind), PHASES.get(plain_name(cells["phase"]), ""))
    return RegisterSchool(
        row=line.number,
        urn=cells["urn"],
        name=" ".join(name.split()),
        phase=phase,
        laestab=laestab,
        status=_clean(cells["status"]),
        kind=_clean(cells["kind"]),
        opened=_day(cells["opened"], line.number, COLUMNS["opened"], problems),
        closed=_day(cells["closed"], line.number, COLUMNS["closed"], problems),
        la=cells["la"],
    )


def _laestab(cells: dict[str, str]) -> str:
    la, number = cells["la"], cells["number"]
    return f"{la}/{number}" if LAESTAB.match(f"{la}/{number}") else ""


def _day(text: str, row: int, column: str, problems: Problems) -> date | None:
    """A day as the register writes it (31-08-2025), or as Excel makes of it; none is no problem."""
    if not text:
        return None
    match = DATE.fullmatch(text)
    try:
        if match and match[3]:
            return date(int(match[3]), int(match[2]), int(match[1]))
        if match:
            return date(int(match[4]), int(match[5]), int(match[6]))
    except ValueError:
        pass
    problems.add(row, column, f"{quoted(text)} is no day such as 31-08-2025; it is taken as not said")
    return None


def _clean(text: str) -> str:
    return "".join(character for character in text[:LONGEST_NAME] if character.isprintable())
