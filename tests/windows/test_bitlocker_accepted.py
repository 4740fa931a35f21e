"""What somebody accepted (a waiver of ENC-03 or ENC-10) is left as it is by the driver, and everything else goes on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from . import volume_time
from .bitlocker_bench import Bench, State, add_data, clean, volume
from .bitlocker_school import Controller, is_protected
from .test_bitlocker_change import NETWORK, OLD_KEY, PIN, PIN_WISH, STICK, TPM, encrypted, pin, with_data

LEFT = {**PIN_WISH, "left_start": True}


def name_of(state: State, letter: str) -> str:
    (found,) = (one["DeviceID"] for one in volume_time.instances(state) if one["DriveLetter"] == letter)
    return str(found)


DRIVES: dict[str, dict[str, Any]] = {
    "in clear": {},
    "suspended": {"conversion": 1, "percentage": 100, "method": 7, "clear_key": True, "protectors": [STICK]},
    "half decrypted": {"conversion": 5, "percentage": 60, "method": 7, "protectors": [STICK]},
}


@pytest.mark.parametrize("how", DRIVES)
def test_a_data_drive_that_was_accepted_stays_as_it_is_and_the_others_do_not(bench: Bench, how: str) -> None:
    state = clean()
    add_data(state, "D:", **copy.deepcopy(DRIVES[how]))
    add_data(state, "E:")
    before = copy.deepcopy(volume(state, "D:"))
    controller = Controller(bench, state, left_drives=[name_of(state, "D:")], options=["remove_strangers"])
    for _night in range(4):
        said = controller.visit()
        assert said["error"] == "" and not any(one["letter"] == "D:" for one in said["outcome"]["needs"])
        controller.restart()
        assert volume(state, "D:") == before
        volume_time.hours(state, 60)
    assert is_protected(state, "C:", 1, 3) and is_protected(state, "E:", 2, 3)
    assert controller.visit()["changes"] == []


def test_once_it_is_no_accepted_risk_any_more_it_is_encrypted(bench: Bench) -> None:
    state = with_data(clean())
    controller = Controller(bench, state, left_drives=[name_of(state, "D:")])
    controller.nights()
    assert volume(state, "D:")["conversion"] == 0
    controller.wish = {}
    controller.nights()
    assert is_protected(state, "D:", 2, 3)


STARTS: dict[str, tuple[Callable[[], State], tuple[int, ...]]] = {
    "a TPM": (lambda: encrypted(TPM, OLD_KEY), (1, 3)),
    "a TPM beside its PIN": (lambda: encrypted(TPM, PIN, OLD_KEY), (1, 3, 4)),
    "a stick": (lambda: encrypted(STICK, OLD_KEY, NETWORK), (2, 3, 9)),
    "a password": (lambda: encrypted({**STICK, "type": 8}, OLD_KEY), (3, 8)),
}


@pytest.mark.parametrize("what", STARTS)
def test_what_is_asked_at_a_start_stays_and_what_else_is_wrong_is_put_right(bench: Bench, what: str) -> None:
    make, types = STARTS[what]
    state = pin(make())
    settled = copy.deepcopy(state)
    said = bench.change(state, kept=[OLD_KEY["id"]], options=["remove_strangers"], **LEFT)
    assert said["changes"] == [] and said["outcome"]["needs"] == said["outcome"]["refusals"] == [], said["outcome"]
    assert state == settled
    volume_time.system(state).update(clear_key=True, suspended=0)
    assert bench.change(state, kept=[OLD_KEY["id"]], **LEFT)["changes"] == ["EnableKeyProtectors"]
    assert is_protected(state, "C:", *types)
    volume_time.system(state).update(conversion=4, percentage=60)
    assert bench.change(state, kept=[OLD_KEY["id"]], **LEFT)["changes"] == ["ResumeConversion"]


def test_protection_is_not_switched_on_over_nothing_but_a_recovery_password(bench: Bench) -> None:
    state = encrypted(OLD_KEY, clear_key=True, suspended=0)
    said = bench.change(state, kept=[OLD_KEY["id"]], **LEFT)
    assert said["changes"] == [] and said["outcome"]["notes"] == [
        "C: its key lies in clear, since nothing would open it at a start"
    ]


def test_a_recovery_password_of_a_stranger_goes_all_the_same(bench: Bench) -> None:
    theirs = {**OLD_KEY, "id": "{AAAAAAAA-0000-4000-8000-0000000000FF}"}
    state = encrypted(TPM, OLD_KEY, theirs)
    said = bench.change(state, kept=[OLD_KEY["id"]], options=["remove_strangers"], **LEFT)
    assert said["changes"] == ["DeleteKeyProtector"] and is_protected(state, "C:", 1, 3)


def test_a_volume_in_clear_has_no_start_that_could_stay(bench: Bench) -> None:
    """What was accepted of it the controller says by `protector`."""
    controller = Controller(bench, clean(), left_start=True)
    controller.nights()
    assert is_protected(controller.state, "C:", 1, 3)


def test_without_a_tpm_one_that_is_protected_by_a_stick_is_no_refusal(bench: Bench) -> None:
    state = encrypted(STICK, OLD_KEY)
    state["namespaces"][volume_time.TPM_NAMESPACE]["Win32_Tpm"] = []
    refused = bench.change(state, kept=[OLD_KEY["id"]])
    assert "Windows sees no TPM" in refused["outcome"]["refusals"][0]
    said = bench.change(state, kept=[OLD_KEY["id"]], left_start=True)
    assert said["outcome"]["refusals"] == [] and said["changes"] == []


def test_a_preview_asks_for_no_pin(bench: Bench) -> None:
    state = pin(encrypted(TPM, OLD_KEY))
    device = bench.asked(state)
    device.check = True
    wish = {"protector": "tpm-and-pin", "method": 7, "kept": [OLD_KEY["id"]], "preview": True, "left_start": True}
    plan = device.ask("survey", wish=wish)["plan"]
    assert plan["needs"] == plan["done"] == plan["refusals"] == []
    plan = device.ask("survey", wish={**wish, "left_start": False})["plan"]
    assert [one["kind"] for one in plan["needs"]] == ["pin"]
