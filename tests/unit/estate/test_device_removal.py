"""A device out of devices.csv, and nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.estate.device_removal import rows_of, without_device
from leeboard.estate.devices import read_devices

HEAD = "asset,host,platform,form,role,notes\n"
STORY = '"A-2",pc-2,linux,desktop,office,"the\nA-1\nstory"\n'
ONE, TWO = "A-1,pc-1,linux,desktop,office,\n", "A-2,pc-2,linux,desktop,office,\n"


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        (ONE + TWO, TWO),
        (TWO + ONE, TWO),
        (TWO + ONE.rstrip("\n"), TWO),
        (ONE, ""),
        ("\n" + ONE + "\n" + TWO, "\n\n" + TWO),
        (ONE + "A-10,pc-10,linux,desktop,office,A-1 next door\n", "A-10,pc-10,linux,desktop,office,A-1 next door\n"),
        ("A-10,pc-10,linux,desktop,office,A-1\n" + ONE, "A-10,pc-10,linux,desktop,office,A-1\n"),
        ('A-1,pc-1,linux,desktop,office,"two\nlines, one A-2\n"\n' + TWO, TWO),
        (STORY + ONE, STORY),
        (ONE + TWO + "a-1,pc-9,linux,desktop,office,twice\n", TWO),
        ("A-1,pc-1,nonsense,desktop,office,\n" + TWO, TWO),
        (ONE + "A-3,pc-3,nonsense,,,\n", "A-3,pc-3,nonsense,,,\n"),
        (",A-1,linux,desktop,office,\n" + TWO, TWO),
        (ONE + 'A-2,pc-2,linux,desktop,office,"never closed\n', 'A-2,pc-2,linux,desktop,office,"never closed\n'),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_only_its_rows_go(rows: str, left: str, end: str, mark: str) -> None:
    before, after = ((mark + HEAD + text).replace("\n", end).encode() for text in (rows, left))
    assert without_device(before, "A-1", "devices.csv") == after
    assert without_device(after, "A-1", "devices.csv") is None


def test_a_technicians_own_columns_and_separators_stay() -> None:
    before = "sep=;\nAsset tag;Computer;OS;Chassis;Role;Bought\nA-1;pc-1;Windows 11;Laptop;office;2024\nA-2;p;x;y;'=1\n"
    after = without_device(before.encode("cp1252"), "A-1", "devices.csv")
    assert after == before.replace("A-1;pc-1;Windows 11;Laptop;office;2024\n", "").encode()


def test_what_cannot_be_told_apart_is_left_to_a_person() -> None:
    content = (HEAD + ONE + TWO).encode("utf-16")
    assert rows_of(content, "A-1", "devices.csv") == (2,)
    with pytest.raises(LeeboardError, match=r"devices\.csv, row 2: cannot be taken out .* by hand"):
        without_device(content, "A-1", "devices.csv")
    with pytest.raises(LeeboardError, match="mend that first"):
        without_device(b"", "A-1", "devices.csv")


CELL = st.text(st.sampled_from(["A", "-", "1", "2", '"', ",", "\n", "\r", " ", "ä", "'", "="]), max_size=6)
ROW = st.lists(CELL, min_size=3, max_size=3)


@given(st.lists(ROW, max_size=6), st.integers(0, 6), st.sampled_from(["\n", "\r\n"]))
def test_every_other_cell_stays_or_nothing_is_done(others: Sequence[Sequence[str]], place: int, end: str) -> None:
    rows = [list(one) for one in others]
    rows.insert(min(place, len(rows)), ["A-1", "pc-1", "x"])
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows([["asset", "host", "notes"], *rows])
    try:
        after = without_device(text.getvalue().encode(), "A-1", "devices.csv")
    except LeeboardError:
        return
    assert after is not None
    left = [one for one in csv.reader(io.StringIO(after.decode(), newline="")) if any(cell.strip() for cell in one)]
    tags = [(one[0].strip() or one[1].strip()).lstrip("'").casefold() for one in rows]
    wanted = [one for one, tag in zip(rows, tags, strict=True) if tag != "a-1" and any(cell.strip() for cell in one)]
    plain = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in one] for one in wanted]
    assert [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in one] for one in left[1:]] == plain


def test_the_devices_left_are_those_that_were_there() -> None:
    content = (HEAD + "".join(f"A-{n},pc-{n},linux,desktop,office,{n}\n" for n in range(200))).encode()
    after = without_device(content, "A-77", "devices.csv")
    assert after is not None
    found, problems = read_devices(after)
    assert problems == () and [one.asset for one in found] == [f"A-{n}" for n in range(200) if n != 77]
