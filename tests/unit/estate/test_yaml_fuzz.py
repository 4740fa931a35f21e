"""waivers.yml and school.yml under fire: a bad entry anywhere is one line with its place, and the others count."""

from __future__ import annotations

import textwrap

from hypothesis import example, given
from hypothesis import strategies as st

from leeboard.estate.settings import SchoolFile, read_estate_file, read_school_file
from leeboard.estate.waiver_files import read_waivers
from leeboard.model.problem import Problem
from tests.unit.estate.test_settings import SCHOOL

ENTRY = """\
- id: {id}
  control: LCK-01
  devices: [A-1, '0042']   # of the hall
  reason: "The projector: it must not lock"
  owner: Head teacher
  approved_by: Governing body
  granted: 2026-09-01
  last_day: 2027-07-20
"""
# What makes an entry bad: a line of it, and what stands there instead.
BAD = (
    ("  control: LCK-01", "  control: lck 1"),
    ("  control: LCK-01", "  contol: LCK-01"),
    ("  control: LCK-01", ""),
    ("  control: LCK-01", "  control: LCK-01\n  control: LCK-02"),
    ("  devices: [A-1, '0042']   # of the hall", "  devices: A-1"),
    ("  devices: [A-1, '0042']   # of the hall", "  devices: [A-1, 0042]"),
    ("  devices: [A-1, '0042']   # of the hall", "  devices: [A-1\n  school: true"),
    ("  devices: [A-1, '0042']   # of the hall", "  school: maybe"),
    ('  reason: "The projector: it must not lock"', "  reason: The projector: it must not lock"),
    ('  reason: "The projector: it must not lock"', '  reason: "The projector'),
    ('  reason: "The projector: it must not lock"', '  reason: \'{{ lookup("pipe", "id") }}\''),
    ('  reason: "The projector: it must not lock"', '  reason: "\\e]0;owned\\a"'),
    ("  owner: Head teacher", "  owner: !vault x"),
    ("  owner: Head teacher", "  owner: !!python/object/apply:os.system [id]"),
    ("  owner: Head teacher", "  owner: *nobody"),
    ("  owner: Head teacher", "  owner: &a [*a]"),
    ("  owner: Head teacher", "\towner: Head teacher"),
    ("  owner: Head teacher", "  owner: " + "x" * 5000),
    ("  granted: 2026-09-01", "  granted: 2026-02-30"),
    ("  granted: 2026-09-01", "  granted: 1.9.2026"),
    ("  granted: 2026-09-01", "  granted: 1788220800"),
    ("  last_day: 2027-07-20", "  last_day: 2027-09-02"),
    ("  last_day: 2027-07-20", "  last_day: 2026-08-31"),
    ("  last_day: 2027-07-20", "  last_day: 0000-00-00"),
    ("- id: {id}", "- id: {id}\n  ? [a, b]\n  : c"),
    ("- id: {id}", "- id: [{id}]"),
    ("- id: {id}", "- id: '\u202e'"),
)


@given(st.integers(0, 6), st.data(), st.sampled_from(BAD), st.sampled_from((0, 2, 4)), st.booleans(), st.booleans())
def test_a_bad_entry_anywhere_is_one_line_and_costs_no_other(
    count: int, data: st.DataObject, bad: tuple[str, str], indent: int, windows: bool, marked: bool
) -> None:
    good = [ENTRY.format(id=f"W-{number}") for number in range(count)]
    place = data.draw(st.integers(0, count))
    spoilt = ENTRY.replace(*bad).replace("{id}", "W-BAD")
    assert spoilt != ENTRY.replace("{id}", "W-BAD")
    entries = [*good[:place], spoilt, *good[place:]]
    text = "# Accepted risks\nwaivers:\n" + textwrap.indent("".join(entries), " " * indent)
    first = text.count("\n", 0, text.index(spoilt.splitlines()[0])) + 1 if indent == 0 else None
    content = (text.replace("\n", "\r\n") if windows else text).encode("utf-8-sig" if marked else "utf-8")
    found = read_waivers(content, "hill/waivers.yml")
    assert [one.id for one in found.waivers] == [f"W-{number}" for number in range(count)]
    (one,) = found.problems
    assert str(one).startswith("hill/waivers.yml, line ") and str(one).isprintable() and len(str(one)) <= 600
    above = 2 + sum(entry.count("\n") for entry in good[:place])
    assert one.row is not None and above < one.row <= above + spoilt.count("\n") + 1
    assert first is None or first == above + 1


@given(
    st.integers(1, 5), st.data(), st.sampled_from((0, 2)), st.sampled_from(("owner: Head teacher", "=1+1", "'", "-x"))
)
def test_a_line_that_stands_too_far_out_costs_its_entry(
    count: int, data: st.DataObject, indent: int, line: str
) -> None:
    entries = [textwrap.indent(ENTRY.format(id=f"W-{number}"), " " * indent).splitlines() for number in range(count)]
    place = data.draw(st.integers(0, count - 2)) if count > 1 else 0
    entries[place].insert(data.draw(st.integers(1, 7)), line)
    content = "\n".join(["waivers:", *(one for entry in entries for one in entry), ""]).encode()
    found = read_waivers(content, "waivers.yml")
    if count > 1:
        assert [one.id for one in found.waivers] == [f"W-{number}" for number in range(count) if number != place]
        (told,) = found.problems
        assert told.row is not None and 2 + 8 * place <= told.row <= 2 + 8 * place + 9
    else:  # after the last entry it may be another key of the file
        assert found.waivers == () and len(found.problems) == 1


KEYS = tuple(line.partition(":")[0] for line in SCHOOL.splitlines() if line[0].isalpha())
WRONG = st.sampled_from(
    ("3", "[]", "{}", "[[[[]]]]", "*a", "&a [*a]", "!vault x", "!!binary x", "!!timestamp x", "'", '"', "\t", "~",
     "---", "2026-02-30", "99999999999999999999999", ".inf", "{a: b", "- a", "? b", "|", ">-", "'\\x00'", '"\\x00"',
     "\u202e", "=1+1", "x" * 3000, "...")
)  # fmt: skip


@given(st.sampled_from(KEYS), WRONG, st.booleans())
def test_a_school_with_a_wrong_value_is_a_school_or_one_line(key: str, value: str, below: bool) -> None:
    lines = [
        f"{key}:{chr(10) + '  ' if below else ' '}{value}" if line.startswith(f"{key}:") else line
        for line in SCHOOL.splitlines()
        if not (line.startswith("  ") and key in ("contacts", "network", "connection", "enforce"))
    ]
    content = ("\n".join(lines) + "\n").encode()
    for read in (read_school_file, read_estate_file):
        found = read(content, "hill/school.yml")
        if isinstance(found, Problem):
            assert str(found).startswith("hill/school.yml") and str(found).isprintable() and len(str(found)) <= 600


@given(
    st.integers(0, len(KEYS)),
    st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12).filter(lambda one: one not in KEYS),
)
@example(0, "null")
@example(3, "yes")
@example(5, "no")
def test_a_key_that_nobody_knows_is_named_with_its_line(place: int, key: str) -> None:
    lines = SCHOOL.splitlines()
    starts = [number for number, line in enumerate(lines) if line[0].isalpha()] + [len(lines)]
    lines.insert(starts[place], f"{key}: 1")
    found = read_school_file("\n".join(lines).encode(), "school.yml")
    assert isinstance(found, Problem)
    assert str(found).startswith(f"school.yml, line {starts[place] + 1}, {key}: "), str(found)


@given(
    st.lists(
        st.sampled_from([*SCHOOL.splitlines(), "  - a", "    b: c", "? x", "- - -", "%YAML 9.9", "<<: *x"])
        | st.text(max_size=20),
        max_size=14,
    )
)
def test_no_lines_in_any_order_break_it_off(lines: list[str]) -> None:
    content = "\n".join(lines).encode(errors="replace")
    for read in (read_school_file, read_estate_file):
        found = read(content, "school.yml")
        assert isinstance(found, Problem | SchoolFile) or found.name
