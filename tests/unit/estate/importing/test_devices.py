"""Lists of devices as other programs export them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.estate.importing.devices import DeviceList, read_list
from tests.unit.estate.importing.lists import as_csv, as_xlsx

AD = [
    "DistinguishedName",
    "DNSHostName",
    "Enabled",
    "IPv4Address",
    "LastLogonDate",
    "Name",
    "OperatingSystem",
    "SamAccountName",
]
INTUNE = [
    "Device ID",
    "Device name",
    "Last check-in",
    "Serial number",
    "Model",
    "Management name",
    "Category",
    "Ownership",
    "Device state",
    "OS",
]
DAY = "02/11/2026 08:14:00"
SNIPE = ["Asset Name", "Asset Tag", "Serial", "Model", "Category", "Status", "Checked Out To", "Location", "Notes"]


def said(found: DeviceList) -> list[dict[str, str]]:
    return [dict(one.values) for one in found.devices]


def lines(found: DeviceList) -> list[str]:
    return [str(one).partition(", ")[2] for one in found.problems]


def left(found: DeviceList) -> dict[str, str]:
    return {one.device.title: one.reason for one in found.left_out}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_active_directory(encoding: str) -> None:
    rows = [
        ["CN=1", "ep-lt-01.example.school", "True", "192.0.2.11", DAY, "EP-LT-01", "Windows 11 Education", "1$"],
        ["CN=2", "", "True", "", "", "EP-SV-01", "Windows Server 2022 Standard", "2$"],
        ["CN=3", "ep-lt-02.example.school", "False", "", "", "EP-LT-02", "Windows 10 Education", "3$"],
    ]
    content = b"#TYPE Microsoft.ActiveDirectory.Management.ADComputer\r\n" + as_csv(AD, *rows)
    if encoding != "utf-8":
        content = content.decode().encode(encoding)
    found = read_list(content, "ad.csv")
    assert (found.kind, found.problems) == ("Active Directory", ())
    assert said(found) == [
        {"host": "ep-lt-01.example.school", "address": "192.0.2.11", "platform": "windows"},
        {"platform": "windows"},
    ]
    assert [one.name for one in found.devices] == ["EP-LT-01", "EP-SV-01"]
    assert [dict(one.guessed) for one in found.devices] == [{}, {"form": "server"}]
    assert found.devices[0].seen == "2026-11-02T08:14:00"
    assert left(found) == {"EP-LT-02": "disabled"}


def test_intune() -> None:
    def row(name: str, **more: str) -> list[str]:
        cells = {
            "Device name": name,
            "Last check-in": "2026-11-02 08:14:00.0000000",
            "Serial number": f"S{name}",
            "Model": "Latitude 5440",
            "Ownership": "Corporate",
            "Device state": "Managed",
            "OS": "Windows",
            **more,
        }
        return [cells.get(column, "") for column in INTUNE]

    rows = [
        row("LT-1"),
        row("IPAD-1", OS="iOS/iPadOS", Model="iPad (9th generation)"),
        row("PHONE", Ownership="Personal", OS="Android"),
        row("OLD", **{"Device state": "Retire pending"}),
        row("ODD", OS="BeOS"),
    ]
    found = read_list(as_csv(INTUNE, *rows), "intune.csv")
    assert found.kind == "Intune"
    assert said(found) == [{"serial": "SLT-1", "platform": "windows"}, {"serial": "SIPAD-1", "platform": "other"}]
    assert [one.guessed["form"] for one in found.devices] == ["portable", "portable"]
    assert found.devices[0].seen == "2026-11-02T08:14:00"
    assert sorted(left(found).values()) == ["Retire pending", "privately owned"]
    assert len(lines(found)) == 1
    assert lines(found)[0].startswith("row 6, column OS: 'BeOS' is no platform")


def test_snipe_it() -> None:
    rows = [
        ["Head's laptop", "EP-0001", "PF1", "ThinkPad L14", "Laptops", "Ready to Deploy", "Somebody", "Hill", "-"],
        ["", "EP-0002", "PF2", "OptiPlex 7010", "Desktops", "Archived", "", "Hill", ""],
        ["", "EP-0003", "PF3", "P2422H", "Monitors", "Ready to Deploy", "", "Hill", ""],
        ["ep-pc-4", "EP-0004", "PF4", "Something", "IT", "Deployed", "", "Dale", ""],
    ]
    found = read_list(as_csv(SNIPE, *rows, separator=";", encoding="cp1252"), "snipe.csv", where=("location", "hill"))
    assert (found.kind, found.problems) == ("Snipe-IT", ())
    assert said(found) == [{"asset": "EP-0001", "serial": "PF1", "notes": "-"}]
    assert dict(found.devices[0].guessed) == {"form": "portable"}
    assert found.devices[0].name == ""  # a description, and no machine's name
    assert left(found) == {"EP-0002": "Archived", "EP-0003": "no computer: Monitors"}
    missing = read_list(as_csv(SNIPE, *rows), "snipe.csv", where=("Room", "1"))
    assert 'has no column "Room" for --where' in str(missing.problems[0])


def test_a_plain_sheet_with_formulas_escapes_and_rounded_numbers() -> None:
    head = ["Asset tag", "Serial", "OS", "Type", "Role", "Notes"]
    rows = [
        ["EP-1", "5.12346E+11", "Windows 11", "Laptop", "office", ""],
        ["EP-2", "PF2", "Windows 11", "Laptop", "office", "'=cmd|' /C calc'!A0"],
        ["=1+1", "PF3", "Windows 11", "Laptop", "office", ""],
        ["EP-4\x1b[2J", "PF4", "Windows 11", "Laptop", "office", ""],
        ["EP-5", "PF\x1b[2J5", "Windows 11", "Laptop", "office", ""],
        ["EP-6", "PF6", "Windows 11", "Laptop", "headteacher's", ""],
        ["", "", "Windows 11", "", "", ""],
        ["EP-8", "5E12345", "Windows 11", "", "", ""],
    ]
    found = read_list(as_csv(head, *rows), "sheet.csv")
    assert [one.get("asset") for one in said(found)] == ["EP-2", "EP-8"]
    assert said(found)[0]["notes"] == "=cmd|' /C calc'!A0"  # written with an apostrophe again
    assert [one.split(":")[0] for one in lines(found)] == [
        "row 2, column Serial", "row 4, column Asset tag", "row 5, column Asset tag", "row 6, column Serial",
        "row 7, column Role", "row 8",
    ]  # fmt: skip
    assert all(line.isprintable() for line in lines(found))


def test_a_sheet_without_a_device_s_column_is_refused() -> None:
    found = read_list(as_csv(["Room", "Teacher"], ["1", "x"]), "rooms.csv")
    assert found.devices == ()
    assert "has no column that names a device" in str(found.problems[0])
    assert "is no workbook" in str(read_list(b"a,b\n", "x.csv", sheet="Laptops").problems[0])


@given(st.binary(max_size=300), st.sampled_from([AD, INTUNE, SNIPE]))
def test_no_bytes_crash_it(junk: bytes, head: list[str]) -> None:
    for content in (junk, as_csv(head) + junk):
        found = read_list(content, "list.csv")
        assert all(str(one).isprintable() for one in found.problems)


cells = st.one_of(st.none(), st.text(max_size=20), st.integers(), st.floats(), st.booleans(), st.datetimes())


@given(st.lists(st.lists(cells, min_size=len(SNIPE), max_size=len(SNIPE)), max_size=6))
def test_rows_of_anything_in_a_workbook_do_not_hide_the_good_one(rows: list[list[Any]]) -> None:
    rows = [[_writable(cell) for cell in row] for row in rows]
    good = ["", "EP-0001", "PF1", "ThinkPad", "Laptops", "Deployed", "", "", ""]
    found = read_list(as_xlsx(Assets=[SNIPE, *rows, good]), "snipe.xlsx")
    assert any(one.values.get("serial") == "PF1" and one.row == len(rows) + 2 for one in found.devices)
    for one in found.problems:
        assert one.row and str(one).isprintable()
    assert len(found.devices) + len(found.left_out) + len(found.problems) <= len(rows) + 1


def _writable(cell: Any) -> Any:
    if isinstance(cell, str):
        return "".join(
            one for one in cell if one >= " " and not "\ud800" <= one <= "\udfff" and one not in "\ufffe\uffff"
        )
    return cell
