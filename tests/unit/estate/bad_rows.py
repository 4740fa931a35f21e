"""Sheets of devices with one bad row put somewhere: what the fuzz of `devices.csv`, lists and workbooks share."""

from __future__ import annotations

import csv
import io

from hypothesis import strategies as st

COLUMNS = ("asset", "host", "address", "platform", "form", "role", "level", "serial", "notes")
# Cells of a good row and what makes them bad: the columns that are changed, and the one that is named.
BAD_CELLS: tuple[tuple[dict[str, str], str], ...] = (
    ({"platform": "amiga"}, "platform"),
    ({"platform": ""}, "platform"),
    ({"form": ""}, "form"),
    ({"form": "boat"}, "form"),
    ({"role": "captain"}, "role"),
    ({"role": "\u202eeciffo"}, "role"),
    ({"level": "top secret"}, "level"),
    ({"asset": "../../etc"}, "asset"),
    ({"asset": "=cmd|' /C calc'!A0"}, "asset"),
    ({"asset": "A" * 65}, "asset"),
    ({"asset": "", "host": ""}, "asset"),
    ({"host": "-oProxyCommand=x"}, "host"),
    ({"host": "{{ lookup('pipe', 'id') }}"}, "host"),
    ({"host": "p\x1b]0;owned\x07c"}, "host"),
    ({"address": "192.0.2.999"}, "address"),
    ({"address": "2001:db8::g"}, "address"),
    ({"address": "one two"}, "address"),
    ({"serial": "a\x1b[2Jb"}, "serial"),
    ({"serial": "S" * 129}, "serial"),
    ({"asset": "a-0"}, "asset"),  # the first row has it
    ({"host": "PC-0"}, "host"),
    ({"serial": "sn-0x"}, "serial"),
)
NOTES = st.sampled_from(
    (
        "",
        "by the door",
        "Tŷ Gwyn, café",
        'says "no"',
        "two\nlines",
        "a;b,c",
        ",;\tfirst",
        "\nfirst",
        "",
        "'=1+1",
        "£40 – 50 %",
    )
)


def good_row(number: int, notes: str = "") -> dict[str, str]:
    """A device that nobody can find fault with."""
    return {
        "asset": f"A-{number}",
        "host": f"pc-{number}",
        "address": f"192.0.2.{number}" if number % 2 else "",
        "platform": ("linux", "Windows 11 Pro", "iPadOS")[number % 3],
        "form": ("Laptop", "desktop", "server")[number % 3],
        "role": "office",
        "level": ("", "high")[number % 2],
        "serial": f"SN-{number}X",
        "notes": notes,
    }


@st.composite
def rows_with_a_bad_one(draw: st.DrawFn) -> tuple[list[dict[str, str]], int, dict[str, str], str]:
    """Good rows, the place of a bad one among them (after the first), the bad one, and the column to be named."""
    good = [good_row(number, draw(NOTES)) for number in range(draw(st.integers(1, 8)))]
    changes, column = draw(st.sampled_from(BAD_CELLS))
    return good, draw(st.integers(1, len(good))), {**good_row(99), **changes}, column


def sheet(rows: list[dict[str, str]], separator: str = ",", end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """The sheet as a spreadsheet writes it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(COLUMNS)
    writer.writerows([row[column] for column in COLUMNS] for row in rows)
    return text.getvalue()
