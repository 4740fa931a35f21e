"""The national register: untidy, in Windows-1252, and read as a stream."""

from __future__ import annotations

import codecs
import csv
import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.estate.importing.register import Matches, find, laestab_of, links

HEAD = (
    "URN", "LA (code)", "LA (name)", "EstablishmentNumber", "EstablishmentName", "TypeOfEstablishment (name)",
    "EstablishmentStatus (name)", "OpenDate", "CloseDate", "PhaseOfEducation (name)",
)  # fmt: skip
LINKS = ("URN", "LinkURN", "LinkName", "LinkType", "LinkEstablishedDate")


def school(urn: str, name: str = "Example Primary School", **more: str) -> list[str]:
    cells = {
        "URN": urn,
        "LA (code)": "999",
        "LA (name)": "Example",
        "EstablishmentNumber": "2001",
        "EstablishmentName": name,
        "TypeOfEstablishment (name)": "Community school",
        "EstablishmentStatus (name)": "Open",
        "PhaseOfEducation (name)": "Primary",
        **more,
    }
    return [cells.get(column, "") for column in HEAD]


def text(rows: list[list[str]], head: tuple[str, ...] = HEAD) -> str:
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow(head)
    writer.writerows(rows)
    return written.getvalue()


def register(folder: Path, *rows: list[str], encoding: str = "cp1252", name: str = "edubasealldata.csv") -> Path:
    path = folder / name
    path.write_bytes(text(list(rows)).encode(encoding))
    return path


def problems(found: Matches) -> list[str]:
    return [str(one).partition(".csv, ")[2] for one in found.problems]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_a_school_is_found_by_urn_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    name = "St Zoë’s Church of England Primary School"
    path = register(tmp_path, school("900002"), school("900001", name, OpenDate="01-09-1975"), encoding=encoding)
    found = find(path, urns={"900001"})
    assert found.problems == ()
    (one,) = found.schools
    assert (one.row, one.urn, one.name, one.phase, one.laestab) == (3, "900001", name, "primary", "999/2001")
    assert (one.is_closed, one.opened, one.closed) == (False, date(1975, 9, 1), None)


def test_a_school_is_found_by_laestab_and_its_closed_predecessor_too(tmp_path: Path) -> None:
    closed = school("900009", **{"EstablishmentStatus (name)": "Closed", "CloseDate": "31-08-2026"})
    path = register(tmp_path, closed, school("900001"), school("900003", EstablishmentNumber="2003"))
    found = find(path, laestabs={laestab_of("9992001")})
    assert [(one.urn, one.is_closed, one.closed) for one in found.schools] == [
        ("900009", True, date(2026, 8, 31)),
        ("900001", False, None),
    ]


@pytest.mark.parametrize(
    ("phase", "kind", "wanted"),
    [
        ("Nursery", "Local authority nursery school", "nursery"),
        ("Middle deemed primary", "Community school", "middle"),
        ("Middle deemed secondary", "Academy converter", "middle"),
        ("16 plus", "Free schools 16 to 19", "post_16"),
        ("All-through", "Academy sponsor led", "all_through"),
        ("Not applicable", "Community special school", "special"),
        ("Not applicable", "Pupil referral unit", "alternative"),
        ("Not applicable", "Academy alternative provision converter", "alternative"),
        ("Not applicable", "Other independent school", ""),
    ],
)
def test_phase(tmp_path: Path, phase: str, kind: str, wanted: str) -> None:
    row = school("900001", **{"PhaseOfEducation (name)": phase, "TypeOfEstablishment (name)": kind})
    assert find(register(tmp_path, row), urns={"900001"}).schools[0].phase == wanted


def test_one_that_is_proposed_to_close_is_open(tmp_path: Path) -> None:
    row = school("900001", **{"EstablishmentStatus (name)": "Open, but proposed to close"})
    assert not find(register(tmp_path, row), urns={"900001"}).schools[0].is_closed


def test_bad_rows_are_a_line_each_and_good_ones_load(tmp_path: Path) -> None:
    rows = [
        school("900001", OpenDate="31-02-2020"),
        school("900002")[:-2],
        school("900003", name="Hill\x1b]0;owned\x07 School"),
        school("900001", "Another name"),
        school("900004", OpenDate="2001-09-01"),
    ]
    found = find(register(tmp_path, *rows), urns={"900001", "900002", "900003", "900004"})
    assert [(one.urn, one.opened) for one in found.schools] == [("900001", None), ("900004", date(2001, 9, 1))]
    said = problems(found)
    assert said[0] == 'row 2, column OpenDate: "31-02-2020" is no day such as 31-08-2025; it is taken as not said'
    assert said[1].startswith("row 3: has 8 cells under 10 columns")
    assert said[2].startswith('row 4, column EstablishmentName: "Hill\\x1b]0;owned\\x07 School" is no name')
    assert said[3].startswith("row 5, column URN: 900001 stands in row 2 already")
    assert len(said) == 4


def test_a_quotation_mark_that_is_never_closed_costs_its_own_row(tmp_path: Path) -> None:
    path = register(tmp_path, school("900002"), *(school(str(urn)) for urn in range(900003, 900100)), school("900001"))
    content = path.read_text("cp1252").replace('"900002","999"', '"900002,"999"')
    path.write_text(content.replace('"900050","999"', '"900050,999'), "cp1252")
    found = find(path, urns={"900001", "900051"})
    assert [(one.urn, one.row) for one in found.schools] == [("900051", 51), ("900001", 100)]
    assert [one.row for one in found.problems] == [2, 50]


def test_what_is_no_register_is_refused(tmp_path: Path) -> None:
    for content, words in (
        (b"", "no column URN"),
        (b"URN,Name\n900001,Hill\n", "no column EstablishmentName"),
        (b"PK\x03\x04rest", "is a workbook or an archive"),
        (b"U\0R\0N\0", "NUL"),
    ):
        path = tmp_path / "list.csv"
        path.write_bytes(content)
        with pytest.raises(LeeboardError, match=words):
            find(path, urns={"900001"})
    with pytest.raises(LeeboardError, match="there is no such file"):
        find(tmp_path / "none.csv")
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    with pytest.raises(LeeboardError, match="symbolic link"):
        find(link)


def test_predecessors_come_from_either_end_of_a_link(tmp_path: Path) -> None:
    path = tmp_path / "links_edubasealldata.csv"
    rows = [
        ["900001", "900009", "Hill School", "Predecessor", "01-09-2026"],
        ["900009", "900001", "Hill Academy", "Successor", "01-09-2026"],
        ["900002", "900008", "Dale Infants", "Predecessor - merged", "01-09-2020"],
        ["900007", "900002", "Dale Primary", "Successor - merged", "01-09-2020"],
        ["900002", "900001", "Hill Academy", "Sixth Form Centre Link", ""],
        ["900002", "9OOO06", "Typing", "Predecessor", ""],
        ["900002", "900002", "Itself", "Predecessor", ""],
        ["900003", "900004", "Not asked", "Predecessor", ""],
    ]
    path.write_bytes(text(rows, LINKS).encode("cp1252"))
    found, wrong = links(path, {"900001", "900002"})
    assert [(one.urn, one.before, one.name, one.alone, one.day) for one in found] == [
        ("900001", "900009", "Hill School", True, date(2026, 9, 1)),
        ("900002", "900007", "", False, date(2020, 9, 1)),
        ("900002", "900008", "Dale Infants", False, date(2020, 9, 1)),
    ]
    assert [(one.row, one.column) for one in wrong] == [(7, "LinkURN"), (8, "LinkURN")]


@given(st.binary(max_size=400), st.sampled_from([b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"sep=;\r\n"]))
def test_no_bytes_crash_it_and_the_good_row_loads(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, mark: bytes
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "edubasealldata.csv"
    path.write_bytes(mark + junk)
    try:
        assert isinstance(find(path, urns={"900001"}), Matches)
    except LeeboardError as wrong:
        assert str(wrong).isprintable()
    # The junk in the middle of a good file: what stands before it loads, and each problem names a row.
    good = text([school("900001")]).encode()
    path.write_bytes(good + junk.replace(b"\0", b"") + b"\r\n" + text([school("900002")]).encode().split(b"\r\n", 1)[1])
    found = find(path, urns={"900001", "900002"})
    assert found.schools[0].urn == "900001"
    assert all(one.row and str(one).isprintable() for one in found.problems)


@given(st.lists(st.lists(st.text(max_size=12), min_size=len(HEAD), max_size=len(HEAD)), max_size=8))
def test_rows_of_anything_around_a_school_do_not_hide_it(
    tmp_path_factory: pytest.TempPathFactory, junk: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "edubasealldata.csv"
    junk = [[cell.replace("\0", "").replace("900001", "") for cell in row] for row in junk]
    path.write_bytes(text([*junk, school("900001"), *junk]).encode("utf-8", "replace"))
    found = find(path, urns={"900001"})
    assert [one.name for one in found.schools] == ["Example Primary School"]
