"""Tables that a page of the site searches, filters and turns over: their columns and rows, as data in a script file.

A page that opens by `file://` may fetch nothing, but it may load a script; so data are scripts. What devices say
is in them as text only: no sign of it can end the script or begin an element.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from hashlib import sha256
from typing import Any

from leeboard.model.verdicts import Verdict
from leeboard.model.words import LONDON
from leeboard.report import overview
from leeboard.report.coverage import place_of
from leeboard.report.page import COLOURS
from leeboard.report.standing import Sums
from leeboard.report.summary.questions import QUESTIONS, Answer, Counted, answer
from leeboard.report.words import VERDICTS, clean
from leeboard.verdict.status import DeviceStatus, EstateStatus
from leeboard.verdict.waivers import Standing, State

Cell = str | int | None | list[Any]
Word = tuple[str, str, str]  # by which it is filtered, what is shown, and its look
LONGEST = 60  # characters of a name in a row: 25,000 rows have to stay below 5 MB
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?\Z")  # no file of these names on Windows
ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
KEYS = next(question for question in QUESTIONS if question.id == "recoverable")
PLACES: tuple[Word, ...] = (
    ("seen", "seen", "good"),
    ("silent", "silent", "wait"),
    ("stale", "out of date", "unsure"),
    ("never", "never seen", "unsure"),
    ("failed", "could not be checked", "unsure"),
    ("ahead", "a clock is wrong", "unsure"),
    ("other", "never checked", "none"),
)
ANSWERS: tuple[Word, ...] = (
    (Answer.YES, "yes", "good"),
    (Answer.NO, "no", "bad"),
    (Answer.ACCEPTED, "accepted risk", "wait"),
    (Answer.UNKNOWN, "not known", "unsure"),
    (Answer.NONE, "does not concern it", "none"),
)
STANDINGS: tuple[Word, ...] = tuple(
    (verdict.value, VERDICTS[verdict], COLOURS[verdict]) for verdict in sorted(Verdict, key=lambda one: -one.badness)
)
STATES: tuple[Word, ...] = (
    (State.IN_FORCE, "in force", "wait"),
    (State.NOT_YET, "not yet", "none"),
    (State.EXPIRED, "expired", "bad"),
    (State.VOID, "no effect", "bad"),
)
NOON = time(12)
PLACE_OF = {name: number for number, (name, _, _) in enumerate(PLACES)}
ANSWER_OF = {name: number for number, (name, _, _) in enumerate(ANSWERS)}
STANDING_OF = {name: number for number, (name, _, _) in enumerate(STANDINGS)}
STATE_OF = {name: number for number, (name, _, _) in enumerate(STATES)}


@dataclass(frozen=True)
class Column:
    """A column. Its cells are, by kind: link [text, small text, file or none], word (number of one of `words`), words
    (numbers of several), number, moment or day (minutes since 1970, in UTC), text.

    `href` is where a link leads, with {file} and, from another column of this table, {school}.
    """

    id: str
    name: str
    kind: str = "text"
    words: Sequence[Word] = ()
    href: str = ""

    def as_json(self) -> dict[str, Any]:
        """What the script is given."""
        said = {"id": self.id, "name": self.name, "kind": self.kind, "words": list(self.words), "href": self.href}
        return {key: value for key, value in said.items() if value}


@dataclass
class Table:
    """Columns, and rows of as many cells."""

    columns: Sequence[Column]
    rows: list[Sequence[Cell]] = field(default_factory=list)

    def script(self, name: str) -> bytes:
        """The file that a page loads it from."""
        return script(name, {"columns": [column.as_json() for column in self.columns], "rows": self.rows})


def script(name: str, data: object) -> bytes:
    """Data as a script, in ASCII: nothing in it can end the script, and no sign ends a line of it."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(ESCAPED)
    return f"(window.leeboard ??= {{}}).{name} = {text};\n".encode()


def minutes(moment: datetime | None) -> int | None:
    """A moment as a cell."""
    return None if moment is None else int(moment.timestamp()) // 60


def file_names(assets: Iterable[str]) -> dict[str, str]:
    """The name of each device's file, less its ending: the tag, where no file system makes two of them one.

    Shares tell no capitals apart, and Windows has names of its own.
    """
    every = list(assets)
    often = Counter(asset.casefold() for asset in every)
    return {
        asset: asset
        if PLAIN.match(asset) and not RESERVED.match(asset) and often[asset.casefold()] == 1
        else f"{re.sub('[^A-Za-z0-9_-]', '_', asset)[:40]}-{sha256(asset.encode()).hexdigest()[:8]}"
        for asset in every
    }


def kind_of(device: DeviceStatus) -> str:
    """What kind of device it is, in words."""
    it = device.device
    return f"{it.platform.value}, {it.form.value}, {it.role.value.replace('_', ' ')}, {it.level.value}"


def devices(status: EstateStatus, files: dict[str, str], school: Word | None = None) -> Table:
    """Every device in a row. With a `school` they are rows of the estate's list, which leaves out controls."""
    every = [one for found in overview.schools(status) for one in found.devices]
    kinds = {kind: number for number, kind in enumerate(sorted({kind_of(one) for one in every}))}
    controls = [control.id for control in status.baseline.controls]
    number_of = {control: number for number, control in enumerate(controls)}
    columns = [
        Column("device", "Device", "link", href="devices/{file}.html"),
        Column("known", "How known", "word", PLACES),
        Column("seen", "Last seen", "moment"),
        Column("worst", "Worst verdict", "word", STANDINGS),
        Column("since", "Drifting since", "day"),
        Column("key", "Recovery key", "word", ANSWERS),
        Column("kind", "Kind", "word", [(kind, kind, "") for kind in kinds]),
    ]
    if school is not None:
        columns[0] = Column("device", "Device", "link", href="schools/{school}/devices/{file}.html?estate")
        columns.append(Column("school", "School", "word", [school]))
    else:
        columns.append(Column("control", "Not well in", "words", [(control, control, "") for control in controls]))
    table = Table(columns)
    for one in every:
        it = one.device
        row: list[Cell] = [
            _link(it.asset, it.name, files[it.asset]),
            PLACE_OF[place_of(one, status.at)],
            minutes(one.seen),
            STANDING_OF[overview.standing(one).value],
            minutes(overview.drifting_since(one)),
            ANSWER_OF[answer(KEYS, one)],
            kinds[kind_of(one)],
        ]
        row.append(0 if school is not None else [number_of[control] for control in _not_well(one, number_of)])
        table.rows.append(row)
    return table


def joined(tables: Sequence[Table]) -> Table:
    """Tables of the same columns as one, with the words of all of them."""
    if not tables:
        return Table(())
    columns, moved = [], {}
    for place, first in enumerate(tables[0].columns):
        words = list(dict.fromkeys(word for table in tables for word in table.columns[place].words))
        columns.append(replace(first, words=words))
        if first.kind == "word":
            moved[place] = {word: number for number, word in enumerate(words)}
    made = Table(columns)
    for table in tables:
        numbers = {place: [known[word] for word in table.columns[place].words] for place, known in moved.items()}
        for row in table.rows:
            made.rows.append(
                [numbers[p][cell] if p in numbers and isinstance(cell, int) else cell for p, cell in enumerate(row)]
            )
    return made


def schools(rows: Iterable[tuple[str, str, Sums, Counted]]) -> Table:
    """Every school in a row, with how much is known, then what drifted, then what is fine, then its keys."""
    numbers = (
        ("devices", "Devices"), ("seen", "Seen"), ("silent", "Silent"), ("stale", "Out of date"),
        ("never", "Never seen"), ("failed", "Not checkable"), ("drifted", "Drifted"), ("fine", "Fine"),
        ("keys-yes", "Yes"), ("keys-no", "No"), ("keys-accepted", "Accepted risk"), ("keys-unknown", "Not known"),
    )  # fmt: skip
    link = Column("school", "School", "link", href="schools/{file}/index.html?estate")
    keys = Column("keys", "School", "link", href="schools/{file}/keys.html?estate")
    table = Table([link, keys, *(Column(id, name, "number") for id, name in numbers)])
    for urn, name, sums, counted in rows:
        places = sums.coverage.places
        known = [places[key] for key in ("seen", "silent", "stale", "never")]
        lost = places["failed"] + places["ahead"]
        asked = [counted.yes, counted.no, counted.accepted, counted.unknown]
        cell = [name, urn, urn]
        table.rows.append([cell, cell, sums.coverage.devices, *known, lost, sums.drifted, sums.clear, *asked])
    return table


def risks(every: Iterable[Standing]) -> Table:
    """Every accepted risk in a row."""
    table = Table(
        [
            Column("risk", "Waiver", "link", href="schools/{file}/risks.html?estate"),
            Column("control", "Requirement"),
            Column("devices", "Devices", "number"),
            Column("by", "Accepted by"),
            Column("until", "Until", "day"),
            Column("state", "State", "word", STATES),
            Column("why", "Why"),
        ]
    )
    for one in every:
        it = one.waiver
        last = datetime.combine(it.last_day, NOON, LONDON)
        table.rows.append(
            [
                _link(it.id, one.school, one.urn), clean(it.control, 10), len(one.assets), clean(it.approved_by, 60),
                minutes(last), STATE_OF[one.state], clean(it.reason, 200),
            ]
        )  # fmt: skip
    return table


def _link(text: str, small: str, file: str) -> list[Cell]:
    """A cell that leads somewhere: the file is left out where it is called like the text."""
    said = clean(text, LONGEST + 4)
    cell: list[Cell] = [said, clean(small, LONGEST)]
    return cell if file == said else [*cell, file]


def _not_well(device: DeviceStatus, known: dict[str, int]) -> list[str]:
    """The controls that somebody has to look at."""
    return [
        one.control
        for one in device.findings
        if one.verdict.badness >= Verdict.WAIVED.badness and not one.planned_only and one.control in known
    ]
