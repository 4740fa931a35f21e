"""devices.csv as technicians keep it: forgiving where nothing is in doubt, and one problem for each row that is."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.estate.devices import DeviceRow, read_devices, write_devices
from leeboard.model.enums import Form, Level, Platform, Role

HEAD = "asset,host,address,platform,form,role,level,serial,notes\n"
GOOD = "A-{0},pc-{0},192.0.2.{0},linux,desktop,office,,SN-{0}X,\n"


def problems(text: str) -> list[str]:
    return [str(one) for one in read_devices(text.encode())[1]]


def test_a_row_says_what_a_device_is() -> None:
    (one,), wrong = read_devices(
        f"{HEAD}EP-1,office-1,192.0.2.11,linux,desktop,office,high,S-77Q,by the door\n".encode()
    )
    assert wrong == ()
    assert one == DeviceRow(
        asset="EP-1",
        host="office-1",
        platform=Platform.LINUX,
        form=Form.DESKTOP,
        role=Role.OFFICE,
        level=Level.HIGH,
        address="192.0.2.11",
        serial="S-77Q",
        notes="by the door",
        row=2,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Asset Tag;Device Name;OS;Device type;Role;Serial number\nA-1;PC-1;Windows 11 Pro;Laptop;Office;S-77Q\n",
        "ASSET_TAG\tComputerName\tOperating System\tChassis\trole\tserial no.\n"
        "A-1\tPC-1\tWin10\tnotebook\tADMIN\tS-77Q",
        'sep=;\r\nasset;name;platform;form;role;serial\r\n"A-1";"PC-1";windows;Portable;office;S-77Q;;\r\n',
        "#TYPE Microsoft.ActiveDirectory.Management.ADComputer\n"
        '"asset","Name","DNSHostName","OperatingSystem","form","role","serial"\n'
        '"A-1","other","PC-1","Windows 10 Enterprise","LAPTOP","Office","S-77Q"',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_names_separators_and_encodings_are_forgiving(text: str, encoding: str) -> None:
    (one,), wrong = read_devices(text.encode(encoding))
    assert wrong == ()
    found = (one.asset, one.host, one.platform, one.form, one.role, one.serial)
    assert found == ("A-1", "PC-1", "windows", "portable", "office", "S-77Q")


def test_windows_1252_is_read_where_it_is_no_utf_8() -> None:
    ((one,), wrong) = read_devices((HEAD + GOOD.format(1).replace("X,\n", "X,café\n")).encode("cp1252"))
    assert (one.notes, wrong) == ("café", ())


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("Windows 11 Pro", "windows"),
        ("Microsoft Windows Server 2022 Standard", "windows"),
        ("Windows Phone", "other"),
        ("Ubuntu 24.04 LTS", "linux"),
        ("Debian GNU/Linux 13", "linux"),
        ("Chrome OS", "other"),
        ("iPadOS 26", "other"),
        ("macOS", "other"),
    ],
)
def test_operating_systems(said: str, means: str) -> None:
    ((one,), wrong) = read_devices(f"asset,platform,form,role\nA,{said},desktop,office\n".encode())
    assert (one.platform, wrong) == (means, ())


def test_a_tablet_needs_neither_form_nor_role_and_a_host_may_stand_in_for_the_asset_tag() -> None:
    found, wrong = read_devices(b"asset,host,platform,form,role\nT 1,,iPad,,\n,pc-2,linux,desktop,office\n")
    assert wrong == ()
    assert [(one.asset, one.host, one.form, one.role) for one in found] == [
        ("T 1", "T-1", "portable", "pupil_shared"),
        ("pc-2", "pc-2", "desktop", "office"),
    ]


@pytest.mark.parametrize(
    ("row", "where", "words"),
    [
        ("A-9,pc-9,,amiga,desktop,office,,,", "column platform", "'amiga' is no platform"),
        ("A-9,pc-9,,,desktop,office,,,", "column platform", "is empty"),
        ("A-9,pc-9,,linux,,office,,,", "column form", "is empty"),
        ("A-9,pc-9,,linux,boat,office,,,", "column form", "'boat' is no form"),
        ("A-9,pc-9,,linux,desktop,captain,,,", "column role", "'captain' is no role"),
        ("A-9,pc-9,,linux,desktop,office,top,,", "column level", "'top' is no level"),
        ("../etc,pc-9,,linux,desktop,office,,,", "column asset", "'../etc' is no asset tag"),
        ("A-9,-oProxyCommand=x,,linux,desktop,office,,,", "column host", "is no host"),
        ("A-9,{{ evil }},,linux,desktop,office,,,", "column host", "is no host"),
        ("A-9,pc-9,192.0.2.999,linux,desktop,office,,,", "column address", "is no address"),
        ("A-9,pc-9,-oX=y,linux,desktop,office,,,", "column address", "neither an address nor"),
        ("A-9,pc-9,,linux,desktop,office,,a\x1b[2Jb,", "column serial", "must be one line"),
        (",,,linux,desktop,office,,,", "column asset", "no host is named"),
        ("a-1,pc-9,,linux,desktop,office,,,", "column asset", "row 2 has the same asset tag"),
        ("A-9,PC-1,,linux,desktop,office,,,", "column host", "row 2 has the same host"),
        ("A-9,pc-9,,linux,desktop,office,,sn-1x,", "column serial", "row 2 has the same serial"),
        ("A-9,pc-9,192.0.2.1,linux,desktop,office,,,", "column address", "row 2 has the same address"),
        ("A-9,pc-9,,linux,desktop,office,,,a,b", "row 3", "10 cells under 9 columns"),
        ('A-9,"pc-9,,linux,desktop,office,,,', "row 3", "quotation mark is not closed"),
        ('A-9,"pc"9,,linux,desktop,office,,,', "row 3", "quotation mark is not closed, or stands within"),
        ("A-9,pc-9,,linux,desktop,office,,," + "x" * 200_000, "row 3", ""),
    ],
)
def test_a_bad_row_is_one_problem_and_the_others_load(row: str, where: str, words: str) -> None:
    found, wrong = read_devices(f"{HEAD}{GOOD.format(1)}{row}\n{GOOD.format(2)}".encode(), "x/devices.csv")
    assert [one.asset for one in found] == ["A-1", "A-2"]
    (line,) = [str(one) for one in wrong]
    assert line.startswith("x/devices.csv, row 3")
    assert where in line
    assert words in line
    assert line.isprintable()
    assert len(line) <= 600


def test_a_problem_names_the_column_as_the_sheet_does() -> None:
    (line,) = problems("Asset Tag,Operating System,form,role\nA,beos,desktop,office\n")
    assert line.startswith("devices.csv, row 2, column Operating System: ")


def test_a_quotation_mark_costs_its_row_and_not_the_sheet() -> None:
    rows = "".join(GOOD.format(number) for number in range(1, 200))
    found, wrong = read_devices(f'{HEAD}A-0,"15 inch,,linux,desktop,office,,,\n{rows}'.encode())
    assert len(found) == 199
    assert [one.row for one in wrong] == [2]


def test_makers_placeholders_are_no_serials_that_two_share() -> None:
    rows = "".join(f"A-{n},pc-{n},,linux,desktop,office,,To be filled by O.E.M.,\n" for n in range(3))
    found, wrong = read_devices((HEAD + rows).encode())
    assert (len(found), wrong) == (3, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("colour,size\nred,1\n", "no columns to go by"),
        ("asset,host\nA,b\n", "no columns to go by"),
        ("asset,Asset,platform\nA,b,linux\n", "two columns are called 'Asset'"),
        ("PK\x03\x04workbook", "workbook"),
        ("a\0b", "no columns to go by"),
    ],
)
def test_a_sheet_that_is_none_is_one_problem(text: str, words: str) -> None:
    found, (wrong,) = read_devices(text.encode())
    assert found == ()
    assert words in str(wrong)


def test_no_cell_that_is_written_is_a_formula_and_all_load_back() -> None:
    base = DeviceRow("A-1", "pc-1", Platform.LINUX, Form.DESKTOP, Role.OFFICE)
    notes = ["=1+1", "+44 20", "-1", "@SUM(A1)", "'=1+1", "''+1", "'tis", "a, b; c", 'say "hi"', "=cmd|' /C calc'!A0"]
    devices = [
        DeviceRow(f"A-{n}", f"pc-{n}", base.platform, base.form, base.role, notes=one, row=n + 2)
        for n, one in enumerate(notes)
    ]
    content = write_devices(devices)
    for cells in csv.reader(io.StringIO(content.decode())):
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    assert read_devices(content) == (tuple(devices), ())


LINES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=40)


@given(st.binary(max_size=400))
def test_no_bytes_are_too_strange(content: bytes) -> None:
    found, wrong = read_devices(content)
    assert all(str(one).isprintable() for one in wrong)
    assert found == () or wrong == () or {one.row for one in found}.isdisjoint(one.row for one in wrong)


@given(st.lists(st.lists(LINES, min_size=1, max_size=11), max_size=8))
def test_good_rows_load_whatever_stands_between_them(rows: list[list[str]]) -> None:
    """Rows as a spreadsheet writes them: each is a device or one problem, with its row."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEAD.strip().split(","))
    for number, row in enumerate(rows):
        writer.writerow(row)
        writer.writerow(GOOD.format(number).strip().split(","))
    found, wrong = read_devices(text.getvalue().encode())
    good = [one for one in found if one.row % 2 == 1]
    assert [one.asset for one in good] == [f"A-{number}" for number in range(len(rows))]
    numbers = [one.row for one in wrong]
    assert len(set(numbers)) == len(numbers)
    assert all(number and number % 2 == 0 for number in numbers)
    blank = [number * 2 + 2 for number, row in enumerate(rows) if not any(cell.strip() for cell in row)]
    assert set(numbers) | set(blank) | {one.row for one in found if one.row % 2 == 0} == {
        number * 2 + 2 for number in range(len(rows))
    }
