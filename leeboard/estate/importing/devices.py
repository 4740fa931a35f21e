"""Lists of devices that other programs export: Active Directory, Intune, Snipe-IT, a plain sheet. Pure.

The columns are those of `Get-ADComputer -Properties OperatingSystem,IPv4Address,LastLogonDate | Export-Csv`; of the
report DevicesWithInventory, which Intune's admin centre exports (Microsoft Learn, "Intune reports and properties
available using Graph API", columns received); and of Snipe-IT's table of assets (app/Presenters/AssetPresenter.php).
All were read in November 2026; none of the three was asked for a real export, and docs/import.md says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from leeboard.estate.devices import CELLS
from leeboard.estate.importing import guesses, mapping
from leeboard.estate.importing.problems import Problems, quoted
from leeboard.estate.importing.workbook import is_workbook, read_workbook
from leeboard.estate.synonyms import COLUMNS, parse_value
from leeboard.model.identity import usable_serial
from leeboard.model.problem import Mistake, Problem
from leeboard.model.values import plain
from leeboard.storage.sheet import Sheet, columns, read_sheet, unguarded
from leeboard.storage.tabular import plain_name

# By field: what a column may be called. `name` is what a machine is called where no column is about hosts; a category
# or type is any word that somebody thought of, so it lets guess and is never wrong. So is who uses it, which may be a
# person.
KNOWN: dict[str, tuple[str, ...]] = {
    "asset": (*COLUMNS["asset"], "barcode"),
    "host": ("host", "hostname", "dnshostname", "fqdn"),
    "name": ("computername", "devicename", "machinename", "computer", "machine", "name", "assetname"),
    "address": COLUMNS["address"],
    "platform": COLUMNS["platform"],
    "form": ("form", "formfactor", "chassis", "chassistype"),
    "category": ("category", "assetcategory", "type", "devicetype", "assettype", "kind"),
    "model": ("model", "modelname", "assetmodel", "hardwaremodel"),
    "role": tuple(name for name in COLUMNS["role"] if name != "usedby"),
    "used by": ("usedby",),
    "level": COLUMNS["level"],
    "serial": (*COLUMNS["serial"], "sn"),
    "notes": COLUMNS["notes"],
    "status": ("status", "statuslabel", "devicestate", "managementstate", "state", "lifecycle"),
    "enabled": ("enabled",),
    "owner": ("ownership", "ownertype", "ownedby"),
    "seen": ("lastcheckin", "lastcontact", "lastlogondate", "lastseen", "lastsyncdatetime"),
    "urn": ("urn",),
}
KEYS = tuple(key for key in KNOWN if key not in ("used by", "urn"))  # what --map may name
PLAIN = "a plain sheet"
DATES = ("seen",)
FIELDS = ("asset", "host", "address", "serial", "notes")
WORDS = ("form", "role", "level")
ROUNDED = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE)
KINDS = (
    ("Active Directory", ("samaccountname", "distinguishedname", "dnshostname")),
    ("Intune", ("lastcheckin", "managementname", "ownership", "ownertype", "intuneregistered")),
    ("Snipe-IT", ("checkedoutto", "defaultlocation", "modelno", "assetname", "eolrate", "checkedout")),
)
DATE_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%d", "%d/%m/%Y")


@dataclass(frozen=True)
class Listed:
    """A device in a list. `values` has the fields of devices.csv that the list fills, and no empty one.

    `guessed` has what its category and model suggest, for a device that is new. `name` is what the list calls the
    machine, "" for none; `seen` when it was last heard of, in a form that sorts, or "".
    """

    row: int
    values: Mapping[str, str]
    guessed: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    seen: str = ""

    @property
    def title(self) -> str:
        """The name of the device for a person."""
        return self.values.get("asset") or self.name or self.values.get("host") or self.values.get("serial", "")


@dataclass(frozen=True)
class LeftOut:
    """A device that the list has, and that is not imported, with the reason."""

    device: Listed
    reason: str


@dataclass(frozen=True)
class DeviceList:
    """What a file comes to. `kind` is the program it seems to come from; `sheet` the workbook's sheet taken."""

    file: str
    kind: str
    devices: tuple[Listed, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    problems: tuple[Problem, ...] = ()
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()


def read_list(
    content: bytes,
    file: str,
    sheet: str | None = None,
    where: tuple[str, str] | None = None,
    mapped: Sequence[mapping.Pair] = (),
) -> DeviceList:
    """The devices of a list, and a problem for each row that makes no sense. Never raises for what stands in it.

    `sheet` is the workbook's sheet to take. `where` is a column and a word: only rows that have it there count.
    `mapped` says of columns what they are.
    """
    problems = Problems(file)
    name = ""
    others: tuple[str, ...] = ()
    known = mapping.with_mapped(KNOWN, mapped)
    try:
        if is_workbook(content):
            taken = read_workbook(content, known, sheet, DATES)
            rows, name, others = taken.sheet, taken.name, taken.others
        elif sheet is not None:
            raise Mistake(f"is no workbook, so it has no sheet {quoted(sheet)}; leave out --sheet")
        else:
            rows = read_sheet(content)
        mapping.check(mapped, KEYS, rows.headings)
        places = columns(rows.headings, known)
        if not {"asset", "host", "name", "serial"} & places.keys():
            raise Mistake("has no column that names a device: an asset tag, a host or name, or a serial number")
        chosen = _where(rows, where)
    except Mistake as wrong:
        return DeviceList(file, "", problems=(wrong.problem(file),), sheet=name, other_sheets=others)
    for mistake in rows.mistakes:
        problems.add(mistake.row, mistake.column, mistake.message)
    entries: list[Listed] = []
    left: list[LeftOut] = []
    for row, cells in rows.rows:
        if chosen is not None and where is not None and where[1].casefold() not in cells[chosen].casefold():
            continue
        values = {key: unguarded(cells[place].strip()) for key, place in places.items()}
        try:
            device, reason = _device(row, values)
        except Mistake as wrong:
            column = rows.headings[places[wrong.column]] if wrong.column in places else wrong.column
            problems.add(row, column, wrong.message)
            continue
        if reason:
            left.append(LeftOut(device, reason))
        else:
            entries.append(device)
    kind = _kind(rows.headings)
    return DeviceList(file, kind, tuple(entries), tuple(left), _by_row(problems), name, others)


def _where(rows: Sheet, where: tuple[str, str] | None) -> int | None:
    """The place of the column that picks rows. Raises Mistake when there is none such."""
    if where is None:
        return None
    wanted = plain_name(where[0])
    place = next((at for at, heading in enumerate(rows.headings) if plain_name(heading) == wanted), None)
    if place is None:
        known = ", ".join(quoted(heading) for heading in rows.headings[:30] if heading)
        raise Mistake(f"has no column {quoted(where[0])} for --where; its columns are {known}")
    return place


def _kind(headings: tuple[str, ...]) -> str:
    names = {plain_name(heading) for heading in headings}
    return next((kind for kind, signs in KINDS if len(names.intersection(signs)) >= 2), PLAIN)


def _device(row: int, values: dict[str, str]) -> tuple[Listed, str]:
    """A row's device, and why it is left out ("" if it is not). Raises Mistake with the field that makes no sense."""
    name = values.get("name", "").removesuffix("$")
    reason = _reason(values)
    if reason:
        # Nobody needs a sound row to hear that its device is gone.
        shown = {key: plain(values[key], 64) for key in ("asset", "host", "serial") if values.get(key)}
        return Listed(row, shown, name=plain(name, 64)), reason
    for key in ("asset", "serial"):
        if ROUNDED.fullmatch(values.get(key, "")) and "+" in values[key]:
            spoilt = (
                f"{quoted(values[key])} is a number that Excel has rounded; format the column as text, and export again"
            )
            raise Mistake(spoilt, column=key)
    fields = {key: CELLS[key](values[key]) for key in FIELDS if values.get(key)}
    if usable_serial(fields.get("serial", "")) is None:
        fields.pop("serial", None)  # a maker's placeholder, which many machines have
    if values.get("platform"):
        fields["platform"] = str(parse_value("platform", values["platform"]))
    fields |= {key: str(parse_value(key, values[key])) for key in WORDS if values.get(key)}
    name = _name(name, fields)
    if not any(fields.get(key) for key in ("asset", "host", "serial")) and not name:
        raise Mistake(
            "names no device: its asset tag and name are empty, and its serial is empty or a maker's placeholder"
        )
    hints = (values.get("category", ""), values.get("platform", ""), values.get("model", ""))
    guessed = {
        "platform": guesses.guessed_platform(*hints),
        "form": guesses.guessed_form(*hints),
        "role": guesses.guessed_role(values.get("used by", "")),
    }
    return Listed(row, fields, {key: value for key, value in guessed.items() if value}, name, _moment(values)), ""


def _name(name: str, fields: dict[str, str]) -> str:
    """The machine's name; beside an asset tag or host, one that no machine can have is a description of somebody's."""
    try:
        return CELLS["host"](name)
    except Mistake as wrong:
        if fields.get("asset") or fields.get("host"):
            return ""
        raise Mistake(wrong.message, column="name") from None


def _reason(values: dict[str, str]) -> str:
    """Why a device is not imported."""
    if values.get("enabled") and plain_name(values["enabled"]) in guesses.NO:
        return "disabled"
    if guesses.gone(values.get("status", "")):
        return plain(values["status"], 40)
    if plain_name(values.get("owner", "")) in ("personal", "byod"):
        return "privately owned"
    category = values.get("category", "")
    if guesses.no_device(category):
        return f"no computer: {plain(category, 40)}"
    return ""


def _moment(values: dict[str, str]) -> str:
    """When it was last heard of, as text that sorts; "" when that cannot be told."""
    text = values.get("seen", "").split(".")[0].removesuffix("Z")
    for pattern in DATE_FORMATS:
        try:
            return datetime.strptime(text, pattern).strftime("%Y-%m-%dT%H:%M:%S")
        except ValueError:
            continue
    return ""


def _by_row(problems: Problems) -> tuple[Problem, ...]:
    return tuple(sorted(problems.all(), key=lambda problem: problem.row or 1 << 40))
