"""A school reopens under another URN: recovery passwords of its laptops that are kept under the old one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from leeboard.escrow.vault import controller_state
from leeboard.escrow.vault.device_records import records_of
from leeboard.escrow.vault.records import State
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.suspending import Suspension
from leeboard.model.device import device
from leeboard.model.observation import Found
from tests.unit.escrow.bitlocker_controller import DEVICE, WindowsController, clear, looked_after
from tests.unit.escrow.test_bitlocker_readings import night
from tests.unit.escrow.test_bitlocker_suspending import protection
from tests.unit.escrow.vaults import a_vault

OLD, NEW = DEVICE.urn, "900009"
ACADEMY = DEVICE.model_copy(update={"urn": NEW, "school": "Hill Academy", "predecessors": (OLD,)})
FIRMWARE = Suspension(1, "firmware")


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with a_vault(tmp_path) as made:
        yield made


@pytest.fixture
def controller(vault: Vault) -> WindowsController:
    """A laptop that was looked after under the old URN, and has the new one since."""
    made = looked_after(vault)
    made.registered = ACADEMY
    return made


def faults(controller: WindowsController, address: str) -> list[str]:
    aspect = night(controller)[address]
    assert isinstance(aspect, Found) and isinstance(aspect.value, list)
    return [fault for text in aspect.value for fault in json.loads(text)["faults"]]


def new_keys(controller: WindowsController) -> tuple[State, ...]:
    return tuple(key.state for key in controller_state.records(controller.vault.var, NEW, DEVICE.asset).keys)


def test_what_is_kept_under_the_old_urn_counts_and_nothing_is_changed(controller: WindowsController) -> None:
    lines = controller.lines()
    for address in ("escrowed", "protectors", "rotated"):
        assert faults(controller, address) == [], address
    escrowed = night(controller)["escrowed"]
    assert isinstance(escrowed, Found) and isinstance(escrowed.value, list)
    for text, key in zip(escrowed.value, controller.kept.keys, strict=True):
        assert f"key {key.id} is its recovery password {key.protector}" in text
        assert f"it is kept under {OLD}, the URN that the school had before" in text
    outcome = controller.run()
    assert not outcome.changed and outcome.failed == []
    assert controller.lines() == lines and new_keys(controller) == ()


def test_its_successor_is_kept_under_the_new_urn_and_it_is_retired_under_its_own(controller: WindowsController) -> None:
    old = controller.kept.keys[0]
    controller.read_out(old)
    assert f"key {old.id} was read out at" in faults(controller, "rotated")[0]
    assert controller.run().changed
    assert controller.states() == [State.RETIRED, State.COMPARED] and new_keys(controller) == (State.COMPARED,)
    assert [line["urn"] for line in controller.lines()[-3:]] == [NEW, NEW, OLD]
    assert faults(controller, "rotated") == faults(controller, "protectors") == faults(controller, "escrowed") == []
    assert not controller.run().changed


def test_without_the_old_urn_in_the_inventory_nobody_knows_them(controller: WindowsController) -> None:
    controller.registered = ACADEMY.model_copy(update={"predecessors": ()})
    assert [fault.rpartition(" ")[0] for fault in faults(controller, "protectors")] == [
        "nobody here knows its recovery password"
    ] * 2
    assert faults(controller, "escrowed") == ["no recovery password that is in it is kept"] * 2


def test_another_machine_with_its_tag_in_the_old_school_has_nothing_of_it(vault: Vault) -> None:
    broken = WindowsController(vault, clear())
    broken.run()
    broken.device.restart(passes=False)
    broken.run()
    assert State.UNUSED in broken.states()
    lines = broken.lines()
    other = WindowsController(vault, clear())
    other.registered = ACADEMY
    assert other.run().failed == [] and other.device.wishes[-1]["test_failed"] is False
    assert {line["urn"] for line in other.lines()[len(lines) :]} == {NEW}
    broken.registered = ACADEMY
    broken.run()
    assert broken.device.wishes[-1]["test_failed"] is True, "of this one the failure is known under the new URN too"


def test_a_window_that_was_opened_under_the_old_urn_is_honoured_and_noted_as_over(vault: Vault) -> None:
    controller = looked_after(vault)
    controller.suspend(FIRMWARE)
    controller.registered = ACADEMY
    assert protection(controller)[0] == "pending"
    assert not controller.run().changed and controller.device.drive("C:").suspended == 1
    controller.device.restart()
    controller.run()
    (over,) = (line for line in controller.lines() if line["event"] == "resumed")
    assert (over["urn"], over["reason"]) == (OLD, "its protection is on again")
    assert protection(controller)[0] == "compliant"
    controller.suspend(FIRMWARE)
    assert [one.disk for one in records_of(vault.var, ACADEMY).windows] == [over["disk"]] * 2
    assert protection(controller)[0] == "pending", "the window under the new URN is the one that counts"


@pytest.mark.parametrize(
    ("stated", "found"),
    [([OLD, "900008"], (OLD, "900008")), (None, ()), (OLD, ()), ([900001, "9", OLD], (OLD,))],
)
def test_a_device_knows_the_earlier_urns_of_its_school(stated: object, found: tuple[str, ...]) -> None:
    variables = {
        "leeboard_urn": NEW, "leeboard_platform": "windows", "leeboard_form": "portable", "leeboard_role": "office",
        "leeboard_level": "standard", "leeboard_predecessors": stated,
    }  # fmt: skip
    made = device("EP-0001", variables, ())
    assert made.predecessors == found
    assert "predecessors" not in made.model_dump(mode="json"), "evidence of a device has what it is today"
