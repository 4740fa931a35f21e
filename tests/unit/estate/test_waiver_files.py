"""waivers.yml: every mistake costs its own entry, and what is added leaves the rest of the file alone."""

from __future__ import annotations

import os
import signal
import stat
import textwrap
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.estate import journal, waiver_files
from leeboard.estate.journal import WaiverLine
from leeboard.estate.waiver_files import WaiverFile, added, content_of, ended, entry, read_folder, read_waivers
from leeboard.model.waiver import Waiver
from tests.unit.estate.risks import waiver
from tests.unit.killed import killed

GOOD = """\
# Kept by the office.
waivers:
  - id: W-2026-001   # the hall
    control: LCK-01
    devices: [EP-0001]          # or roles: [exam]
    reason: The projector machine of the hall must not lock during assemblies.
    owner: "Head teacher"
    approved_by: Governing body
    granted: 2026-09-01
    last_day: 2027-07-20
    # asked again each summer

  - {id: W-2, control: LBL-01, school: true, reason: r, owner: o, approved_by: a,
     granted: 2026-09-01, last_day: 2026-10-01}
"""
AT = datetime(2026, 11, 26, 9, tzinfo=UTC)
NEW = waiver(id="W-3", devices=["0042", "EP-2"], reason="It's so: it must stay on, # and so on", siro=True)


def read(text: str) -> WaiverFile:
    return read_waivers(text.encode(), "waivers.yml")


def test_good_entries_in_their_order() -> None:
    found = read(GOOD)
    assert [one.id for one in found.waivers] == ["W-2026-001", "W-2"]
    assert found.waivers[0] == waiver(devices=["EP-0001"])
    assert (found.problems, found.broken) == ((), False)


@pytest.mark.parametrize("text", ["", "---\n", "waivers:\n", "waivers: []\n", "# nothing yet\n"])
def test_a_file_without_entries(text: str) -> None:
    assert read(text) == WaiverFile()


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (
            "reason: Hall: it must not lock",
            "waivers.yml, line 17: is no YAML: mapping values are not allowed in this context",
        ),
        ("granted: 2026-02-30", "waivers.yml, line 15: holds a value that makes no sense (day "),
        ("granted: 2026-09-01\n    granted: 2026-09-02", "line 1"),
        ('owner: "Head', "is no YAML: "),
        ("owner: *nobody", "line 17: is no YAML: found undefined alias"),
        ("owner: !vault x", "line 16: holds an encrypted value; a waiver is no secret"),
        ("owner: !!python/object:os.system x", "line 17: is no YAML: could not determine a constructor"),
        ("owner: [Head, SIRO]", "line 16: W-BAD: owner is ['Head', 'SIRO']: name the post that answers for the risk"),
        ("owner:", "line 16: W-BAD: owner is None: name the post"),
        ("id: W-2", "line 13: W-2: the id is given 2 times, so none of them counts"),
        ("\tcontrol: LCK-01", "is no YAML: "),
        ("last_day: 2030-01-01", "line 16: W-BAD: last_day 2030-01-01 is more than a year after granted"),
        ("=cmd|' /C calc'!A0: x", "line 16: W-BAD: =cmd|' /C calc'!A0 is no field of a waiver"),
    ],
)
def test_a_mistake_costs_its_own_entry(bad: str, problem: str) -> None:
    right = {**yaml.safe_load(GOOD)["waivers"][0], "id": "W-BAD"}
    field = bad.partition(":")[0].strip()
    rest = "".join(f"    {key}: {value}\n" for key, value in right.items() if key not in (field, "id"))
    name = "" if field == "id" else "    id: W-BAD\n"
    broken = f"  -\n{name}    {bad}\n{rest}"
    last = "  - {id: W-LAST, control: LBL-01, school: true, reason: r, owner: o, approved_by: a, granted: 2026-09-01, "
    found = read(f"{GOOD}{broken}{last}last_day: 2026-09-01}}\n")
    (told,) = found.problems
    assert problem in str(told), str(told)
    twins = bad == "id: W-2"
    assert [one.id for one in found.waivers] == ["W-2026-001", *([] if twins else ["W-2"]), "W-LAST"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("waivers: 3\n", "must hold one key, waivers, with a list"),
        ("- id: W-1\n", "must hold one key, waivers, with a list"),
        ("waivers: [}\n", "is no YAML"),
        ("waivers: [" * 3000, "exceeded maximum nesting depth"),
        ("waivers: &a [*a]\n", "refers to itself; write it without anchors"),
        ("\x00", "is no YAML"),
    ],
)
def test_a_file_that_holds_no_list_is_one_problem(text: str, words: str) -> None:
    found = read(text)
    assert found.waivers == () and len(found.problems) == 1 and found.broken
    assert words in str(found.problems[0])


def test_another_key_is_a_problem_and_the_entries_count() -> None:
    found = read(GOOD + "other: 1\n")
    assert len(found.waivers) == 2 and found.broken
    assert [str(problem) for problem in found.problems] == [
        "waivers.yml: must hold one key, waivers, with a list; docs/waivers.md shows it"
    ]


LINES = GOOD.splitlines()
SCRAPS = st.sampled_from(
    [*LINES, "  - id: W-X", "waivers:", "  - [", "\t", "---", "'", '"', "&a", "*a", "? ", "  -", "- "]
)


@given(st.lists(SCRAPS | st.text(max_size=30), max_size=12), st.integers(0, len(LINES)))
def test_whatever_stands_there_nothing_crashes(scraps: list[str], place: int) -> None:
    found = read("\n".join([*LINES[:place], *scraps, *LINES[place:]]).encode(errors="replace").decode())
    assert all(str(problem).isprintable() for problem in found.problems)
    assert len({one.id for one in found.waivers}) == len(found.waivers)


@given(st.binary(max_size=200))
def test_whatever_bytes_there_are_nothing_crashes(content: bytes) -> None:
    assert read_waivers(content, "waivers.yml").waivers == ()


@given(st.lists(st.text("abc:'\"[]{}#&*!|>%@`-, \t", max_size=40), min_size=1, max_size=4))
def test_bad_entries_are_one_problem_each_and_good_ones_load(reasons: list[str]) -> None:
    """Text that somebody typed without quotes: whatever it comes to, the entries around it load."""
    item = (
        "  - id: {id}\n    reason: {reason}\n    control: LCK-01\n    school: true\n    owner: o\n    approved_by: a\n"
    )
    days = "    granted: 2026-09-01\n    last_day: 2026-09-30\n"
    text = "waivers:\n" + "".join(
        item.format(id=f"W-{place}", reason=reason) + days + item.format(id=f"G-{place}", reason="right") + days
        for place, reason in enumerate(reasons)
    )
    found = read(text)
    good = [one.id for one in found.waivers if one.id.startswith("G")]
    assert good == [f"G-{place}" for place in range(len(reasons))]
    assert len(found.waivers) + len(found.problems) == 2 * len(reasons)


@pytest.mark.parametrize("dashes", [0, 2, 4])
def test_an_entry_is_added_and_the_rest_stays_to_the_letter(dashes: int) -> None:
    head, items = GOOD.split("waivers:\n")
    text = f"{head}waivers:\n" + textwrap.indent(textwrap.dedent(items), " " * dashes)
    changed = added(text.encode(), NEW, "waivers.yml").decode()
    assert changed.startswith(text)
    assert read(changed).waivers == (*read(text).waivers, NEW)
    first = changed.removeprefix(text).splitlines()[0]
    assert first == " " * dashes + "- id: W-3"


def test_a_new_file_has_a_head_and_is_as_it_was_shown() -> None:
    for content in (None, b"", b"\n"):
        changed = added(content, NEW, "waivers.yml").decode()
        assert changed == waiver_files.HEAD + "waivers:\n" + entry(NEW)
    assert entry(NEW) == textwrap.indent(
        textwrap.dedent("""\
        - id: W-3
          control: LCK-01
          devices: ['0042', EP-2]
          reason: "It's so: it must stay on, # and so on"
          owner: Head teacher
          approved_by: Governing body
          siro: true
          granted: 2026-09-01
          last_day: 2027-07-20
        """),
        "  ",
    )


@pytest.mark.parametrize("text", ["waivers: []\n", "waivers:\n", "# to be filled\n", "---\nwaivers: []  # none\n"])
def test_a_file_without_entries_gets_one(text: str) -> None:
    changed = added(text.encode(), NEW, "waivers.yml").decode()
    assert read(changed) == WaiverFile((NEW,))
    assert ("# to be filled" in changed, "# none" in changed) == ("# to be filled" in text, "# none" in text)


def test_an_entry_that_makes_no_sense_stays_when_another_is_added() -> None:
    text = GOOD + "  - id: W-BAD\n"
    changed = added(text.encode(), NEW, "waivers.yml").decode()
    assert changed.startswith(text) and len(read(changed).problems) == 1


def test_nothing_is_added_to_a_file_that_is_no_yaml() -> None:
    with pytest.raises(LeeboardError, match=r"waivers.yml, line 3: is no YAML: .*; put the file right first"):
        added(b"waivers:\n  - id: W-1\n    reason: a: b\n", NEW, "waivers.yml")


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=60).filter(lambda text: text.strip()))
@example("Off")
@example("y")
def test_every_reason_comes_back_as_it_was_given(reason: str) -> None:
    try:
        new = waiver(id="W-3", reason=reason)
    except ValueError:
        return
    assert read(added(GOOD.encode(), new, "w").decode()).waivers[-1] == new


def write(folder: Path, risk: Waiver, seen: bytes | None) -> None:
    """Add an entry to a school's file as the command does: the journal has it first."""
    line = WaiverLine(at=AT, kind="waivers", id=risk.id, how="new", by="technician", waiver=risk)
    changed = added(seen, risk, str(folder / "waivers.yml"))
    waiver_files.write(folder, changed, seen, lambda: journal.add(folder / "var", "900001", lambda _: [line]))


def test_it_is_written_whole_and_may_be_read_as_before(tmp_path: Path) -> None:
    (tmp_path / "school.yml").write_text("x")
    (tmp_path / "school.yml").chmod(0o640)
    write(tmp_path, NEW, None)
    file = tmp_path / "waivers.yml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    file.chmod(0o664)
    write(tmp_path, waiver(id="W-4"), content_of(tmp_path))
    assert stat.S_IMODE(file.stat().st_mode) == 0o664
    assert [one.id for one in read_folder(tmp_path).waivers] == ["W-3", "W-4"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["school.yml", "var", "waivers.yml"]


def test_a_file_that_somebody_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "waivers.yml").write_text(GOOD)
    with pytest.raises(LeeboardError, match="somebody changed it meanwhile; nothing was written, so run it again"):
        write(tmp_path, NEW, b"waivers: []\n")
    assert (tmp_path / "waivers.yml").read_text() == GOOD
    assert not (tmp_path / "var").exists(), "the journal has only what is being done"


def test_many_who_write_at_once_lose_nothing(tmp_path: Path) -> None:
    def add(number: int) -> None:
        while True:
            try:
                write(tmp_path, waiver(id=f"W-{number}"), content_of(tmp_path))
                return
            except LeeboardError as problem:
                assert "meanwhile" in str(problem)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.id for one in read_folder(tmp_path).waivers) == [f"W-{number}" for number in range(8)]
    kept = journal.read(tmp_path / "var", "900001")
    assert kept.lines == 8 and kept.problems == [], "a line for each, and none for those who were told to do it again"
    assert {one.id: one for one in kept.waivers} == {one.id: one for one in read_folder(tmp_path).waivers}


def test_one_that_is_killed_between_the_journal_and_the_file_has_written_the_journal_alone(tmp_path: Path) -> None:
    line = WaiverLine(at=AT, kind="waivers", id="W-3", how="new", by="technician", waiver=NEW)

    def first() -> None:
        journal.add(tmp_path / "var", "900001", lambda _: [line])
        os.kill(os.getpid(), signal.SIGKILL)

    assert killed(lambda: waiver_files.write(tmp_path, added(None, NEW, "w"), None, first))
    assert content_of(tmp_path) is None
    assert [one.id for one in journal.read(tmp_path / "var", "900001").waivers] == ["W-3"]
    write(tmp_path, NEW, None)  # and nobody is locked out
    assert [one.id for one in read_folder(tmp_path).waivers] == ["W-3"]


@pytest.mark.parametrize(
    ("text", "id", "left"),
    [
        (GOOD, "W-2026-001", GOOD.partition("  - id:")[0] + "    # asked" + GOOD.partition("    # asked")[2]),
        (GOOD, "W-2", GOOD.partition("  - {id: W-2")[0]),
        (GOOD.replace("\n", "\r\n"), "W-2", GOOD.partition("  - {id: W-2")[0].replace("\n", "\r\n")),
        ("waivers: [{id: W-9, control: LCK-01, school: true, reason: r, owner: o, approved_by: a, granted: 2026-09-01, "
         "last_day: 2026-10-01}]\n", "W-9", "waivers: []\n"),
    ],
)  # fmt: skip
def test_one_that_is_taken_out_leaves_the_rest_to_the_letter(text: str, id: str, left: str) -> None:
    changed = ended(text.encode(), id, "w").decode()
    assert changed == left
    assert [one.id for one in read(changed).waivers] == [one.id for one in read(text).waivers if one.id != id]


def test_one_that_another_refers_to_is_taken_out_and_the_other_stays() -> None:
    shared = "waivers:\n  - &one {id: W-1, control: LCK-01, school: true, reason: r, owner: o, approved_by: a,\n"
    shared += "           granted: 2026-09-01, last_day: 2026-10-01}\n  - {<<: *one, id: W-2, control: LCK-02}\n"
    left = read(ended(shared.encode(), "W-1", "w").decode())
    assert left.waivers == (read(shared).waivers[1],) and left.problems == ()


def test_nothing_ends_in_a_file_that_is_broken() -> None:
    with pytest.raises(LeeboardError, match="put the file right first"):
        ended((GOOD + "  - id: W-3: x\n").encode(), "W-2", "w")


def test_a_link_and_a_pipe_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "waivers.yml").symlink_to("/etc/hostname")
    (problem,) = read_folder(tmp_path).problems
    assert "symbolic link" in str(problem)
    (tmp_path / "waivers.yml").unlink()
    os.mkfifo(tmp_path / "waivers.yml")
    (problem,) = read_folder(tmp_path).problems
    assert "is not a plain file" in str(problem)
    assert read_folder(tmp_path / "nowhere") == WaiverFile()


def test_a_waiver_is_handed_on_as_plain_data() -> None:
    assert Waiver.model_validate(waiver_files.plain_data(NEW)) == NEW
