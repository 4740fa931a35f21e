"""A school's `devices.csv`: one row a device. Read from bytes and written to bytes; files are the caller's."""

from __future__ import annotations

import csv
import io
import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from leeboard.estate.synonyms import COLUMNS, parse_value
from leeboard.model.device import ASSET
from leeboard.model.enums import Form, Level, Platform, Role
from leeboard.model.identity import usable_serial
from leeboard.model.problem import Mistake, Problem
from leeboard.storage.sheet import Sheet, columns, guarded, read_sheet, unguarded

FILE = "devices.csv"
# Ansible and ssh get it as an argument: no dash in front, no blank, nothing that a shell or a template would read.
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,250}[A-Za-z0-9])?\Z")
DOTTED = re.compile(r"[0-9.]+\Z")
LONGEST_SERIAL = 128
LONGEST_NOTES = 1000


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One row. `host` is the device's name in its school; `level` is None where the school's own counts.

    `asset` and `host` are never empty: one stands in for the other. Form and role of a device of platform `other` that
    has none are those of a pupils' tablet, since nothing is asked of it. `row` is where it stands, 0 if nowhere yet.
    """

    asset: str
    host: str
    platform: Platform
    form: Form
    role: Role
    level: Level | None = None
    address: str = ""
    serial: str = ""
    notes: str = ""
    row: int = 0


def read_devices(content: bytes, file: str = FILE) -> tuple[tuple[DeviceRow, ...], tuple[Problem, ...]]:
    """The devices in a sheet, and one problem for each row that is none. Never raises for what stands there.

    Of rows that share an asset tag, a host or a serial, the first counts, and each other one is a problem.
    """
    try:
        sheet = read_sheet(content)
        places = columns(sheet.headings, COLUMNS)
        if "platform" not in places or not {"asset", "host"} & places.keys():
            raise Mistake("has no columns to go by; the first row names them: asset (or host), platform, form, role")
    except Mistake as wrong:
        return (), (wrong.problem(file),)
    devices: list[DeviceRow] = []
    problems = [mistake.problem(file) for mistake in sheet.mistakes]
    headings = {field: sheet.headings[place] for field, place in places.items()}
    seen: dict[tuple[str, str], int] = {}
    for row, device in _devices(sheet, places):
        try:
            if isinstance(device, Mistake):
                raise device
            _only_once(device, seen)
        except Mistake as wrong:
            # By the name that the sheet itself gives the column.
            problems.append(Problem(file, wrong.message, row, headings.get(wrong.column, wrong.column)))
        else:
            devices.append(device)
    problems.sort(key=lambda problem: problem.row or 0)
    return tuple(devices), tuple(problems)


def write_devices(devices: Iterable[DeviceRow]) -> bytes:
    """The sheet of these devices, in their order. No cell of it is a formula to a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for device in devices:
        cells = (str(getattr(device, field) or "") for field in COLUMNS)
        writer.writerow(guarded(cell) for cell in cells)
    return text.getvalue().encode()


def _devices(sheet: Sheet, places: dict[str, int]) -> Iterable[tuple[int, DeviceRow | Mistake]]:
    order = [(field, places.get(field), CELLS[field]) for field in COLUMNS]
    for row, cells in sheet.rows:
        try:
            values = {
                field: "" if place is None else cleaned(unguarded(cells[place].strip()))
                for field, place, cleaned in order
            }
            yield row, _device(values, row)
        except Mistake as wrong:
            yield row, wrong


def _device(cells: dict[str, str], row: int) -> DeviceRow:
    asset, host = cells["asset"], cells["host"]
    if not asset and not host:
        raise Mistake("is empty, and no host is named either; write the asset tag", column="asset")
    if not asset and not ASSET.match(host):
        raise Mistake(f"{host[:40]!r} is too long to stand in for the asset tag; write one", column="asset")
    if not host:
        host = asset.replace(" ", "-").rstrip("._-")
    if not cells["platform"]:
        raise Mistake(f"is empty; write one of {', '.join(Platform)}", column="platform")
    platform = cast(Platform, parse_value("platform", cells["platform"]))
    if platform is Platform.OTHER:
        cells["form"] = cells["form"] or Form.PORTABLE
        cells["role"] = cells["role"] or Role.PUPIL_SHARED
    for field, kind in (("form", Form), ("role", Role)):
        if not cells[field]:
            raise Mistake(f"is empty; write one of {', '.join(kind)}", column=field)
    return DeviceRow(
        asset=asset or host,
        host=host,
        platform=platform,
        form=cast(Form, parse_value("form", cells["form"])),
        role=cast(Role, parse_value("role", cells["role"])),
        level=cast(Level, parse_value("level", cells["level"])) if cells["level"] else None,
        address=cells["address"],
        serial=cells["serial"],
        notes=cells["notes"],
        row=row,
    )


def _only_once(device: DeviceRow, seen: dict[tuple[str, str], int]) -> None:
    """Refuse what an earlier row has already; two machines under one name would be filed as each other."""
    keys = [("asset", device.asset.casefold()), ("host", device.host.casefold())]
    if device.serial:
        keys.append(("serial", " ".join(device.serial.upper().split())))
    if device.address:
        keys.append(("address", device.address.casefold()))
    for key in keys:
        # Makers' placeholders for a serial are on many machines.
        if key in seen and (key[0] != "serial" or usable_serial(device.serial)):
            reasons = {
                "asset": "the same asset tag; give each device its own",
                "host": "the same host; give each device its own",
                "serial": "the same serial; is it one device, moved or renamed? Take one row out",
                "address": "the same address; give each device its own, or leave it out where it changes",
            }[key[0]]
            raise Mistake(f"{getattr(device, key[0])!r}: row {seen[key]} has {reasons}", column=key[0])
    seen.update(dict.fromkeys(keys, device.row))


def _word(cell: str) -> str:
    return cell


def _asset(cell: str) -> str:
    if cell and not ASSET.match(cell):
        raise Mistake(
            f"{cell[:64]!r} is no asset tag: 1 to 64 letters, digits, blanks, dots and dashes", column="asset"
        )
    return cell


def _host(cell: str) -> str:
    if cell and not HOST.match(cell):
        raise Mistake(f"{cell[:64]!r} is no host: letters, digits, dots, dashes and underscores", column="host")
    return cell


def _address(cell: str) -> str:
    if not cell:
        return ""
    if ":" in cell or DOTTED.match(cell):
        try:
            return str(ipaddress.ip_address(cell))
        except ValueError:
            raise Mistake(f"{cell[:64]!r} is no address such as 192.0.2.11", column="address") from None
    if not HOST.match(cell):
        raise Mistake(f"{cell[:64]!r} is neither an address nor a host's name", column="address")
    return cell


def _serial(cell: str) -> str:
    if len(cell) > LONGEST_SERIAL or not cell.isprintable():
        raise Mistake(f"must be one line of at most {LONGEST_SERIAL} characters", column="serial")
    return cell


def _notes(cell: str) -> str:
    """Notes lose what no note needs, and never a device: line breaks, control characters, and what is too long."""
    line = " ".join(cell.split())
    if not line.isprintable():
        line = " ".join("".join(character if character.isprintable() else " " for character in line).split())
    return line[:LONGEST_NOTES].rstrip()


CELLS: dict[str, Callable[[str], str]] = {
    "asset": _asset,
    "host": _host,
    "address": _address,
    "platform": _word,
    "form": _word,
    "role": _word,
    "level": _word,
    "serial": _serial,
    "notes": _notes,
}
