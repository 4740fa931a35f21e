"""Who goes first in a roll-out, and in which order the others follow."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from leeboard.model.enums import Role
from leeboard.planning.turn import ROLES, in_turn, may_be_first


def test_by_who_can_best_be_missed_and_then_by_name() -> None:
    hosts = {f"{name}-{role}": {"leeboard_role": role} for name in "ba" for role in reversed(ROLES)}
    wanted = [f"{name}-{role}" for role in ROLES for name in "ab"]
    assert in_turn(list(hosts), hosts) == wanted


def test_every_role_has_its_place() -> None:
    assert sorted(ROLES) == sorted(role.value for role in Role)


def test_whom_the_school_names_goes_first_in_the_order_of_the_names() -> None:
    said = {"leeboard_canary": ["EP-3", "EP-1"]}
    hosts = {
        f"pc{number}.900001": {**said, "leeboard_asset": f"EP-{number}", "leeboard_role": "exam"}
        for number in (1, 2, 3)
    }
    hosts["pc0.900001"] = {**said, "leeboard_asset": "EP-0", "leeboard_role": "pupil_shared"}
    assert in_turn(list(hosts), hosts) == ["pc3.900001", "pc1.900001", "pc0.900001", "pc2.900001"]


@pytest.mark.parametrize("named", [["a"], "a", ("a",)])
def test_a_plain_inventory_may_name_hosts(named: Any) -> None:
    hosts = {"a": {"leeboard_role": "exam", "leeboard_canary": named}, "b": {"leeboard_role": "office"}}
    assert in_turn(["b", "a"], hosts) == ["a", "b"]


@pytest.mark.parametrize("said", [{}, {"leeboard_role": 7}, {"leeboard_role": "caretaker"}, {"leeboard_canary": 3}])
def test_what_makes_no_sense_comes_last(said: dict[str, Any]) -> None:
    hosts: dict[str, dict[str, Any]] = {"a": said, "b": {"leeboard_role": "exam"}}
    assert in_turn(["a", "b"], hosts) == ["b", "a"]


def test_a_tablet_or_a_school_out_of_reach_is_no_canary() -> None:
    hosts = {
        f"{platform}-{reachable}": {"leeboard_platform": platform, "leeboard_reachable": reachable}
        for platform, reachable in itertools.product(("linux", "windows", "other", ""), (True, False))
    }
    assert may_be_first(list(hosts), hosts) == ["linux-True", "windows-True"]
    assert may_be_first(["a", "b"], {"a": {"leeboard_platform": "linux"}, "b": {}}) == ["a"]
