"""What the register changes in a school.yml: some values, and nothing else in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.estate.importing.register import Link, RegisterSchool
from leeboard.estate.importing.schools import Known, Options, SchoolPlan, edited, plan_school, slug
from leeboard.estate.settings import SchoolFile, read_school_file
from leeboard.model.enums import Level

PLAIN = 'plugin: leeboard.schools.estate\nurn: "900001"\nname: Hill School\nphase: primary\n'
FOUND = RegisterSchool(2, "900001", "Hill School", "primary", "", "Open", "Community school", None, None)
ESTATE = Path("estate")


def read(content: bytes) -> SchoolFile:
    found = read_school_file(content, "school.yml")
    assert isinstance(found, SchoolFile), found
    return found


def planned(found: RegisterSchool, text: str = PLAIN, links: tuple[Link, ...] = (), **asked: Any) -> SchoolPlan:
    settings_ = read(text.encode())
    known = {settings_.urn: Known(ESTATE / "hill", settings_, text.encode())}
    return plan_school(found, known, links, ESTATE, Options(**asked))


KEPT = {
    "comments": "# top\n\n" + PLAIN.replace("Hill School", "Hill School # the name\n# between") + "# end\n",
    "windows": PLAIN.replace("\n", "\r\n"),
    "lists at the margin": PLAIN
    + "contacts:\n- post: Head\n  phone: '0100'\n- post: Office\nnetwork:\n  subnets:\n  - 192.0.2.0/24\n",
    "lists indented": PLAIN + "contacts:\n    - post: Head\n      phone: '0100'\n    - post: Office\n",
    "flow": PLAIN + "contacts: [{post: Head, email: head@school.example}]\nnetwork: {subnets: [192.0.2.0/24]}\n",
    "secrets": PLAIN
    + "vars:\n  ansible_password: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    3031\n  text: 'it''s'\n",
    "long lines": PLAIN + f"vars:\n  leeboard_notice_text: {'word ' * 80}end\n  folded: >-\n    one\n    two\n",
    "order": "phase: primary\nname: \"Hill School\"\nurn: '900001'\nplugin: leeboard.schools.estate\nreachable: no\n",
    "a number": PLAIN.replace('"900001"', "900001"),
    "no end of line": PLAIN.rstrip(),
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_all_else_stays_to_the_letter(text: str) -> None:
    name = planned(replace(FOUND, name="Hill Academy"), text)
    wanted = text.replace("Hill School", "Hill Academy")
    assert name.content.decode().rstrip("\r\n") == wanted.rstrip("\r\n")
    assert [one.field for one in name.changes] == ["name"]
    same = planned(FOUND, text)
    assert (same.action, same.content, same.changes) == ("unchanged", text.encode(), ())


def test_predecessors_are_added_to_those_that_are_there() -> None:
    for listed in ('predecessors: ["900008"]   # the infants\n', 'predecessors:\n  - "900008"\n'):
        found = planned(
            replace(FOUND, urn="900002"), PLAIN + listed, (Link("900002", "900001", "", "Predecessor", None),)
        )
        assert found.action == "reopened"
        assert read(found.content).predecessors == ("900008", "900001")
        assert found.content.decode().startswith(PLAIN.replace("900001", "900002"))
    assert (
        "# the infants"
        in planned(replace(FOUND, name="x"), PLAIN + 'predecessors: ["900008"]   # the infants\n').content.decode()
    )


def test_laestab_is_the_same_with_and_without_its_slash_and_an_empty_one_changes_nothing() -> None:
    text = PLAIN + 'laestab: "9992001"\n'
    assert planned(replace(FOUND, laestab="999/2001"), text).action == "unchanged"
    assert planned(FOUND, text).action == "unchanged"
    assert [one.after for one in planned(replace(FOUND, laestab="999/2002"), text).changes] == ["999/2002"]


def test_a_phase_that_the_register_lacks_stays_or_is_asked_for() -> None:
    assert planned(replace(FOUND, phase="")).action == "unchanged"
    assert planned(replace(FOUND, phase=""), phase="special").changes[0].after == "special"
    with pytest.raises(LeeboardError, match="give --phase"):
        planned(replace(FOUND, urn="900005", phase=""))
    with pytest.raises(LeeboardError, match="give --level"):
        planned(replace(FOUND, urn="900005"), level_needed=True)
    new = planned(replace(FOUND, urn="900005", laestab="999/2005"), level=Level.HIGH, level_needed=True)
    assert (new.action, new.folder, read(new.content).level) == ("new", ESTATE / "hill-school-900005", "high")


def test_closing_and_splitting_are_said() -> None:
    closed = planned(replace(FOUND, status="Closed", closed=date(2026, 8, 31)))
    assert "closed on 31 August 2026" in closed.notes[0]
    split = Link("900002", "900001", "", "Predecessor - Split School", None)
    assert planned(replace(FOUND, urn="900002"), links=(split,)).action == "new"
    with pytest.raises(LeeboardError, match="its own predecessor"):
        planned(FOUND, successor_of=("900001",))


def test_what_shares_the_value_keeps_the_old_one() -> None:
    shared = PLAIN.replace("name: Hill School", "name: &a Hill School") + "vars: {leeboard_notice_title: *a}\n"
    found = read(planned(replace(FOUND, name="Hill Academy"), shared).content)
    assert (found.name, found.vars) == ("Hill Academy", {"leeboard_notice_title": "Hill School"})


@pytest.mark.parametrize("text", ["- a\n", "plugin: other\n", PLAIN + "a: b\n", "\xff", "name: [\n"])
def test_a_file_that_makes_no_sense_is_left(text: str) -> None:
    with pytest.raises(LeeboardError, match=r"change it by hand \(name: Hill Academy\)"):
        edited(text.encode("latin-1"), {"name": "Hill Academy"}, (), "school.yml")


@given(st.text(min_size=1, max_size=60), st.sampled_from(list(KEPT.values())))
def test_any_name_is_written_so_that_it_is_read_again(name: str, text: str) -> None:
    name = " ".join(name.split())
    if not name or not name.isprintable():
        return
    found = planned(replace(FOUND, name=name), text)
    assert read(found.content).name == name
    assert read(found.content).model_copy(update={"name": ""}) == read(text.encode()).model_copy(update={"name": ""})


@given(st.text(max_size=80))
def test_a_folder_s_name_is_plain(name: str) -> None:
    made = slug(name, "900001")
    assert made.isascii() and made == Path(made).name and made.endswith("-900001") and not made.startswith((".", "-"))
