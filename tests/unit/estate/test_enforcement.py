"""Switching families on and off in school.yml: the file keeps everything else, and the journal who asked for what."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.estate.enforcement import Switch, journal_line, since, switched
from leeboard.estate.settings import SchoolFile, families, read_school_file

HEAD = 'plugin: leeboard.schools.estate\nurn: "900001"   # six digits\nname: Example Primary\nphase: primary\n'
DAY = date(2026, 11, 26)


def switch(family: str = "LCK", on: bool = True, by: str = "Head teacher") -> Switch:
    return Switch("900001", family, on, by, DAY)


def read(content: bytes) -> SchoolFile:
    found = read_school_file(content, "school.yml")
    assert isinstance(found, SchoolFile), str(found)
    return found


def test_the_first_family_is_a_list_at_the_end() -> None:
    made = switched(HEAD.encode(), switch(), "school.yml")
    assert made.decode() == HEAD + "enforce:\n  - {family: LCK, since: 2026-11-26, by: Head teacher}\n"
    assert since(read(made), "LCK") is not None and since(read(made), "LBL") is None


def test_others_and_comments_stay() -> None:
    text = HEAD + "enforce:\n- {family: LBL, since: 2026-09-01, by: SIRO}  # agreed in the meeting\nlevel: standard\n"
    made = switched(text.encode(), switch(), "school.yml").decode()
    assert "- {family: LBL, since: 2026-09-01, by: SIRO}  # agreed in the meeting\n" in made
    assert "- {family: LCK, since: 2026-11-26, by: Head teacher}\n" in made and made.endswith("level: standard\n")
    assert switched(made.encode(), switch(on=False), "school.yml").decode() == text


def test_the_last_one_off_takes_the_list_away() -> None:
    made = switched(HEAD.encode(), switch(), "school.yml")
    assert switched(made, switch(on=False), "school.yml").decode() == HEAD


@pytest.mark.parametrize("empty", ["enforce: []\n", "enforce:\n"])
def test_an_empty_list_is_filled(empty: str) -> None:
    if isinstance(read_school_file((HEAD + empty).encode(), "x"), SchoolFile):
        made = switched((HEAD + empty).encode(), switch(), "school.yml")
        assert [one.family for one in read(made).enforce] == ["LCK"]


def test_a_windows_file_keeps_its_line_ends() -> None:
    made = switched(HEAD.replace("\n", "\r\n").encode(), switch(), "school.yml")
    assert made.count(b"\r\n") == made.count(b"\n") > 4


def test_a_file_that_makes_no_sense_is_not_touched() -> None:
    with pytest.raises(LeeboardError, match="mend it first"):
        switched(HEAD.replace("primary", "castle").encode(), switch(), "school.yml")


@given(
    st.lists(st.sampled_from(families()), unique=True),
    st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=60).map(str.strip).filter(bool),
)
def test_on_and_off_again_is_the_file_that_was(on: list[str], by: str) -> None:
    content = HEAD.encode()
    states = [content]
    for family in on:
        try:
            content = switched(content, switch(family, by=by), "school.yml")
        except (LeeboardError, ValueError):
            return  # a word that school.yml does not take
        assert [one.by for one in read(content).enforce if one.family == family] == [by]
        states.append(content)
    for family in reversed(on):
        assert content == states.pop()
        content = switched(content, switch(family, on=False), "school.yml")
    assert content.decode() == HEAD


def test_the_journal_has_who_asked_for_what() -> None:
    line = journal_line(switch(on=False), datetime(2026, 11, 26, 9, tzinfo=UTC))
    assert line.model_dump(mode="json", exclude_defaults=True) == {
        **{"at": "2026-11-26T09:00:00Z", "kind": "enforce", "family": "LCK", "on": False},
        **{"by": "Head teacher", "since": "2026-11-26"},
    }
