"""The register under fire, in Windows-1252: each bad row is one line with file, row and column; good rows load."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.estate.importing.register import Matches, RegisterSchool, find
from tests.unit.estate.importing.test_register import HEAD, school

NAMES = st.sampled_from(
    (
        "Example Primary School",
        "St Zoë’s, Church of England",
        'The "Hill" School',
        ", first",
        "Ysgol – Tre",
        "Two\nlines",
    )
)
# By what makes a row bad: its cells, and the column that is named ("" for a row that is none).
BAD = (
    (school("900099", name=""), "EstablishmentName"),
    (school("900099", name="x" * 201), "EstablishmentName"),
    (school("900099", name="Hill\x1b]0;owned\x07"), "EstablishmentName"),
    (school("900000"), "URN"),  # the first row has it
    (school("9OOO99", **{"LA (code)": "999", "EstablishmentNumber": "7777"}), "URN"),
    (school("", **{"LA (code)": "999", "EstablishmentNumber": "7777"}), "URN"),
    (school("900099")[:-3], ""),
    ([*school("900099"), "", "one more"], ""),
)
TORN = ('"900099","999', '"900099"9,"999","Example"', '"', "900099")
ENCODINGS = ("cp1252", "utf-8", "utf-8-sig", "utf-16")


def written(rows: list[list[str]], separator: str = ",", quoting: int = csv.QUOTE_ALL) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting)
    writer.writerows([HEAD, *rows])
    return text.getvalue()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("register") / "edubasealldata.csv"


def read(path: Path, content: bytes) -> Matches:
    path.write_bytes(content)
    return find(path, {f"9000{number:02}" for number in range(100)}, {"999/7777"})


def moved(schools: tuple[RegisterSchool, ...], place: int) -> list[RegisterSchool]:
    """The same schools when a row was put in before the one at this place; row 1 has the names."""
    return [replace(one, row=one.row + 1) if one.row >= place + 2 else one for one in schools]


@given(
    st.lists(NAMES, min_size=1, max_size=8),
    st.data(),
    st.sampled_from(BAD),
    st.tuples(st.sampled_from(",;\t"), st.sampled_from((csv.QUOTE_ALL, csv.QUOTE_MINIMAL))),
    st.sampled_from(ENCODINGS),
)
def test_a_bad_row_anywhere_is_named_and_costs_no_other(
    path: Path,
    names: list[str],
    data: st.DataObject,
    bad: tuple[list[str], str],
    shape: tuple[str, int],
    encoding: str,
) -> None:
    good = [school(f"9000{number:02}", name.replace("\n", " ")) for number, name in enumerate(names)]
    place = data.draw(st.integers(1, len(good)))
    before = read(path, written(good, *shape).encode(encoding))
    assert (len(before.schools), before.problems) == (len(good), ())
    found = read(path, written([*good[:place], bad[0], *good[place:]], *shape).encode(encoding))
    assert list(found.schools) == moved(before.schools, place)
    (line,) = [str(one) for one in found.problems]
    column = f", column {bad[1]}" if bad[1] else ""
    assert line.startswith(f"{path}, row {place + 2}{column}: ")
    assert line.isprintable()


@given(st.lists(NAMES, min_size=1, max_size=8), st.data(), st.sampled_from(TORN), st.booleans())
@example([", first"], None, TORN[0], False)
def test_a_torn_line_costs_itself(
    path: Path, names: list[str], data: st.DataObject | None, torn: str, all_quoted: bool
) -> None:
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    good = [school(f"9000{number:02}", name.replace("\n", " ")) for number, name in enumerate(names)]
    place = data.draw(st.integers(1, len(good))) if data else 0
    before = read(path, written(good, ",", quoting).encode("cp1252"))
    lines = written(good, ",", quoting).splitlines()
    lines.insert(place + 1, torn)
    found = read(path, "\r\n".join(lines).encode("cp1252"))
    assert list(found.schools) == moved(before.schools, place)
    assert [one.row for one in found.problems] == [place + 2]


@given(st.integers(0, 700), st.binary(max_size=12), st.integers(0, 12))
def test_damage_anywhere_ends_in_schools_and_lines(path: Path, place: int, put: bytes, over: int) -> None:
    content = written([school(f"9000{number:02}", "St Zoë’s") for number in range(6)]).encode("cp1252")
    try:
        found = read(path, content[:place] + put + content[place + over :])
    except LeeboardError as wrong:
        assert str(wrong).isprintable() and str(wrong).startswith(str(path))
        return
    assert all(one.row and str(one).isprintable() for one in found.problems)
    assert len({one.urn for one in found.schools}) == len(found.schools)
