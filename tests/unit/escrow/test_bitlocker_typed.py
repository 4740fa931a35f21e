"""A recovery password that was typed at a device: what a nightly check saw is changed by a roll-out months later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from leeboard.escrow.vault.records import State
from leeboard.escrow.volumes import typed
from leeboard.escrow.volumes.readings import of_escrow
from leeboard.model.observation import Aspect, Found, Observation, Reading
from tests.unit.escrow.bitlocker_controller import WindowsController, looked_after
from tests.unit.escrow.test_bitlocker_readings import shown, wanted
from tests.unit.escrow.vaults import a_vault


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[WindowsController]:
    with a_vault(tmp_path) as made:
        yield looked_after(made)


def rotated(controller: WindowsController, used: tuple[str, ...]) -> list[list[str]]:
    """What a nightly check finds wrong with each volume's key, where the device's events name these."""
    texts = []
    for volume in shown(controller.device):
        said = json.loads(volume.model_dump_json())
        if volume.kind == 0:
            said["kept"] = {"used": list(used)}
        texts.append(json.dumps(said))
    effective: Aspect = Found(state="value", value=texts, source="device")
    reading = Reading(driver="bitlocker_volume", address="volumes", effective=effective)
    observation = Observation.model_construct(readings=(reading,))
    taken = of_escrow(observation, wanted(device=controller.registered), controller.vault.var)
    (aspect,) = (one.effective for one in taken if one.address == "rotated")
    assert isinstance(aspect, Found) and isinstance(aspect.value, list)
    return [json.loads(text)["faults"] for text in aspect.value]


def test_what_one_night_saw_is_changed_when_the_events_are_long_gone(controller: WindowsController) -> None:
    key = next(one for one in controller.kept.keys if one.state is State.COMPARED)
    before = controller.lines()
    said = [f"key {key.id} was typed at the device, as its events said"]
    for used in ((key.protector,), (), ()):
        assert rotated(controller, used) == [said, []]
    assert controller.lines() == before, "a check writes to no vault"
    preview = controller.run(dry=True)
    assert any(
        f"key {key.id} was typed at the device: a recovery password is to be made" in one for one in preview.done
    )
    assert controller.lines() == before
    assert controller.run().changed
    (used_line,) = [line for line in controller.lines()[len(before) :] if line["event"] == "used"]
    assert (used_line["key"], used_line["reason"]) == (key.id, "it was typed at the device")
    controller.whole()
    assert rotated(controller, ()) == [[], []] and not controller.run().changed
    assert typed.remembered(controller.vault.var, controller.registered) == frozenset(), "the ledger has it by now"


def test_one_that_was_typed_and_could_not_be_changed_stays_known(controller: WindowsController) -> None:
    key = next(one for one in controller.kept.keys if one.state is State.COMPARED)
    rotated(controller, (key.protector,))
    controller.device.code = 1
    assert "the device did not take key" in controller.run().failed[0]
    controller.device.code = 0
    assert f"key {key.id} was typed at the device, as we heard at" in rotated(controller, ())[0][0]
    assert controller.run().changed and rotated(controller, ()) == [[], []]


def test_a_device_fills_no_file_with_what_it_says(controller: WindowsController) -> None:
    strangers = tuple(f"{{AAAAAAAA-0000-4000-8000-{one:012}}}" for one in range(100))
    assert rotated(controller, strangers) == [[], []]
    assert not (controller.vault.var / typed.FOLDER).exists()


@pytest.mark.parametrize("content", [b"", b"{", b"3", b'{"a": 1}', b'["' + b"x" * 70000 + b'"]'])
def test_a_note_that_makes_no_sense_is_none_and_is_made_again(controller: WindowsController, content: bytes) -> None:
    key = next(one for one in controller.kept.keys if one.state is State.COMPARED)
    rotated(controller, (key.protector,))
    (path,) = (controller.vault.var / typed.FOLDER).rglob("*.json")
    path.write_bytes(content)
    assert rotated(controller, ()) == [[], []]
    assert len(rotated(controller, (key.protector,))[0]) == 1 and len(rotated(controller, ())[0]) == 1
