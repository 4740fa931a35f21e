"""What a message proposes to somebody who misspelt a name."""

from __future__ import annotations

import pytest

from leeboard.model import near

LAPTOPS = [f"LT-{n:03}" for n in range(400, 420)]


@pytest.mark.parametrize(
    ("word", "names", "said"),
    [
        ("LT-041x", ["LT-041", "PC-900"], "; did you mean LT-041?"),
        ("lt-041", ["LT-041", "PC-900"], "; did you mean LT-041?"),
        ("hal", ["hall", "halls"], "; did you mean hall or halls?"),
        ("kiosk", ["LT-041", "PC-900"], ""),
        ("kiosk", [], ""),
    ],
)
def test_names_that_are_near_are_proposed(word: str, names: list[str], said: str) -> None:
    assert near.meant(word, names) == said


def test_three_at_most_are_proposed_as_a_list() -> None:
    said = near.meant("LT-041x", LAPTOPS)
    assert said.count("LT-") == 3 and said.count(", ") == 1 and said.count(" or ") == 1


def test_a_proposed_name_stays_text() -> None:
    assert near.meant("hal\x1b", ["hall\x1b"]) == r"; did you mean hall\x1b?"


def test_schools_that_fit_are_listed_else_the_first_ten_and_those_that_are_near() -> None:
    every = {f"9000{n:02}": f"School {n}" for n in range(30)}
    assert near.schools("school 2", ["900020", "900002"], every) == (
        "2 schools fit: 900002 School 2; 900020 School 20; give the URN"
    )
    said = near.schools("Hall", (), {"900001": "Hill", "900002": "Ysgol"}, ["mill-hall"])
    assert said == "0 schools fit; did you mean Hill or mill-hall? there is: 900001 Hill; 900002 Ysgol"
    assert near.schools("x", (), every).endswith("; 900009 School 9 and 20 more")
    assert near.schools("x", (), {}) == "0 schools fit; there is: no school at all"
