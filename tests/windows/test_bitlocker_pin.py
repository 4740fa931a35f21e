"""A PIN of BitLocker by the action: each device's own, from the inventory's vault or typed; one for many is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leeboard.ansible import secret_handover

from .bitlocker_bench import Bench, volume
from .test_bitlocker_action import PIN_POLICY, Controller, a_laptop_in_clear
from .wire.secrets import leaks

MINE, THEIRS = "19283746", "64738291"
ASKED = {"leeboard_disk_tpm": "tpm-and-pin"}


@pytest.fixture
def controller(bench: Bench, tmp_path: Path) -> Iterator[Controller]:
    with a_laptop_in_clear(bench, tmp_path) as made:
        yield made


def types(one: Controller) -> set[int]:
    return {protector["type"] for protector in volume(one.device.state)["protectors"]}


def inventory(theirs: Any) -> dict[str, Any]:
    """office-1 in a school with another device, which has this PIN; None for none."""
    others = {"leeboard_disk_pin": theirs} if theirs is not None else {}
    return {
        "groups": {"all": ["office-1", "office-2"], "hill": ["office-1", "office-2"]}, "group_names": ["hill"],
        "hostvars": {"office-1": {}, "office-2": others},
    }  # fmt: skip


@pytest.mark.parametrize("theirs", [MINE, int(MINE)], ids=["text", "number"])
def test_one_pin_for_a_school_is_refused_and_the_rest_goes_on(controller: Controller, theirs: Any) -> None:
    controller.device.state["policy"] = dict(PIN_POLICY)
    outcome = controller.roll_out(leeboard_disk_pin=MINE, **ASKED, **inventory(theirs))
    assert "leeboard_disk_pin is that of office-2 too, and a PIN is of one device" in " ".join(outcome["warnings"])
    assert types(controller) == {3} and len(controller.keys) == 1, "its password is kept, and it waits for its PIN"
    assert volume(controller.device.state)["hardware_test"] == 0
    assert not leaks(MINE, *controller.said)


@pytest.mark.parametrize("theirs", [THEIRS, None])
def test_a_pin_of_its_own_is_set(controller: Controller, theirs: Any) -> None:
    controller.device.state["policy"] = dict(PIN_POLICY)
    assert not controller.roll_out(leeboard_disk_pin=MINE, **ASKED, **inventory(theirs))["failed"]
    assert types(controller) == {3, 4}


def test_what_was_typed_for_this_device_comes_before_the_schools(controller: Controller) -> None:
    controller.device.state["policy"] = dict(PIN_POLICY)
    with secret_handover.handed({"leeboard_disk_pin": THEIRS}) as path:
        outcome = controller.roll_out(
            leeboard_disk_pin=MINE, **{secret_handover.VARIABLE: path}, **ASKED, **inventory(MINE)
        )
    assert not outcome["failed"] and types(controller) == {3, 4}
    assert not leaks(THEIRS, *controller.said) and not leaks(MINE, *controller.said)


@pytest.mark.parametrize(
    ("typed", "asked", "words"),
    [
        (MINE, {}, "no PIN is asked for at a start of this device, so none was set"),
        ("1234", ASKED, "leeboard_disk_pin must have 6 to 64 characters"),
        ("letters", ASKED, "has other characters than digits"),
    ],
)
def test_what_was_typed_and_cannot_be_set_changes_nothing(
    controller: Controller,
    typed: str,
    asked: dict[str, str],
    words: str,
) -> None:
    with secret_handover.handed({"leeboard_disk_pin": typed}) as path:
        outcome = controller.roll_out(**{secret_handover.VARIABLE: path}, **asked)
    assert outcome["failed"] and words in outcome["msg"] and typed not in outcome["msg"]
    assert controller.steps == [] and controller.keys == () and types(controller) == set()
